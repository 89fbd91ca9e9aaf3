/* Any bytes as an answer, through the engine and libcurl. First byte: which
 * call. */
#include <string.h>

#include "common.h"
#include "wire.h"

static const char secret[] = "secret-of-the-token";

enum { MOST = 4096 };

static zuora_engine *open_engine(void)
{
  zuora_engine_options options;
  zuora_engine *engine;
  zuora_error error;
  zuora_engine_options_init(&options);
  options.base_url = "http://127.0.0.1:9";
  options.proxy = "";
  options.max_body = MOST;
  CHECK(!zuora_engine_new(&engine, &options, &error));
  CHECK(!zuora_engine_set_secret(engine, ZUORA_ACCESS_TOKEN, secret,
                                 sizeof secret - 1, &error));
  return engine;
}

static zuora_exchange *make_call(zuora_engine *engine, int which)
{
  static const char *const names[] = {"connections.list", "connections.accept",
                                      "connections.initiate", "entities.list"};
  zuora_value values[ZUORA_PARAMETERS];
  zuora_exchange *x;
  zuora_error error;
  memset(values, 0, sizeof values);
  values[0].data = "inbound";
  values[0].size = 7;
  values[0].present = (which & 3) != 3;
  CHECK(!zuora_exchange_new(&x, engine, zuora_operation_find(names[which & 3]),
                            values, &error));
  return x;
}

static void check_end(zuora_exchange *x)
{
  const zuora_error *error = zuora_exchange_error(x);
  zuora_attempt attempt;
  zuora_policy policy;
  zuora_decision decision;
  zuora_grant grant;
  zuora_error other;
  size_t size;
  zuora_exchange_body(x, &size);
  CHECK(size <= MOST);
  check_response(zuora_exchange_response(x));
  if (error->code)
    check_error(error);
  else
    CHECK(zuora_exchange_response(x)->status >= 100);
  CHECK(zuora_exchange_sent(x));
  zuora_policy_init(&policy);
  zuora_exchange_attempt(&attempt, x);
  zuora_decide(&decision, &attempt, &policy);
  if (error->code)
    CHECK(decision.effect == ZUORA_UNCERTAIN);
  CHECK(!strstr(error->message, secret));
  if (zuora_exchange_keep(x, ZUORA_SESSION, &grant, &other))
    check_error(&other);
  if (zuora_exchange_keep(x, ZUORA_ACCESS_TOKEN, &grant, &other))
    check_error(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  zuora_engine *engine = open_engine();
  zuora_exchange *x = make_call(engine, size ? data[0] : 0);
  zuora_error error;
  int rounds = 0, ended;
  wire_answer(data + (size > 0), size - (size > 0));
  CHECK(!zuora_exchange_submit(x, ZUORA_SIGN_TOKEN, 0, 10, &error));
  while (!zuora_exchange_done(x) && rounds++ < 1000)
    CHECK(!zuora_engine_step(&ended, engine, 1));
  CHECK(zuora_exchange_done(x));
  check_end(x);
  CHECK(!(zuora_exchange_request(x)->writes && wire_count() > 1));
  zuora_exchange_free(x);
  zuora_engine_free(engine);
  wire_close();
  return 0;
}
