#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void zuora__wipe(void *data, size_t size)
{
  volatile unsigned char *byte = data;
  while (size--)
    *byte++ = 0;
}

void zuora__text_init(zuora_text *text, size_t limit)
{
  memset(text, 0, sizeof *text);
  text->limit = limit;
}

/* Room for `size` more bytes and the NUL. The old block is copied by hand, not
 * by realloc, since it may hold a secret that must not stay behind. */
static int reserve(zuora_text *text, size_t size)
{
  size_t capacity = text->capacity ? text->capacity : 128;
  char *data;
  if (text->failed)
    return 0;
  if (size > text->limit - text->size) {
    text->failed = ZUORA_ARGUMENT;
    return 0;
  }
  if (text->size + size < text->capacity)
    return 1;
  while (capacity <= text->size + size)
    capacity *= 2;
  data = malloc(capacity);
  if (!data) {
    text->failed = ZUORA_MEMORY;
    return 0;
  }
  if (text->data) {
    memcpy(data, text->data, text->size);
    zuora__wipe(text->data, text->size);
    free(text->data);
  }
  text->data = data;
  text->capacity = capacity;
  return 1;
}

void zuora__text_add(zuora_text *text, const char *data, size_t size)
{
  if (!reserve(text, size))
    return;
  if (size)
    memcpy(text->data + text->size, data, size);
  text->size += size;
  text->data[text->size] = '\0';
}

void zuora__text_put(zuora_text *text, const char *string)
{
  zuora__text_add(text, string, strlen(string));
}

static int is_unreserved(unsigned char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void zuora__text_add_percent(zuora_text *text, const char *data, size_t size)
{
  static const char digits[] = "0123456789ABCDEF";
  size_t i;
  for (i = 0; i < size && !text->failed; i++) {
    unsigned char c = (unsigned char)data[i];
    char code[3];
    if (is_unreserved(c)) {
      zuora__text_add(text, data + i, 1);
      continue;
    }
    code[0] = '%';
    code[1] = digits[c >> 4];
    code[2] = digits[c & 15];
    zuora__text_add(text, code, 3);
  }
}

void zuora__text_add_json(zuora_text *text, const char *data, size_t size)
{
  size_t i;
  zuora__text_put(text, "\"");
  for (i = 0; i < size && !text->failed; i++) {
    unsigned char c = (unsigned char)data[i];
    char code[8];
    if (c == '"' || c == '\\') {
      zuora__text_put(text, "\\");
      zuora__text_add(text, data + i, 1);
    } else if (c < 32 || c == 127) {
      snprintf(code, sizeof code, "\\u%04x", c);
      zuora__text_put(text, code);
    } else {
      zuora__text_add(text, data + i, 1);
    }
  }
  zuora__text_put(text, "\"");
}

void zuora__text_add_integer(zuora_text *text, double number)
{
  char digits[32];
  snprintf(digits, sizeof digits, "%.0f", number);
  zuora__text_put(text, digits);
}

void zuora__text_clear(zuora_text *text)
{
  text->size = 0;
  text->failed = ZUORA_OK;
  if (text->data)
    text->data[0] = '\0';
}

void zuora__text_wipe(zuora_text *text)
{
  if (text->data)
    zuora__wipe(text->data, text->size);
  zuora__text_clear(text);
}

void zuora__text_free(zuora_text *text)
{
  zuora__text_wipe(text);
  free(text->data);
  zuora__text_init(text, text->limit);
}

int zuora__header_fault(const char *data, size_t size)
{
  size_t i;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c < 32 || c == 127)
      return c;
  }
  return -1;
}

int zuora__is_token(const char *data, size_t size)
{
  size_t i;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c <= 32 || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c))
      return 0;
  }
  return size > 0;
}

static char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int zuora__same(const char *data, size_t size, const char *string)
{
  size_t i;
  for (i = 0; i < size; i++)
    if (!string[i] || lower(data[i]) != lower(string[i]))
      return 0;
  return !string[size];
}

void zuora__copy_printable(char *out, size_t capacity, const char *data,
                           size_t size)
{
  size_t i, n = 0;
  for (i = 0; i < size && n + 1 < capacity; i++)
    if (data[i] >= 32 && data[i] < 127)
      out[n++] = data[i];
  out[n] = '\0';
}
