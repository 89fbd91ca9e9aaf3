/* One member of a flat JSON object: the first byte picks the room for it. */
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char *const names[] = {"access_token", "expires_in", "scope", ""};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  size_t capacity = (size_t)take_byte(&in) + 1, length = 0, i;
  char *json = take_field(&in, &length);
  char *out = malloc(capacity), *again = malloc(capacity);
  CHECK(out && again);
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    zuora_text text;
    if (!zuora__json_member(out, capacity, json, length, names[i]))
      continue;
    CHECK(memchr(out, '\0', capacity));
    zuora__text_init(&text, 4096);
    zuora__text_put(&text, "{ \"x\" : \"\\\"\", ");
    zuora__text_add_json(&text, names[i], strlen(names[i]));
    zuora__text_put(&text, ":");
    zuora__text_add_json(&text, out, strlen(out));
    zuora__text_put(&text, "}");
    CHECK(!text.failed);
    CHECK(zuora__json_member(again, capacity, text.data, text.size, names[i]));
    CHECK(!strcmp(out, again));
    zuora__text_free(&text);
  }
  free(out);
  free(again);
  forget_fields();
  return 0;
}
