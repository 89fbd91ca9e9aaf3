/* The table of retries, row by row, and what is decided from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zuora.h"

static zuora_policy policy;

/* An attempt that was answered, or that ended with a code. */
static zuora_attempt attempt(zuora_code code, int sent, int status,
                             int category)
{
  zuora_attempt a;
  memset(&a, 0, sizeof a);
  a.code = code;
  a.sent = sent;
  a.status = status;
  a.category = category;
  a.number = 1;
  a.retry_after = -1;
  a.rate_reset = -1;
  a.left = 1000;
  a.chance = 1;
  return a;
}

static zuora_decision decide(zuora_attempt a, int writes)
{
  zuora_decision d;
  a.writes = writes;
  zuora_decide(&d, &a, &policy);
  return d;
}

/* What must come out for a call that only reads, and for one that writes. */
typedef struct expectation {
  const char *name;
  zuora_code code;
  int sent, status, category;
  zuora_verdict reading, writing;
  zuora_effect effect;
} expectation;

static const expectation expectations[] = {
    {"cancelled, not sent", ZUORA_CANCELLED, 0, 0, -1, ZUORA_STOP, ZUORA_STOP,
     ZUORA_NO_EFFECT},
    {"cancelled", ZUORA_CANCELLED, 1, 0, -1, ZUORA_STOP, ZUORA_STOP,
     ZUORA_UNCERTAIN},
    {"no connection", ZUORA_NETWORK, 0, 0, -1, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"no connection in time", ZUORA_TIMEOUT, 0, 0, -1, ZUORA_REPEAT,
     ZUORA_REPEAT, ZUORA_NO_EFFECT},
    {"no trusted connection", ZUORA_TLS, 0, 0, -1, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"connection broken", ZUORA_NETWORK, 1, 0, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"no answer in time", ZUORA_TIMEOUT, 1, 0, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"TLS broken", ZUORA_TLS, 1, 0, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"answer unreadable", ZUORA_PROTOCOL, 1, 200, -1, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"out of memory, not sent", ZUORA_MEMORY, 0, 0, -1, ZUORA_STOP, ZUORA_STOP,
     ZUORA_NO_EFFECT},
    {"out of memory", ZUORA_MEMORY, 1, 200, -1, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"overloaded", ZUORA_OK, 1, 503, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"server error", ZUORA_OK, 1, 500, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"server error", ZUORA_OK, 1, 502, -1, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"server error", ZUORA_OK, 1, 504, 20, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"no class of Zuora's", ZUORA_OK, 1, 999, -1, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"provisional", ZUORA_OK, 1, 101, -1, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"redirect", ZUORA_OK, 1, 302, -1, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"redirect", ZUORA_OK, 1, 303, 50, ZUORA_STOP, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"rate limited", ZUORA_OK, 1, 429, 70, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"still running", ZUORA_OK, 1, 409, 50, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_UNCERTAIN},
    {"lock contention", ZUORA_OK, 1, 409, 50, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 409, 30, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"lock contention", ZUORA_OK, 1, 200, 50, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"internal error", ZUORA_OK, 1, 200, 60, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"temporary error", ZUORA_OK, 1, 200, 61, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"limit exceeded", ZUORA_OK, 1, 200, 70, ZUORA_REPEAT, ZUORA_REPEAT,
     ZUORA_NO_EFFECT},
    {"external error", ZUORA_OK, 1, 200, 99, ZUORA_REPEAT, ZUORA_SETTLE,
     ZUORA_UNCERTAIN},
    {"refused", ZUORA_OK, 1, 401, 11, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 404, 40, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 422, 20, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 200, 10, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 200, 30, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 200, 45, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT},
    {"refused", ZUORA_OK, 1, 200, 90, ZUORA_STOP, ZUORA_STOP, ZUORA_NO_EFFECT}};

enum { EXPECTATIONS = sizeof expectations / sizeof *expectations };

static int setup(void **state)
{
  (void)state;
  zuora_policy_init(&policy);
  return 0;
}

static void each_row(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < EXPECTATIONS; i++) {
    const expectation *e = &expectations[i];
    zuora_attempt a = attempt(e->code, e->sent, e->status, e->category);
    zuora_decision reading, writing;
    a.keyed = !strcmp(e->name, "still running");
    reading = decide(a, 0);
    writing = decide(a, 1);
    assert_string_equal(reading.rule->name, e->name);
    assert_int_equal(reading.verdict, e->reading);
    assert_int_equal(writing.verdict, e->writing);
    assert_int_equal(writing.effect, e->effect);
    assert_int_equal(reading.retryable, reading.rule->again != ZUORA_NEVER);
    if (e->effect == ZUORA_UNCERTAIN)
      assert_false(writing.retryable);
  }
}

/* Every rule is reached by an expectation: none is dead, none untested. */
static void no_row_is_dead(void **state)
{
  size_t count, i, k;
  const zuora_rule *rules = zuora_rules(&count);
  (void)state;
  for (i = 0; i < count; i++) {
    int found = 0;
    for (k = 0; k < EXPECTATIONS; k++)
      found |= !strcmp(rules[i].name, expectations[k].name);
    if (!found)
      fail_msg("no expectation for %s", rules[i].name);
  }
}

static void keyed_writes_are_repeated_after_no_answer(void **state)
{
  zuora_attempt broken = attempt(ZUORA_NETWORK, 1, 0, -1);
  zuora_attempt running = attempt(ZUORA_OK, 1, 409, 50);
  zuora_attempt late = attempt(ZUORA_OK, 1, 504, -1);
  zuora_attempt failed = attempt(ZUORA_OK, 1, 500, 60);
  (void)state;
  broken.keyed = running.keyed = late.keyed = failed.keyed = 1;
  assert_int_equal(decide(broken, 1).verdict, ZUORA_REPEAT);
  assert_int_equal(decide(running, 1).verdict, ZUORA_REPEAT);
  assert_int_equal(decide(late, 1).verdict, ZUORA_REPEAT);
  /* A received failure was stored with the key. */
  assert_int_equal(decide(failed, 1).verdict, ZUORA_SETTLE);
}

static void attempts_are_counted(void **state)
{
  zuora_attempt a = attempt(ZUORA_OK, 1, 429, 70);
  (void)state;
  a.number = 3;
  assert_int_equal(decide(a, 0).verdict, ZUORA_REPEAT);
  a.number = 4;
  assert_int_equal(decide(a, 0).verdict, ZUORA_STOP);
  a = attempt(ZUORA_OK, 1, 200, 60);
  a.number = 2;
  assert_int_equal(decide(a, 0).verdict, ZUORA_STOP);
}

static void backoff_doubles_up_to_the_cap(void **state)
{
  zuora_attempt a = attempt(ZUORA_NETWORK, 0, 0, -1);
  static const double bounds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
  size_t i;
  (void)state;
  policy.max_attempts = 100;
  for (i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    a.number = (int)i + 1;
    a.chance = 1;
    assert_float_equal(decide(a, 0).wait, bounds[i], 1e-9);
    a.chance = 0.25;
    assert_float_equal(decide(a, 0).wait, bounds[i] / 4, 1e-9);
    a.chance = 0;
    assert_float_equal(decide(a, 0).wait, 0, 1e-9);
  }
  a.number = 1000000;
  a.chance = 1;
  assert_float_equal(decide(a, 0).wait, 60, 1e-9);
}

static void the_answer_says_how_long(void **state)
{
  zuora_attempt a = attempt(ZUORA_OK, 1, 429, 70);
  (void)state;
  a.chance = 0.5;
  a.retry_after = 7;
  a.rate_reset = 9;
  assert_float_equal(decide(a, 0).wait, 7, 1e-9);
  a.retry_after = -1;
  assert_float_equal(decide(a, 0).wait, 9, 1e-9);
  a.rate_reset = -1;
  assert_float_equal(decide(a, 0).wait, 0.5, 1e-9);
  a.retry_after = 0.1; /* less than the jitter */
  assert_float_equal(decide(a, 0).wait, 0.5, 1e-9);
  a.status = 503;
  a.retry_after = 3;
  assert_float_equal(decide(a, 0).wait, 3, 1e-9);
  a.status = 500; /* of which Retry-After is not documented */
  assert_float_equal(decide(a, 0).wait, 0.5, 1e-9);
}

static void no_wait_passes_the_policy_or_the_deadline(void **state)
{
  zuora_attempt a = attempt(ZUORA_OK, 1, 429, 70);
  (void)state;
  a.retry_after = 60;
  assert_int_equal(decide(a, 0).verdict, ZUORA_REPEAT);
  a.retry_after = 60.5;
  assert_int_equal(decide(a, 0).verdict, ZUORA_STOP);
  assert_true(decide(a, 0).retryable);
  a.retry_after = 10;
  a.left = 10;
  assert_int_equal(decide(a, 0).verdict, ZUORA_STOP);
  a.left = 10.5;
  assert_int_equal(decide(a, 0).verdict, ZUORA_REPEAT);
}

static void settling_needs_time_only(void **state)
{
  zuora_attempt a = attempt(ZUORA_OK, 1, 503, -1);
  (void)state;
  a.number = 100;
  a.retry_after = 1000;
  assert_int_equal(decide(a, 1).verdict, ZUORA_SETTLE);
  a.left = 0;
  assert_int_equal(decide(a, 1).verdict, ZUORA_STOP);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(each_row, setup),
      cmocka_unit_test_setup(no_row_is_dead, setup),
      cmocka_unit_test_setup(keyed_writes_are_repeated_after_no_answer, setup),
      cmocka_unit_test_setup(attempts_are_counted, setup),
      cmocka_unit_test_setup(backoff_doubles_up_to_the_cap, setup),
      cmocka_unit_test_setup(the_answer_says_how_long, setup),
      cmocka_unit_test_setup(no_wait_passes_the_policy_or_the_deadline, setup),
      cmocka_unit_test_setup(settling_needs_time_only, setup)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
