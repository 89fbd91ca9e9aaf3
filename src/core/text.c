#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

/* Through a pointer that the optimizer may not look behind. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void zuora__wipe(void *data, size_t size)
{
  fill(data, 0, size);
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
  size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
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
  data = zuora__malloc(capacity);
  if (!data) {
    text->failed = ZUORA_MEMORY;
    return 0;
  }
  if (text->data) {
    memcpy(data, text->data, text->size);
    zuora__wipe(text->data, text->size);
    zuora__free(text->data);
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

/* The bytes at the start that stand for themselves. */
static size_t plain_percent(const unsigned char *data, size_t size)
{
  size_t n = 0;
  while (n < size && ((data[n] >= 'a' && data[n] <= 'z') ||
                      (data[n] >= '0' && data[n] <= '9') ||
                      (data[n] >= 'A' && data[n] <= 'Z') || data[n] == '-' ||
                      data[n] == '.' || data[n] == '_' || data[n] == '~'))
    n++;
  return n;
}

void zuora__text_add_percent(zuora_text *text, const char *data, size_t size)
{
  static const char digits[] = "0123456789ABCDEF";
  while (!text->failed) {
    size_t n = plain_percent((const unsigned char *)data, size);
    char code[3];
    zuora__text_add(text, data, n);
    if (n == size)
      return;
    code[0] = '%';
    code[1] = digits[(unsigned char)data[n] >> 4];
    code[2] = digits[(unsigned char)data[n] & 15];
    zuora__text_add(text, code, 3);
    data += n + 1;
    size -= n + 1;
  }
}

static size_t plain_json(const unsigned char *data, size_t size)
{
  size_t n = 0;
  while (n < size && data[n] >= 32 && data[n] != 127 && data[n] != '"' &&
         data[n] != '\\')
    n++;
  return n;
}

void zuora__text_add_json(zuora_text *text, const char *data, size_t size)
{
  zuora__text_put(text, "\"");
  while (!text->failed) {
    size_t n = plain_json((const unsigned char *)data, size);
    unsigned char c;
    char code[8];
    zuora__text_add(text, data, n);
    if (n == size)
      break;
    c = (unsigned char)data[n];
    snprintf(code, sizeof code, c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
    zuora__text_put(text, code);
    data += n + 1;
    size -= n + 1;
  }
  zuora__text_put(text, "\"");
}

size_t zuora__text_lines(const zuora_text *text)
{
  size_t at, count = 0;
  for (at = 0; at < text->size; at += strlen(text->data + at) + 1)
    count++;
  return count;
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
  zuora__free(text->data);
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
    if (!string[i] ||
        (data[i] != string[i] && lower(data[i]) != lower(string[i])))
      return 0;
  return !string[size];
}

/* Eight bytes at a time: where none has its top bit set, taking 32 away or
 * adding 1 sets it in those that are not printable. */
static int is_printable(const char *data, size_t size)
{
  const uint64_t ones = 0x0101010101010101U;
  size_t n = 0;
  uint64_t eight;
  for (; size - n >= sizeof eight; n += sizeof eight) {
    memcpy(&eight, data + n, sizeof eight);
    if ((eight | (eight - 32 * ones) | (eight + ones)) & (128 * ones))
      return 0;
  }
  while (n < size && data[n] >= 32 && data[n] < 127)
    n++;
  return n == size;
}

int zuora__copy_printable(char *out, size_t capacity, const char *data,
                          size_t size)
{
  int whole = size < capacity && is_printable(data, size);
  if (whole)
    memcpy(out, data, size);
  out[whole ? size : 0] = '\0';
  return whole;
}
