/* What an engine knows before it does anything. */
#include "engine.h"
#include "support.h"

#include <stdlib.h>

static zuora_engine *engine;
static zuora_error error;

static int setup(void **state)
{
  (void)state;
  memset(&error, 0, sizeof error);
  engine = engine_of("https://rest.zuora.com/");
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  zuora_engine_free(engine);
  return 0;
}

/* ---- options ------------------------------------------------------------ */

static void refuses_options(const zuora_engine_options *options,
                            zuora_code code, const char *parameter,
                            const char *message)
{
  zuora_engine *other = engine;
  assert_int_equal(zuora_engine_new(&other, options, &error), code);
  assert_null(other);
  check_error(&error, code, parameter, message);
}

static void options_have_defaults(void **state)
{
  zuora_engine_options o;
  (void)state;
  memset(&o, 0xff, sizeof o);
  zuora_engine_options_init(&o);
  assert_null(o.base_url);
  assert_null(o.user_agent);
  assert_null(o.ca_file);
  assert_null(o.proxy);
  assert_float_equal(o.connect_timeout, 10, 0);
  assert_float_equal(o.timeout, 130, 0);
  assert_int_equal(o.max_body, 64 * 1024 * 1024);
  assert_int_equal(o.max_concurrency, 32);
  assert_false(o.allow_insecure);
}

static void options_are_looked_at(void **state)
{
  char long_agent[1026] = {0};
  zuora_engine_options o;
  (void)state;
  zuora_engine_options_init(&o);
  refuses_options(&o, ZUORA_MISUSE, "base_url", "is required");
  o.base_url = "http://rest.zuora.com";
  refuses_options(&o, ZUORA_ARGUMENT, "base_url", "must be https");
  o.base_url = "https://rest.zuora.com";
  o.max_concurrency = 0;
  refuses_options(&o, ZUORA_ARGUMENT, "max_concurrency", "must be at least 1");
  o.max_concurrency = 1;
  memset(long_agent, 'a', sizeof long_agent - 1);
  o.user_agent = long_agent;
  refuses_options(&o, ZUORA_ARGUMENT, "user_agent", "longer than 1024 bytes");
  o.user_agent = "a\r\nHost: b";
  refuses_options(&o, ZUORA_ARGUMENT, "user_agent", "control characters");
}

static void strings_are_copied(void **state)
{
  char agent[] = "agent", file[] = "/ca", proxy[] = "http://p";
  char url[] = "https://rest.zuora.com";
  zuora_engine_options o;
  zuora_engine *other;
  (void)state;
  zuora_engine_options_init(&o);
  o.base_url = url;
  o.user_agent = agent;
  o.ca_file = file;
  o.proxy = proxy;
  assert_int_equal(zuora_engine_new(&other, &o, &error), ZUORA_OK);
  agent[0] = file[0] = proxy[0] = url[8] = 'x';
  assert_string_equal(other->user_agent, "agent");
  assert_string_equal(other->ca_file, "/ca");
  assert_string_equal(other->proxy, "http://p");
  assert_string_equal(zuora_engine_base_url(other), "https://rest.zuora.com");
  zuora_engine_free(other);
}

static void making_one_opens_nothing(void **state)
{
  int ended = 7;
  (void)state;
  assert_string_equal(zuora_engine_base_url(engine), "https://rest.zuora.com");
  assert_string_equal(engine->user_agent, "zuora/" ZUORA_VERSION);
  assert_int_equal(zuora_engine_fd(engine), -1);
  assert_float_equal(zuora_engine_timeout(engine), -1, 0);
  assert_int_equal(zuora_engine_busy(engine), 0);
  zuora_engine_cancel(engine);
  assert_int_equal(zuora_engine_step(&ended, engine, 0.01), ZUORA_OK);
  assert_int_equal(ended, 0);
  zuora_engine_free(NULL);
}

/* libcurl looks for these before each request, we once. */
static void a_proxy_may_stand_in_the_environment(void **state)
{
  static const char *const names[] = {"http_proxy", "https_proxy",
                                      "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  char proxy[] = "", other[] = "http://p";
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(names); i++)
    unsetenv(names[i]);
  assert_true(zuora__engine_direct(engine));
  for (i = 0; i < COUNT(names); i++) {
    setenv(names[i], "http://127.0.0.1:9", 1);
    assert_false(zuora__engine_direct(engine));
    unsetenv(names[i]);
  }
  engine->proxy = other;
  assert_false(zuora__engine_direct(engine));
  engine->proxy = proxy;
  setenv(names[0], "http://127.0.0.1:9", 1);
  assert_true(zuora__engine_direct(engine));
  unsetenv(names[0]);
  engine->proxy = NULL;
}

/* ---- secrets ------------------------------------------------------------ */

static zuora_code set_secret(zuora_secret secret, const char *value)
{
  return zuora_engine_set_secret(engine, secret, value, strlen(value), &error);
}

static void secrets_are_kept_and_forgotten(void **state)
{
  int i;
  (void)state;
  for (i = 1; i < ZUORA_SECRET_COUNT; i++) {
    zuora_secret secret = (zuora_secret)i;
    assert_false(zuora_engine_has_secret(engine, secret));
    assert_int_equal(set_secret(secret, "value"), ZUORA_OK);
    assert_true(zuora_engine_has_secret(engine, secret));
    assert_int_equal(set_secret(secret, ""), ZUORA_OK);
    assert_false(zuora_engine_has_secret(engine, secret));
  }
  assert_false(zuora_engine_has_secret(engine, ZUORA_SECRET_COUNT));
}

static void secrets_are_looked_at(void **state)
{
  char value[8193];
  (void)state;
  memset(value, 'x', sizeof value);
  assert_int_equal(
      zuora_engine_set_secret(engine, ZUORA_ACCESS_TOKEN, value, 8192, &error),
      ZUORA_OK);
  assert_int_equal(
      zuora_engine_set_secret(engine, ZUORA_ACCESS_TOKEN, value, 8193, &error),
      ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "access_token", "8192 bytes or hold");
  assert_int_equal(set_secret(ZUORA_CLIENT_SECRET, "a\r\nb"), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "client_secret", "control characters");
  assert_null(strstr(error.message, "a\r\nb"));
  assert_int_equal(set_secret(ZUORA_NO_SECRET, "x"), ZUORA_MISUSE);
  assert_int_equal(set_secret(ZUORA_SECRET_COUNT, "x"), ZUORA_MISUSE);
}

static void names_have_names(void **state)
{
  (void)state;
  assert_string_equal(zuora_secret_name(ZUORA_CLIENT_SECRET), "client_secret");
  assert_string_equal(zuora_secret_name(ZUORA_SESSION), "session");
  assert_null(zuora_secret_name(ZUORA_NO_SECRET));
  assert_null(zuora_secret_name(ZUORA_SECRET_COUNT));
  assert_string_equal(zuora_code_name(ZUORA_OK), "ok");
  assert_string_equal(zuora_code_name(ZUORA_MEMORY), "memory");
  assert_string_equal(zuora_code_name((zuora_code)(ZUORA_MEMORY + 1)),
                      "unknown");
}

/* ---- defaults ----------------------------------------------------------- */

static zuora_code set_default(const char *name, const char *value)
{
  return zuora_engine_set_default(engine, name, value, strlen(value), &error);
}

static void check_request(const call *c, const char *line)
{
  zuora_exchange *x;
  const zuora_request *request;
  if (zuora_exchange_new(&x, engine, c->operation, c->values, &error))
    fail_msg("%s", error.message);
  request = zuora_exchange_request(x);
  assert_string_equal(zuora_request_header(request, 1), line);
  assert_true(zuora_request_names_entity(request));
  assert_null(zuora_request_header(request, 2));
  zuora_exchange_free(x);
}

static void calls_take_defaults(void **state)
{
  call c = call_of("entities.list");
  (void)state;
  assert_int_equal(set_default("zuora_entity_ids", "e1"), ZUORA_OK);
  check_request(&c, "Zuora-Entity-Ids: e1");
  assert_int_equal(set_default("zuora_entity_ids", "e2"), ZUORA_OK);
  check_request(&c, "Zuora-Entity-Ids: e2");
  give(&c, "zuora_entity_ids", string_value("e3"));
  check_request(&c, "Zuora-Entity-Ids: e3");
}

static void a_default_gives_way_to_its_group(void **state)
{
  call c = call_of("entities.list");
  (void)state;
  set_default("zuora_entity_ids", "e1");
  give(&c, "entity_name", string_value("US"));
  check_request(&c, "entityName: US");
}

static void defaults_are_looked_at(void **state)
{
  static const char *const names[] = {"nonsense", "page_size", "type",
                                      "timeout",  "headers",   "query"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(names); i++) {
    assert_int_equal(set_default(names[i], "1"), ZUORA_MISUSE);
    check_error(&error, ZUORA_MISUSE, NULL, "there is no default for ");
  }
  assert_int_equal(set_default("zuora_track_id", "a:b"), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "zuora_track_id", "may not hold :");
  assert_int_equal(set_default("zuora_entity_ids", ""), ZUORA_ARGUMENT);
}

static void there_is_room_for_so_many_defaults(void **state)
{
  static const char *const names[] = {
      "zuora_track_id",        "zuora_entity_ids",  "entity_id",
      "entity_name",           "traceparent",       "idempotency_key",
      "api_secret_access_key", "api_access_key_id", "content_encoding"};
  char value[56];
  size_t i;
  (void)state;
  memset(value, '0', 55);
  value[55] = '\0';
  for (i = 0; i < COUNT(names); i++) {
    const char *given = i == 8 ? "gzip" : value;
    assert_int_equal(set_default(names[i], given),
                     i < ZUORA_DEFAULTS ? ZUORA_OK : ZUORA_MISUSE);
  }
  assert_int_equal(set_default(names[0], "x"), ZUORA_OK);
}

static void secrets_stand_in_for_their_parameters(void **state)
{
  call c = call_of("session.establish");
  zuora_exchange *x;
  (void)state;
  assert_int_equal(
      zuora_exchange_new(&x, engine, c.operation, c.values, &error),
      ZUORA_MISUSE);
  check_error(&error, ZUORA_MISUSE, "api_access_key_id", "is required");
  assert_null(x);
  set_secret(ZUORA_API_ACCESS_KEY_ID, "me");
  set_secret(ZUORA_API_SECRET_ACCESS_KEY, "pass");
  assert_int_equal(
      zuora_exchange_new(&x, engine, c.operation, c.values, &error), ZUORA_OK);
  assert_string_equal(zuora_request_header(zuora_exchange_request(x), 1),
                      "apiAccessKeyId: me");
  assert_string_equal(zuora_request_header(zuora_exchange_request(x), 2),
                      "apiSecretAccessKey: pass");
  zuora_exchange_free(x);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(options_have_defaults),
      TEST(options_are_looked_at),
      TEST(strings_are_copied),
      TEST(making_one_opens_nothing),
      TEST(a_proxy_may_stand_in_the_environment),
      TEST(secrets_are_kept_and_forgotten),
      TEST(secrets_are_looked_at),
      TEST(names_have_names),
      TEST(calls_take_defaults),
      TEST(a_default_gives_way_to_its_group),
      TEST(defaults_are_looked_at),
      TEST(there_is_room_for_so_many_defaults),
      TEST(secrets_stand_in_for_their_parameters)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
