/* text.h: bounded buffers and the encodings of the wire. Private. */
#ifndef ZUORA_TEXT_H
#define ZUORA_TEXT_H

#include "memory.h"
#include "zuora.h"

/* A growing string that never holds more than `limit` bytes. `failed` is
 * sticky: after ZUORA_ARGUMENT (over the limit) or ZUORA_MEMORY all further
 * additions do nothing, so that one check follows many of them. `data` is NULL
 * or ends with a NUL that `size` does not count. */
typedef struct zuora_text {
  char *data;
  size_t size, capacity, limit;
  zuora_code failed;
} zuora_text;

void zuora__text_init(zuora_text *text, size_t limit);
void zuora__text_add(zuora_text *text, const char *data, size_t size);
void zuora__text_put(zuora_text *text, const char *string);
/* Everything but RFC 3986's unreserved characters becomes %XX. */
void zuora__text_add_percent(zuora_text *text, const char *data, size_t size);
/* A JSON string with its quotes. Bytes above 127 pass as they are. */
void zuora__text_add_json(zuora_text *text, const char *data, size_t size);
/* How many lines, each with a NUL after it, it holds. */
size_t zuora__text_lines(const zuora_text *text);
/* Empties it, keeping the memory, which is overwritten first. */
void zuora__text_wipe(zuora_text *text);
/* Empties it, keeping the memory. */
void zuora__text_clear(zuora_text *text);
/* Wipes and frees it; it may be used again. */
void zuora__text_free(zuora_text *text);

/* memset that no optimizer takes out. */
void zuora__wipe(void *data, size_t size);

/* The byte that no header value may hold (control characters, DEL), or -1. */
int zuora__header_fault(const char *data, size_t size);
/* Whether these bytes are a header name (RFC 9110 token). */
int zuora__is_token(const char *data, size_t size);
/* Whether `size` bytes are `string`, letters of either case being equal. */
int zuora__same(const char *data, size_t size, const char *string);

/* Copies; returns 1. What has more than capacity - 1 bytes, or one that is not
 * printable ASCII, is not copied at all; returns 0. */
int zuora__copy_printable(char *out, size_t capacity, const char *data,
                          size_t size);

/* Finds the member `name` of the JSON object that `json` is as a whole and
 * copies its value, a string unescaped or a number as written. Returns 1 when
 * found, 0 when not, too long, another kind of value, or no object; what `out`
 * then holds, such as the start of a string that is too long, ends with a NUL,
 * too. */
int zuora__json_member(char *out, size_t capacity, const char *json,
                       size_t size, const char *name);

#endif
