/* request.h: an operation and its values, made into what is sent. Private. */
#ifndef ZUORA_REQUEST_H
#define ZUORA_REQUEST_H

#include "origin.h"
#include "text.h"

/* Where all requests of an engine go. */
typedef struct zuora_base {
  zuora_origin origin;
  char url[ZUORA_ORIGIN_SIZE + 260]; /* origin and prefix, no slash at end */
} zuora_base;

struct zuora_request {
  const zuora_operation *operation;
  const char *method;
  zuora_text url, headers, body; /* headers: lines with a NUL after each */
  int writes, keyed, names_entity;
};

/* Checks and keeps a base URL; `parameter` of an error is "base_url". */
zuora_code zuora__base_read(zuora_base *base, const char *url,
                            int allow_insecure, zuora_error *error);

void zuora__request_init(zuora_request *request);
void zuora__request_free(zuora_request *request);
/* Makes it fresh, keeping the memory. */
void zuora__request_clear(zuora_request *request);

/* Checks one value against its rule. */
zuora_code zuora__value_check(const zuora_parameter *parameter,
                              const zuora_value *value, zuora_error *error);

/* Checks all of an operation's values, each and against each other. */
zuora_code zuora__values_check(const zuora_operation *operation,
                               const zuora_value *values, zuora_error *error);

/* Checks a header that is given by its own name. */
zuora_code zuora__header_check(const zuora_operation *operation,
                               const zuora_parameter *parameter,
                               const zuora_value *name,
                               const zuora_value *value, zuora_error *error);

/* Builds; the request must be fresh. */
zuora_code zuora__request_build(zuora_request *request, const zuora_base *base,
                                const zuora_operation *operation,
                                const zuora_value *values, zuora_error *error);

/* See zuora_exchange_add. */
zuora_code zuora__request_add(zuora_request *request,
                              const zuora_parameter *parameter,
                              const zuora_value *name, const zuora_value *value,
                              zuora_error *error);

/* Sets code, parameter and message; returns the code. */
zuora_code zuora__fail(zuora_error *error, zuora_code code,
                       const char *parameter, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* gzip.c: replaces the text by its gzip form. */
zuora_code zuora__gzip(zuora_text *text);

#endif
