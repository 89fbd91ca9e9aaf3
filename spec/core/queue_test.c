/* Exchanges that wait for their turn, and the contract with whoever waits. */
#include "engine.h"
#include "scene.h"

#include <poll.h>

enum { MANY = 6 };

static zuora_exchange *many[MANY];

static int close_all(void **state)
{
  int i;
  for (i = 0; i < MANY; i++) {
    zuora_exchange_free(many[i]);
    many[i] = NULL;
  }
  return scene_close(state);
}

/* Engine options for the scene's server. */
static zuora_engine_options options(void)
{
  zuora_engine_options o;
  zuora_engine_options_init(&o);
  o.base_url = server_url(scene.server);
  return o;
}

static void make_many(int concurrency)
{
  zuora_engine_options o = options();
  call c = call_of("connections.list");
  int i;
  o.max_concurrency = concurrency;
  arrange_engine(&o);
  for (i = 0; i < MANY; i++)
    many[i] = exchange_of(scene.engine, &c);
}

/* ---- delay -------------------------------------------------------------- */

static void a_delay_is_kept(void **state)
{
  double start;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  start = zuora_clock();
  submit_with(scene.x, 0.1, 0);
  assert_int_equal(zuora_engine_busy(scene.engine), 1);
  assert_true(zuora_engine_timeout(scene.engine) > 0);
  assert_true(zuora_engine_timeout(scene.engine) <= 0.1);
  step(0);
  assert_int_equal(server_requests(scene.server), 0);
  carry(scene.engine, scene.x);
  assert_true(zuora_clock() - start >= 0.1);
  assert_true(zuora_exchange_response(scene.x)->seconds >= 0.1);
  assert_int_equal(code_of(scene.x), ZUORA_OK);
}

/* In order of their time, not of their submission. */
static void who_is_due_first_goes_first(void **state)
{
  static const double delays[MANY] = {0.06, 0.02, 0.08, 0.04, 0.02, 0};
  static const int order[MANY] = {5, 1, 4, 3, 0, 2};
  const zuora_exchange *x;
  int i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  make_many(1);
  for (i = 0; i < MANY; i++)
    submit_with(many[i], delays[i], 0);
  for (x = scene.engine->waits.first, i = 0; x; x = x->queue_next, i++)
    assert_ptr_equal(x, many[order[i]]);
  assert_int_equal(i, MANY);
  for (i = 0; i < MANY; i++) {
    carry(scene.engine, many[order[i]]);
    assert_int_equal(server_requests(scene.server), i + 1);
  }
}

/* ---- the bound ---------------------------------------------------------- */

static void no_more_are_in_flight_than_allowed(void **state)
{
  static const server_answer silence = {NULL, 0, SERVER_KEEP};
  int i;
  (void)state;
  scene.server = server_start(&silence, 1);
  make_many(2);
  for (i = 0; i < MANY; i++)
    submit(many[i]);
  assert_int_equal(zuora_engine_busy(scene.engine), MANY);
  until_seen(2);
  for (i = 0; i < 20; i++)
    step(0.005);
  assert_int_equal(server_requests(scene.server), 2);
  zuora_exchange_cancel(many[0]);
  until_seen(3);
  assert_int_equal(zuora_engine_busy(scene.engine), MANY - 1);
}

static void all_come_through_a_narrow_bound(void **state)
{
  int i, ended = 0;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  make_many(2);
  for (i = 0; i < MANY; i++)
    submit(many[i]);
  for (i = 0; i < 1000 && ended < MANY; i++)
    ended += step(1);
  assert_int_equal(ended, MANY);
  for (i = 0; i < MANY; i++)
    assert_int_equal(code_of(many[i]), ZUORA_OK);
  assert_true(server_connections(scene.server) <= 2);
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
  assert_int_equal(step(0), 0);
}

/* ---- time --------------------------------------------------------------- */

static void time_runs_out_while_running(void **state)
{
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  submit_with(scene.x, 0, 1);
  carry(scene.engine, scene.x);
  assert_int_equal(code_of(scene.x), ZUORA_TIMEOUT);
  assert_true(zuora_exchange_sent(scene.x));
  assert_true(zuora_exchange_response(scene.x)->seconds < 10);
}

static void time_runs_out_within_the_answer(void **state)
{
  (void)state;
  arrange_one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", SERVER_KEEP, 0);
  submit_with(scene.x, 0, 1);
  carry(scene.engine, scene.x);
  assert_int_equal(code_of(scene.x), ZUORA_TIMEOUT);
  assert_float_equal(zuora_exchange_response(scene.x)->status, 200, 0);
}

static void time_runs_out_in_the_queue(void **state)
{
  static const server_answer silence = {NULL, 0, SERVER_KEEP};
  (void)state;
  scene.server = server_start(&silence, 1);
  make_many(1);
  submit(many[0]);
  submit_with(many[1], 0, 30);
  submit_with(many[2], 0, 0.05);
  submit_with(many[3], 0, 20);
  carry(scene.engine, many[2]);
  check_error(zuora_exchange_error(many[2]), ZUORA_TIMEOUT, NULL,
              "its time was over before its turn came");
  assert_false(zuora_exchange_sent(many[2]));
  assert_false(zuora_exchange_done(many[1]));
  assert_int_equal(zuora_engine_busy(scene.engine), 3);
  assert_float_equal(scene.engine->queue_deadline, many[3]->deadline, 0);
}

/* The time for an exchange begins when it may start. */
static void a_delay_takes_nothing_off_the_time(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  submit_with(scene.x, 1.2, 1);
  carry(scene.engine, scene.x);
  assert_int_equal(code_of(scene.x), ZUORA_OK);
}

static void the_engine_has_a_time_of_its_own(void **state)
{
  zuora_engine_options o;
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  o = options();
  o.timeout = 0.05;
  arrange_engine(&o);
  carried(scene.engine, scene.x, ZUORA_TIMEOUT);
}

static void no_time_is_too_long(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  submit_with(scene.x, -5, 1e300);
  carry(scene.engine, scene.x);
  assert_int_equal(code_of(scene.x), ZUORA_OK);
  submit_with(scene.x, 1e300, 1);
  step(0);
  assert_true(zuora_engine_timeout(scene.engine) > 1e9);
}

/* ---- cancelling --------------------------------------------------------- */

static void cancelled(zuora_exchange *x, int sent)
{
  check_error(zuora_exchange_error(x), ZUORA_CANCELLED, NULL,
              "it was cancelled");
  assert_true(zuora_exchange_done(x));
  assert_int_equal(zuora_exchange_sent(x), sent);
}

static void what_was_never_submitted_stays_so(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  zuora_exchange_cancel(scene.x);
  assert_false(zuora_exchange_done(scene.x));
  assert_int_equal(zuora_exchange_error(scene.x)->code, ZUORA_OK);
}

static void what_waits_can_be_cancelled(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  make_many(1);
  submit_with(many[0], 10, 0);
  submit_with(many[1], 20, 0);
  submit_with(many[2], 30, 0);
  zuora_exchange_cancel(many[1]); /* in the middle, at the end, alone */
  zuora_exchange_cancel(many[2]);
  assert_int_equal(zuora_engine_busy(scene.engine), 1);
  zuora_exchange_cancel(many[0]);
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
  assert_float_equal(zuora_engine_timeout(scene.engine), -1, 0);
  cancelled(many[1], 0);
  assert_int_equal(step(10), 3);
  assert_int_equal(step(0), 0);
}

static void what_runs_can_be_cancelled_and_begun_again(void **state)
{
  static const server_answer answers[] = {{NULL, 0, SERVER_KEEP},
                                          {OK_ANSWER, 0, SERVER_KEEP}};
  (void)state;
  arrange(answers, COUNT(answers), 1);
  submit(scene.x);
  until_seen(1);
  zuora_exchange_cancel(scene.x);
  cancelled(scene.x, 1);
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
  carried(scene.engine, scene.x, ZUORA_OK);
}

static void what_ended_stays_as_it_ended(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  carried(scene.engine, scene.x, ZUORA_OK);
  zuora_exchange_cancel(scene.x);
  assert_int_equal(code_of(scene.x), ZUORA_OK);
  assert_string_equal(body_of(scene.x), "{}");
}

static void all_can_be_cancelled_at_once(void **state)
{
  static const server_answer silence = {NULL, 0, SERVER_KEEP};
  int i;
  (void)state;
  scene.server = server_start(&silence, 1);
  make_many(2);
  for (i = 0; i < MANY - 1; i++)
    submit(many[i]);
  until_seen(2);
  zuora_engine_cancel(scene.engine);
  for (i = 0; i < MANY - 1; i++)
    cancelled(many[i], i < 2);
  assert_false(zuora_exchange_done(many[MANY - 1]));
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
  assert_int_equal(step(0), MANY - 1);
}

/* In the order of their ends; of what was freed or begun again, nothing. */
static void who_ended_is_told_once(void **state)
{
  unsigned long id;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  make_many(1);
  assert_int_equal(zuora_engine_ended(scene.engine), 0);
  carried(scene.engine, many[1], ZUORA_OK);
  carried(scene.engine, many[0], ZUORA_OK);
  carried(scene.engine, many[2], ZUORA_OK);
  carried(scene.engine, many[3], ZUORA_OK);
  id = zuora_exchange_id(many[3]);
  submit(many[3]);
  assert_true(zuora_exchange_id(many[3]) > id);
  zuora_exchange_free(many[2]);
  many[2] = NULL;
  id = zuora_exchange_id(many[1]);
  assert_int_equal(zuora_engine_ended(scene.engine), id);
  id = zuora_exchange_id(many[0]);
  assert_int_equal(zuora_engine_ended(scene.engine), id);
  assert_int_equal(zuora_engine_ended(scene.engine), 0);
}

/* ---- whoever waits ------------------------------------------------------ */

/* With nothing but the descriptor and the time, and steps that do not wait. */
static void descriptor_and_time_are_enough(void **state)
{
  int i, rounds = 0;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  make_many(3);
  for (i = 0; i < MANY; i++)
    submit_with(many[i], 0.01 * i, 0);
  while (zuora_engine_busy(scene.engine) && rounds++ < 500) {
    double seconds = zuora_engine_timeout(scene.engine);
    struct pollfd p = {-1, POLLIN, 0};
    p.fd = zuora_engine_fd(scene.engine);
    assert_true(p.fd >= 0 && seconds >= 0);
    assert_true(poll(&p, 1, (int)(seconds * 1000) + 1) >= 0);
    step(0);
  }
  for (i = 0; i < MANY; i++)
    assert_int_equal(code_of(many[i]), ZUORA_OK);
  /* Some rounds for each, not a spinning. */
  assert_true(rounds < 40 * MANY);
}

/* Half of them are started at the end of a step, and fail at once: libcurl
 * knows no such proxy. No time and no descriptor would tell of it. */
static void a_step_leaves_none_that_has_ended(void **state)
{
  enum { BOUND = 4 }; /* as many as are started before libcurl is let act */
  zuora_exchange *all[2 * BOUND];
  zuora_engine_options o;
  call c = call_of("connections.list");
  int i, ended;
  (void)state;
  zuora_engine_options_init(&o);
  o.base_url = "http://127.0.0.1:1";
  o.proxy = "none://127.0.0.1:1";
  o.max_concurrency = BOUND;
  arrange_engine(&o);
  for (i = 0; i < 2 * BOUND; i++) {
    all[i] = exchange_of(scene.engine, &c);
    submit_with(all[i], 0, 0);
  }
  for (i = 0, ended = 0; i < 100 && ended < 2 * BOUND; i++) {
    assert_true(zuora_engine_timeout(scene.engine) == 0);
    ended += step(0);
  }
  assert_int_equal(ended, 2 * BOUND);
  for (i = 0; i < 2 * BOUND; i++) {
    assert_int_equal(code_of(all[i]), ZUORA_NETWORK);
    zuora_exchange_free(all[i]);
  }
}

/* Nothing is readable while the server is silent. */
static void a_silent_server_wakes_nobody(void **state)
{
  struct pollfd p = {-1, POLLIN, 0};
  int i;
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  submit(scene.x);
  until_seen(1);
  for (i = 0; i < 3; i++)
    step(0);
  p.fd = zuora_engine_fd(scene.engine);
  assert_int_equal(poll(&p, 1, 20), 0);
  assert_true(zuora_engine_timeout(scene.engine) > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, close_all)
  const struct CMUnitTest tests[] = {
      TEST(a_delay_is_kept),
      TEST(who_is_due_first_goes_first),
      TEST(no_more_are_in_flight_than_allowed),
      TEST(all_come_through_a_narrow_bound),
      TEST(time_runs_out_while_running),
      TEST(time_runs_out_within_the_answer),
      TEST(time_runs_out_in_the_queue),
      TEST(a_delay_takes_nothing_off_the_time),
      TEST(the_engine_has_a_time_of_its_own),
      TEST(no_time_is_too_long),
      TEST(what_was_never_submitted_stays_so),
      TEST(what_waits_can_be_cancelled),
      TEST(what_runs_can_be_cancelled_and_begun_again),
      TEST(what_ended_stays_as_it_ended),
      TEST(all_can_be_cancelled_at_once),
      TEST(who_ended_is_told_once),
      TEST(descriptor_and_time_are_enough),
      TEST(a_step_leaves_none_that_has_ended),
      TEST(a_silent_server_wakes_nobody)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
