/* The ZSession cookie: what is kept stood in the header as it is, and can be
 * sent back as it is. */
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char name[] = "Set-Cookie: ";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  zuora_response response;
  size_t length = sizeof name - 1, n;
  char *line = malloc(length + size);
  CHECK(line);
  memcpy(line, name, length);
  if (size)
    memcpy(line + length, data, size);
  memset(&response, 0, sizeof response);
  zuora_response_clear(&response);
  zuora_response_read(&response, line, length + size);
  check_response(&response);
  n = strlen(response.session);
  if (n > 0) {
    const char *found;
    line[length + size - 1] = '\0';
    found = strstr(line, "ZSession=");
    CHECK(found && !memcmp(found + 9, response.session, n - 1));
    CHECK(zuora__header_fault(response.session, n) < 0);
  }
  zuora_response_clear(&response);
  CHECK(!response.session[0]);
  free(line);
  return 0;
}
