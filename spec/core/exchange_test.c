/* Signing, and who may be freed when. */
#include "engine.h"
#include "scene.h"

static void set_secret(zuora_secret secret, const char *value)
{
  assert_int_equal(zuora_engine_set_secret(scene.engine, secret, value,
                                           strlen(value), &scene.error),
                   ZUORA_OK);
}

/* ---- signing ------------------------------------------------------------ */

/* That the request, signed so, carries this line and none of the others. */
static void signed_with(zuora_sign sign, const char *line)
{
  static const char *const names[] = {
      "\r\nAuthorization: ", "\r\nCookie: ", "\r\napiAccessKeyId: ",
      "\r\napiSecretAccessKey: "};
  size_t i, found = 0;
  const char *sent;
  assert_int_equal(zuora_exchange_submit(scene.x, sign, 0, 0, &scene.error),
                   ZUORA_OK);
  carry(scene.engine, scene.x);
  sent = server_request(scene.server, server_requests(scene.server) - 1);
  if (line && !strstr(sent, line))
    fail_msg("%s has no %s", sent, line);
  for (i = 0; i < COUNT(names); i++)
    found += strstr(sent, names[i]) != NULL;
  assert_int_equal(found, !line ? 0 : sign == ZUORA_SIGN_KEYS ? 2 : 1);
}

static void each_way_of_signing(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  set_secret(ZUORA_ACCESS_TOKEN, "my-token");
  set_secret(ZUORA_API_ACCESS_KEY_ID, "me");
  set_secret(ZUORA_API_SECRET_ACCESS_KEY, "my-pass");
  set_secret(ZUORA_SESSION, "my-session");
  signed_with(ZUORA_SIGN_TOKEN, "\r\nAuthorization: Bearer my-token\r\n");
  signed_with(ZUORA_SIGN_KEYS, "\r\napiAccessKeyId: me\r\n"
                               "apiSecretAccessKey: my-pass\r\n");
  signed_with(ZUORA_SIGN_SESSION, "\r\nCookie: ZSession=my-session\r\n");
  signed_with(ZUORA_SIGN_NONE, NULL);
}

static void credentials_are_not_part_of_the_request(void **state)
{
  const zuora_request *request;
  const char *line;
  size_t i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  set_secret(ZUORA_ACCESS_TOKEN, "my-token");
  signed_with(ZUORA_SIGN_TOKEN, "my-token");
  request = zuora_exchange_request(scene.x);
  for (i = 0; (line = zuora_request_header(request, i)) != NULL; i++)
    assert_null(strstr(line, "my-token"));
}

static void it_is_signed_when_it_starts(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  set_secret(ZUORA_ACCESS_TOKEN, "old");
  assert_int_equal(
      zuora_exchange_submit(scene.x, ZUORA_SIGN_TOKEN, 0.01, 0, &scene.error),
      ZUORA_OK);
  set_secret(ZUORA_ACCESS_TOKEN, "new");
  carry(scene.engine, scene.x);
  assert_non_null(strstr(server_request(scene.server, 0), "Bearer new\r\n"));
}

static void the_secret_may_be_gone_by_then(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  set_secret(ZUORA_SESSION, "abc");
  assert_int_equal(
      zuora_exchange_submit(scene.x, ZUORA_SIGN_SESSION, 0.01, 0, &scene.error),
      ZUORA_OK);
  set_secret(ZUORA_SESSION, "");
  carry(scene.engine, scene.x);
  assert_non_null(strstr(server_request(scene.server, 0), "ZSession=\r\n"));
}

static void without_credentials_nothing_is_sent(void **state)
{
  static const zuora_sign signs[] = {ZUORA_SIGN_TOKEN, ZUORA_SIGN_KEYS,
                                     ZUORA_SIGN_SESSION};
  size_t i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  for (i = 0; i < 2 * COUNT(signs); i++) {
    assert_int_equal(
        zuora_exchange_submit(scene.x, signs[i % 3], 0, 0, &scene.error),
        ZUORA_MISUSE);
    check_error(&scene.error, ZUORA_MISUSE, NULL,
                "there are no credentials of that kind");
    set_secret(ZUORA_API_ACCESS_KEY_ID, "half-of-it");
  }
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
}

static void one_submission_at_a_time(void **state)
{
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  submit(scene.x);
  assert_int_equal(
      zuora_exchange_submit(scene.x, ZUORA_SIGN_NONE, 0, 0, &scene.error),
      ZUORA_MISUSE);
  check_error(&scene.error, ZUORA_MISUSE, NULL, "it is in flight already");
}

/* ---- who may be freed when ---------------------------------------------- */

static void exchanges_outlive_the_engine(void **state)
{
  zuora_grant grant;
  zuora_error error;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  carried(scene.engine, scene.x, ZUORA_OK);
  zuora_engine_free(scene.engine);
  scene.engine = NULL;
  assert_string_equal(body_of(scene.x), "{}");
  assert_string_equal(zuora_request_method(zuora_exchange_request(scene.x)),
                      "GET");
  assert_int_equal(
      zuora_exchange_submit(scene.x, ZUORA_SIGN_NONE, 0, 0, &error),
      ZUORA_MISUSE);
  check_error(&error, ZUORA_MISUSE, NULL, "the client is closed");
  assert_int_equal(zuora_exchange_keep(scene.x, ZUORA_SESSION, &grant, &error),
                   ZUORA_MISUSE);
  zuora_exchange_cancel(scene.x);
}

static void an_engine_takes_along_what_is_in_flight(void **state)
{
  call c = call_of("connections.list");
  zuora_exchange *waiting, *idle;
  int ended;
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  waiting = exchange_of(scene.engine, &c);
  idle = exchange_of(scene.engine, &c);
  submit(scene.x);
  assert_int_equal(zuora_engine_step(&ended, scene.engine, 0.01), ZUORA_OK);
  assert_int_equal(
      zuora_exchange_submit(waiting, ZUORA_SIGN_NONE, 60, 0, &scene.error),
      ZUORA_OK);
  zuora_engine_free(scene.engine);
  scene.engine = NULL;
  assert_int_equal(zuora_exchange_error(scene.x)->code, ZUORA_CANCELLED);
  assert_int_equal(zuora_exchange_error(waiting)->code, ZUORA_CANCELLED);
  assert_false(zuora_exchange_done(idle));
  zuora_exchange_free(idle);
  zuora_exchange_free(waiting);
}

/* First, middle and last of the engine's list, in each state. */
static void exchanges_are_freed_in_any_order(void **state)
{
  static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                  {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  call c = call_of("connections.list");
  zuora_exchange *x[3];
  size_t i;
  int k, ended;
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  for (i = 0; i < COUNT(orders); i++) {
    for (k = 0; k < 3; k++)
      x[k] = exchange_of(scene.engine, &c);
    submit(x[0]);
    zuora_engine_step(&ended, scene.engine, 0.01);
    assert_int_equal(
        zuora_exchange_submit(x[1], ZUORA_SIGN_NONE, 60, 0, &scene.error),
        ZUORA_OK);
    for (k = 0; k < 3; k++)
      zuora_exchange_free(x[orders[i][k]]);
    assert_int_equal(zuora_engine_busy(scene.engine), 0);
    assert_ptr_equal(scene.engine->all, scene.x);
    assert_null(scene.x->previous);
  }
  zuora_exchange_free(NULL);
}

/* The engine keeps freed ones for the next call: nothing stays in them. */
static void a_new_one_knows_nothing_of_a_freed_one(void **state)
{
  call c = call_of("connections.list");
  zuora_exchange *before;
  (void)state;
  arrange_one("HTTP/1.1 429 No\r\nSet-Cookie: ZSession=abc\r\n"
              "Retry-After: 3\r\nContent-Length: 2\r\n\r\n{}",
              SERVER_KEEP, 1);
  carried(scene.engine, scene.x, ZUORA_OK);
  before = scene.x;
  zuora_exchange_free(scene.x);
  scene.x = exchange_of(scene.engine, &c);
  assert_ptr_equal(scene.x, before);
  assert_false(zuora_exchange_sent(scene.x));
  assert_false(zuora_exchange_done(scene.x));
  assert_int_equal(zuora_exchange_id(scene.x), 0);
  assert_float_equal(zuora_exchange_response(scene.x)->status, -1, 0);
  assert_string_equal(zuora_exchange_response(scene.x)->session, "");
  assert_string_equal(body_of(scene.x), "");
  assert_string_equal(zuora_request_method(zuora_exchange_request(scene.x)),
                      "GET");
  assert_false(zuora_request_writes(zuora_exchange_request(scene.x)));
  assert_null(zuora_request_header(zuora_exchange_request(scene.x), 1));
}

/* ---- what it says of itself --------------------------------------------- */

static void it_describes_its_attempt(void **state)
{
  zuora_attempt a;
  (void)state;
  answered("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n"
           "RateLimit-Remaining: 0\r\nRateLimit-Reset: 9\r\n"
           "Content-Length: 0\r\n\r\n",
           SERVER_KEEP, ZUORA_OK);
  zuora_exchange_attempt(&a, scene.x);
  assert_int_equal(a.code, ZUORA_OK);
  assert_int_equal(a.status, 429);
  assert_int_equal(a.sent, 1);
  assert_int_equal(a.writes, 0);
  assert_int_equal(a.keyed, 0);
  assert_int_equal(a.category, -1);
  assert_int_equal(a.number, 1);
  assert_float_equal(a.retry_after, 7, 0);
  assert_float_equal(a.rate_reset, 9, 0);
  assert_float_equal(a.chance, 1, 0);
  assert_true(a.left > 100 && a.left <= 130);
}

static void of_an_attempt_without_answer_less_is_known(void **state)
{
  zuora_attempt a;
  (void)state;
  arrange_one("HTTP/1.1 200 OK\r\nRateLimit-Remaining: 3\r\n"
              "RateLimit-Reset: 9\r\nContent-Length: 9\r\n\r\n",
              SERVER_CLOSE, 1);
  zuora_exchange_attempt(&a, scene.x);
  assert_int_equal(a.sent, 0);
  assert_int_equal(a.status, 0);
  carried(scene.engine, scene.x, ZUORA_NETWORK);
  zuora_exchange_attempt(&a, scene.x);
  assert_int_equal(a.code, ZUORA_NETWORK);
  assert_int_equal(a.writes, 1);
  assert_float_equal(a.rate_reset, -1, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
  const struct CMUnitTest tests[] = {
      TEST(each_way_of_signing),
      TEST(credentials_are_not_part_of_the_request),
      TEST(it_is_signed_when_it_starts),
      TEST(the_secret_may_be_gone_by_then),
      TEST(without_credentials_nothing_is_sent),
      TEST(one_submission_at_a_time),
      TEST(exchanges_outlive_the_engine),
      TEST(an_engine_takes_along_what_is_in_flight),
      TEST(exchanges_are_freed_in_any_order),
      TEST(a_new_one_knows_nothing_of_a_freed_one),
      TEST(it_describes_its_attempt),
      TEST(of_an_attempt_without_answer_less_is_known)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
