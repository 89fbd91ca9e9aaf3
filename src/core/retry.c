/* retry.c: what to do after an attempt that brought no result. Pure: the
 * clock, the chance and the policy are handed in.
 *
 * Whatever leaves open whether something was changed is settled by looking,
 * never by sending again: a connection that is disconnected stays so. */
#include <string.h>

#include "zuora.h"

#define ANY -1
#define GUIDE "Zuora's guide to error handling"

/* In order: how it ended without an answer; then statuses from 500 on, which
 * may come from anything between us and Zuora; then the statuses and codes
 * that Zuora itself gives. */
static const zuora_rule table[] = {
    {"cancelled, not sent", "the caller's wish", ZUORA_CANCELLED, 0, 0, 0, ANY,
     ZUORA_NO_EFFECT, ZUORA_NEVER, 0},
    {"cancelled", "the caller's wish", ZUORA_CANCELLED, ANY, 0, 0, ANY,
     ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"no connection", "the request never left", ZUORA_NETWORK, 0, 0, 0, ANY,
     ZUORA_NO_EFFECT, ZUORA_ALWAYS, 0},
    {"no connection in time", "the request never left", ZUORA_TIMEOUT, 0, 0, 0,
     ANY, ZUORA_NO_EFFECT, ZUORA_ALWAYS, 0},
    {"no trusted connection", "the request never left", ZUORA_TLS, 0, 0, 0, ANY,
     ZUORA_NO_EFFECT, ZUORA_ALWAYS, 0},
    {"connection broken", GUIDE ": network timeouts", ZUORA_NETWORK, ANY, 0, 0,
     ANY, ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"no answer in time", GUIDE ": network timeouts", ZUORA_TIMEOUT, ANY, 0, 0,
     ANY, ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"TLS broken", "as a broken connection", ZUORA_TLS, ANY, 0, 0, ANY,
     ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"answer unreadable", "it may still have been carried out", ZUORA_PROTOCOL,
     ANY, 0, 0, ANY, ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"out of memory, not sent", "the request never left", ZUORA_MEMORY, 0, 0, 0,
     ANY, ZUORA_NO_EFFECT, ZUORA_NEVER, 0},
    {"out of memory", "the answer may have been lost", ZUORA_MEMORY, ANY, 0, 0,
     ANY, ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"overloaded", GUIDE ": 503, honouring Retry-After", ZUORA_OK, ANY, 503,
     503, ANY, ZUORA_UNCERTAIN, ZUORA_ALWAYS, 1},
    {"server error", GUIDE ": 500, 502, 504", ZUORA_OK, ANY, 500, 599, ANY,
     ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"no class of Zuora's", "whoever answers so is not Zuora", ZUORA_OK, ANY,
     600, 999, ANY, ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"provisional", "HTTP: the answer is still to come", ZUORA_OK, ANY, 100,
     199, ANY, ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"redirect", "HTTP: 303 is said after a change as well", ZUORA_OK, ANY, 300,
     399, ANY, ZUORA_UNCERTAIN, ZUORA_NEVER, 0},
    {"rate limited", GUIDE ": 429, honouring Retry-After", ZUORA_OK, ANY, 429,
     429, ANY, ZUORA_NO_EFFECT, ZUORA_ALWAYS, 1},
    {"still running", GUIDE ": 409 with the same idempotency key", ZUORA_OK,
     ANY, 409, 409, ANY, ZUORA_UNCERTAIN, ZUORA_ALWAYS, 1},
    {"lock contention", GUIDE ": category 50", ZUORA_OK, ANY, 200, 499, 50,
     ZUORA_NO_EFFECT, ZUORA_ALWAYS, 0},
    {"internal error", GUIDE ": category 60, only a few times", ZUORA_OK, ANY,
     200, 499, 60, ZUORA_UNCERTAIN, ZUORA_ONCE, 0},
    {"temporary error", GUIDE ": category 61", ZUORA_OK, ANY, 200, 499, 61,
     ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"limit exceeded", GUIDE ": category 70", ZUORA_OK, ANY, 200, 499, 70,
     ZUORA_NO_EFFECT, ZUORA_ALWAYS, 1},
    {"external error", GUIDE ": category 99", ZUORA_OK, ANY, 200, 499, 99,
     ZUORA_UNCERTAIN, ZUORA_ALWAYS, 0},
    {"refused", GUIDE ": never 10 to 45 and 90", ZUORA_OK, ANY, 0, 0, ANY,
     ZUORA_NO_EFFECT, ZUORA_NEVER, 0}};

const zuora_rule *zuora_rules(size_t *count)
{
  *count = sizeof table / sizeof *table;
  return table;
}

void zuora_policy_init(zuora_policy *policy)
{
  policy->max_attempts = 4;
  policy->backoff_base = 1;
  policy->backoff_cap = 60;
  policy->max_retry_wait = 60;
}

static int matches(const zuora_rule *rule, const zuora_attempt *attempt)
{
  if (rule->code != attempt->code)
    return 0;
  if (rule->sent != ANY && rule->sent != !!attempt->sent)
    return 0;
  if (rule->high &&
      (attempt->status < rule->low || attempt->status > rule->high))
    return 0;
  /* Of a call without a key, 409 is a refusal like any other. */
  if (rule->low == 409 && !attempt->keyed)
    return 0;
  return rule->category == ANY || rule->category == attempt->category;
}

static const zuora_rule *find(const zuora_attempt *attempt)
{
  size_t i, count;
  const zuora_rule *rules = zuora_rules(&count);
  for (i = 0; i < count; i++)
    if (matches(&rules[i], attempt))
      return &rules[i];
  return &rules[count - 1];
}

/* Full jitter: anything up to a bound that doubles with each attempt. */
static double backoff(const zuora_attempt *attempt, const zuora_policy *policy)
{
  double bound = policy->backoff_base;
  int i;
  for (i = 1; i < attempt->number && bound < policy->backoff_cap; i++)
    bound *= 2;
  if (bound > policy->backoff_cap)
    bound = policy->backoff_cap;
  return bound * attempt->chance;
}

/* What the answer asks for, but not less than the jitter, so that many who
 * were told the same do not come back at once. */
static double wait_time(const zuora_rule *rule, const zuora_attempt *attempt,
                        const zuora_policy *policy)
{
  double jitter = backoff(attempt, policy), asked = -1;
  if (rule->told)
    asked =
        attempt->retry_after >= 0 ? attempt->retry_after : attempt->rate_reset;
  return asked > jitter ? asked : jitter;
}

void zuora_decide(zuora_decision *out, const zuora_attempt *attempt,
                  const zuora_policy *policy)
{
  const zuora_rule *rule = find(attempt);
  int uncertain = attempt->writes && rule->effect == ZUORA_UNCERTAIN;
  int most = policy->max_attempts;
  memset(out, 0, sizeof *out);
  out->rule = rule;
  out->effect = rule->effect;
  out->retryable = rule->again != ZUORA_NEVER && !uncertain;
  out->wait = wait_time(rule, attempt, policy);
  /* Replays of one key have one effect, unless an answer was stored. That of
   * a gateway which gave up waiting was not, nor is there one to 409. */
  if (uncertain && attempt->keyed &&
      (attempt->code != ZUORA_OK || attempt->status == 409 ||
       attempt->status == 504))
    out->verdict = ZUORA_REPEAT;
  else if (uncertain && attempt->code != ZUORA_CANCELLED)
    out->verdict = ZUORA_SETTLE;
  else if (rule->again != ZUORA_NEVER)
    out->verdict = ZUORA_REPEAT;
  if (rule->again == ZUORA_ONCE && most > 2)
    most = 2;
  if (out->verdict == ZUORA_REPEAT &&
      (attempt->number >= most || out->wait > policy->max_retry_wait ||
       out->wait >= attempt->left))
    out->verdict = ZUORA_STOP;
  if (out->verdict == ZUORA_SETTLE && attempt->left <= 0)
    out->verdict = ZUORA_STOP;
}
