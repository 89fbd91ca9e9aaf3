#include "scene.h"

#include <stdlib.h>

scene_state scene;

int scene_open(void **state)
{
  (void)state;
  memset(&scene, 0, sizeof scene);
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  unsetenv("NO_PROXY");
  return 0;
}

int scene_close(void **state)
{
  (void)state;
  zuora_exchange_free(scene.x);
  zuora_engine_free(scene.engine);
  server_stop(scene.server);
  memset(&scene, 0, sizeof scene);
  return 0;
}

void arrange(const server_answer *answers, size_t count, int writes)
{
  call c = call_of(writes ? "connections.accept" : "connections.list");
  scene.server = server_start(answers, count);
  scene.engine = engine_of(server_url(scene.server));
  if (writes)
    give(&c, "connection_id", string_value("c1"));
  scene.x = exchange_of(scene.engine, &c);
}

void arrange_one(const char *bytes, server_end end, int writes)
{
  static server_answer answer;
  answer.bytes = bytes;
  answer.end = end;
  arrange(&answer, 1, writes);
}

void answered(const char *bytes, server_end end, zuora_code code)
{
  arrange_one(bytes, end, 0);
  carried(scene.engine, scene.x, code);
  server_stop(scene.server);
  scene.server = NULL;
}

void arrange_engine(const zuora_engine_options *options)
{
  call c = call_of("connections.list");
  zuora_exchange_free(scene.x);
  zuora_engine_free(scene.engine);
  scene.x = NULL;
  scene.engine = NULL;
  if (zuora_engine_new(&scene.engine, options, &scene.error))
    fail_msg("%s", scene.error.message);
  scene.x = exchange_of(scene.engine, &c);
}

const char *body_of(const zuora_exchange *exchange)
{
  size_t size;
  const char *body = zuora_exchange_body(exchange, &size);
  assert_int_equal(strlen(body), size);
  return body;
}

void begins(const char *text, const char *start)
{
  if (strncmp(text, start, strlen(start)) != 0)
    fail_msg("\"%.100s\" does not begin with \"%s\"", text, start);
}

int step(double seconds)
{
  int ended;
  assert_int_equal(zuora_engine_step(&ended, scene.engine, seconds), ZUORA_OK);
  return ended;
}

void until_seen(size_t count)
{
  double end = zuora_clock() + 30;
  while (server_requests(scene.server) < count && zuora_clock() < end)
    step(0.01);
  assert_int_equal(server_requests(scene.server), count);
}

void submit_with(zuora_exchange *exchange, double delay, double limit)
{
  assert_int_equal(zuora_exchange_submit(exchange, ZUORA_SIGN_NONE, delay,
                                         limit, &scene.error),
                   ZUORA_OK);
}

zuora_code code_of(const zuora_exchange *exchange)
{
  assert_true(zuora_exchange_done(exchange));
  return zuora_exchange_error(exchange)->code;
}
