/* common.h: what the fuzz targets share. A target reads fields out of its
 * input, hands them over in blocks of just their size, so that a byte read too
 * far is seen, and checks what must hold whatever they are. */
#ifndef FUZZ_COMMON_H
#define FUZZ_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "request.h"
#include "response.h"

/* libFuzzer's name for a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                       \
  ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
__attribute__((noreturn)) void check_failed(const char *condition,
                                            const char *file, int line);

typedef struct input {
  const uint8_t *at, *end;
} input;

input input_of(const uint8_t *data, size_t size);
/* The next byte, 0 at the end. */
int take_byte(input *in);
/* The bytes up to the next 0xFF or the end, which is skipped. Freed by
 * forget_fields. */
char *take_field(input *in, size_t *size);
/* The same with a NUL at the end; NULs inside become blanks. */
char *take_string(input *in);
void forget_fields(void);

/* Whether a string holds nothing but 32 to 126. */
int is_printable(const char *text);
/* That an error may be shown: printable, ended. */
void check_error(const zuora_error *error);
/* That the head of an answer keeps what zuora.h says of it. */
void check_response(const zuora_response *response);

/* The host, "host:port" in small letters, of a URL as libcurl reads it, into
 * `out`; 0 when it reads none, or a user, or another scheme than http(s). */
int host_of(char *out, size_t capacity, const char *url);

#endif
