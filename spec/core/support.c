#include "support.h"

zuora_value bytes_value(const char *data, size_t size)
{
  zuora_value value = {NULL, 0, 0, 1};
  value.data = data;
  value.size = size;
  return value;
}

zuora_value string_value(const char *string)
{
  return bytes_value(string, strlen(string));
}

zuora_value number_value(double number)
{
  zuora_value value = {NULL, 0, 0, 1};
  value.number = number;
  return value;
}

call call_of(const char *operation)
{
  call c;
  memset(&c, 0, sizeof c);
  c.operation = zuora_operation_find(operation);
  assert_non_null(c.operation);
  return c;
}

static size_t index_of(const call *c, const char *name)
{
  size_t i;
  for (i = 0; c->operation->parameters[i]; i++)
    if (!strcmp(c->operation->parameters[i]->name, name))
      return i;
  fail_msg("%s has no parameter %s", c->operation->name, name);
  return 0;
}

const zuora_parameter *parameter_of(const call *c, const char *name)
{
  return c->operation->parameters[index_of(c, name)];
}

void give(call *c, const char *name, zuora_value value)
{
  c->values[index_of(c, name)] = value;
}

void lay(char *out, const char *text)
{
  while (*text)
    *out++ = *text++;
}

void check_error(const zuora_error *error, zuora_code code,
                 const char *parameter, const char *message)
{
  assert_int_equal(error->code, code);
  if (parameter)
    assert_string_equal(error->parameter, parameter);
  else
    assert_null(error->parameter);
  if (!strstr(error->message, message))
    fail_msg("\"%s\" does not say \"%s\"", error->message, message);
}

zuora_engine *engine_of(const char *base_url)
{
  zuora_engine_options options;
  zuora_engine *engine;
  zuora_error error;
  zuora_engine_options_init(&options);
  options.base_url = base_url;
  options.timings = 1;
  assert_int_equal(zuora_engine_new(&engine, &options, &error), ZUORA_OK);
  return engine;
}

zuora_exchange *exchange_of(zuora_engine *engine, const call *c)
{
  zuora_exchange *x;
  zuora_error error;
  if (zuora_exchange_new(&x, engine, c->operation, c->values, &error))
    fail_msg("%s", error.message);
  return x;
}

void submit(zuora_exchange *exchange)
{
  zuora_error error;
  if (zuora_exchange_submit(exchange, ZUORA_SIGN_NONE, 0, 0, &error))
    fail_msg("%s", error.message);
}

void carry(zuora_engine *engine, zuora_exchange *exchange)
{
  double end = zuora_clock() + 30;
  int ended;
  while (!zuora_exchange_done(exchange) && zuora_clock() < end)
    assert_int_equal(zuora_engine_step(&ended, engine, 1), ZUORA_OK);
  assert_true(zuora_exchange_done(exchange));
}

void carried(zuora_engine *engine, zuora_exchange *exchange, zuora_code code)
{
  const zuora_error *error = zuora_exchange_error(exchange);
  submit(exchange);
  carry(engine, exchange);
  if (error->code != code)
    fail_msg("%s: %s", zuora_code_name(error->code), error->message);
}
