/* support.h: what the tests of the core share. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zuora.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

zuora_value string_value(const char *string);
zuora_value bytes_value(const char *data, size_t size);
zuora_value number_value(double number);

/* A call: the row of that name, no value given yet. */
typedef struct call {
  const zuora_operation *operation;
  zuora_value values[ZUORA_PARAMETERS];
} call;

call call_of(const char *operation);
/* The parameter of that name of the call's operation; there must be one. */
const zuora_parameter *parameter_of(const call *c, const char *name);
void give(call *c, const char *name, zuora_value value);

/* Writes the characters of `text`, without a NUL. */
void lay(char *out, const char *text);

/* That an error says so; `message` may be a part of what it says. */
void check_error(const zuora_error *error, zuora_code code,
                 const char *parameter, const char *message);

/* An engine of that base URL that must be made. */
zuora_engine *engine_of(const char *base_url);
/* An exchange of the call that must be made. */
zuora_exchange *exchange_of(zuora_engine *engine, const call *c);
/* Submits it, unsigned. */
void submit(zuora_exchange *exchange);
/* Steps until it has ended, which must be soon. */
void carry(zuora_engine *engine, zuora_exchange *exchange);
/* Both; that it ended with `code`. */
void carried(zuora_engine *engine, zuora_exchange *exchange, zuora_code code);

#endif
