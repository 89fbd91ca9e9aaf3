/* The retry decision, from any attempt and policy. */
#include <string.h>

#include "common.h"

static double take_double(input *in)
{
  uint16_t whole = (uint16_t)(take_byte(in) | take_byte(in) << 8);
  switch (take_byte(in) % 8) {
  case 0:
    return -1;
  case 1:
    return whole * 1e10;
  case 2:
    return whole / 1e6;
  default:
    return whole;
  }
}

static void take_attempt(zuora_attempt *a, input *in)
{
  static const int statuses[] = {0,   200, 200, 302, 400, 401, 404, 409,
                                 422, 429, 500, 502, 503, 504, 599, 600};
  a->code = (zuora_code)(take_byte(in) % (ZUORA_MEMORY + 1));
  a->sent = take_byte(in) & 1;
  a->writes = take_byte(in) & 1;
  a->keyed = take_byte(in) & 1;
  a->status = statuses[take_byte(in) & 15];
  a->category = take_byte(in) % 101 - 1;
  a->number = take_byte(in) + 1;
  a->retry_after = take_double(in);
  a->rate_reset = take_double(in);
  a->left = take_double(in);
  a->chance = take_byte(in) / 255.0;
}

/* What nobody can know better. */
static int may_have_effect(const zuora_attempt *a)
{
  if (a->code == ZUORA_OK)
    return a->status >= 500 && a->status < 600;
  return a->code == ZUORA_PROTOCOL ||
         (a->sent && a->code != ZUORA_MISUSE && a->code != ZUORA_ARGUMENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  zuora_attempt a;
  zuora_policy policy;
  zuora_decision d;
  take_attempt(&a, &in);
  policy.max_attempts = take_byte(&in) % 101;
  policy.backoff_base = take_double(&in) + 1;
  policy.backoff_cap = take_double(&in) + 1;
  policy.max_retry_wait = take_double(&in) + 1;
  zuora_decide(&d, &a, &policy);
  CHECK(d.rule && d.wait >= 0);
  if (may_have_effect(&a))
    CHECK(d.effect == ZUORA_UNCERTAIN);
  if (d.verdict == ZUORA_REPEAT) {
    CHECK(a.number < policy.max_attempts);
    CHECK(d.wait <= policy.max_retry_wait && d.wait < a.left);
    CHECK(!a.writes || a.keyed || d.effect == ZUORA_NO_EFFECT);
    CHECK(!d.rule->told || d.wait >= a.retry_after);
  }
  if (d.verdict == ZUORA_SETTLE)
    CHECK(a.writes && a.left > 0 && d.effect == ZUORA_UNCERTAIN);
  if (d.retryable)
    CHECK(!a.writes || d.effect == ZUORA_NO_EFFECT);
  return 0;
}
