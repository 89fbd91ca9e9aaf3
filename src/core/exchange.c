/* exchange.c: an exchange from its making to its end. What libcurl does of it
 * is in engine.c. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

enum { SPARES = 4, SPARE_SIZE = 128 * 1024, EXPECT_SIZE = 1024 * 1024 };

/* ---- making ------------------------------------------------------------- */

/* Whether the call itself gives a value for the parameter's group. */
static int group_is_given(const zuora_operation *operation,
                          const zuora_value *values, const char *group)
{
  size_t i;
  for (i = 0; operation->parameters[i]; i++)
    if (values[i].present && group && operation->parameters[i]->group &&
        !strcmp(operation->parameters[i]->group, group))
      return 1;
  return 0;
}

static void use_text(zuora_value *value, const zuora_text *text)
{
  value->data = text->data;
  value->size = text->size;
  value->present = text->size > 0;
}

/* What the engine has to say where the call gives no value; secrets that it does
 * give are kept. */
static void stand_in(zuora_value *all, zuora_engine *engine,
                     const zuora_operation *operation,
                     const zuora_value *values)
{
  const zuora_parameter *const *p = operation->parameters;
  size_t i;
  int k;
  memcpy(all, values, ZUORA_PARAMETERS * sizeof *all);
  for (i = 0; p[i]; i++)
    if (p[i]->secret && values[i].present)
      zuora__keep_given(engine, p[i]->secret, &values[i]);
    else if (p[i]->secret)
      use_text(&all[i], &engine->secrets[p[i]->secret]);
  for (k = 0; k < engine->default_count; k++) {
    const zuora_default *one = &engine->defaults[k];
    for (i = 0; p[i] && p[i] != one->parameter;)
      i++;
    if (p[i] && !values[i].present &&
        !group_is_given(operation, values, p[i]->group))
      use_text(&all[i], &one->value);
  }
}

/* A fresh one, or one that was freed. */
static zuora_exchange *take_spare(zuora_engine *engine)
{
  zuora_exchange *x = engine->spare;
  if (x) {
    engine->spare = x->next;
    engine->spare_count--;
    return x;
  }
  x = zuora__calloc(1, sizeof *x);
  if (x) {
    zuora__request_init(&x->request);
    zuora__text_init(&x->body, engine->max_body);
    zuora_response_clear(&x->response);
  }
  return x;
}

static void destroy(zuora_exchange *x)
{
  zuora__request_free(&x->request);
  zuora__text_free(&x->body);
  zuora_response_clear(&x->response);
  zuora__free(x);
}

/* Of an answer that stays in the core, a secret is what it is for; any other
 * was handed out, and would be overwritten here alone. */
static void forget_answer(zuora_exchange *x)
{
  const zuora_operation *operation = x->request.operation;
  if (operation && operation->flags & ZUORA_INTERNAL)
    zuora__text_wipe(&x->body);
  zuora__text_clear(&x->body);
  zuora_response_clear(&x->response);
  memset(&x->error, 0, sizeof x->error);
  x->head_size = 0;
  x->starts = 0;
}

static void keep_spare(zuora_engine *engine, zuora_exchange *x)
{
  zuora__request_clear(&x->request);
  forget_answer(x);
  x->state = ZUORA_IDLE;
  x->id = 0;
  x->previous = NULL;
  x->next = engine->spare;
  engine->spare = x;
  engine->spare_count++;
}

void zuora__exchange_drop_spare(zuora_engine *engine)
{
  while (engine->spare) {
    zuora_exchange *x = engine->spare;
    engine->spare = x->next;
    destroy(x);
  }
  engine->spare_count = 0;
}

zuora_code zuora_exchange_new(zuora_exchange **out, zuora_engine *engine,
                              const zuora_operation *operation,
                              const zuora_value *values, zuora_error *error)
{
  zuora_value all[ZUORA_PARAMETERS];
  zuora_exchange *x = take_spare(engine);
  zuora_code code;
  *out = NULL;
  if (!x)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  x->engine = engine;
  x->next = engine->all;
  if (x->next)
    x->next->previous = x;
  engine->all = x;
  stand_in(all, engine, operation, values);
  code =
      zuora__request_build(&x->request, &engine->base, operation, all, error);
  if (code)
    zuora_exchange_free(x);
  else
    *out = x;
  return code;
}

zuora_code zuora_exchange_add(zuora_exchange *exchange,
                              const zuora_parameter *parameter,
                              const zuora_value *name, const zuora_value *value,
                              zuora_error *error)
{
  return zuora__request_add(&exchange->request, parameter, name, value, error);
}

void zuora_exchange_free(zuora_exchange *exchange)
{
  zuora_exchange *x = exchange;
  if (!x)
    return;
  zuora_exchange_cancel(x);
  zuora__queue_remove(x);
  if (x->previous)
    x->previous->next = x->next;
  else if (x->engine)
    x->engine->all = x->next;
  if (x->next)
    x->next->previous = x->previous;
  if (x->engine && x->engine->spare_count < SPARES &&
      x->body.capacity <= SPARE_SIZE && x->request.body.capacity <= SPARE_SIZE)
    keep_spare(x->engine, x);
  else
    destroy(x);
}

/* ---- running ------------------------------------------------------------ */

static void add_secret(zuora_text *lines, const char *name,
                       const zuora_text *secret)
{
  zuora__text_put(lines, name);
  zuora__text_add(lines, secret->data, secret->size);
  zuora__text_add(lines, "", 1);
}

static void add_credentials(zuora_text *lines, const zuora_engine *engine,
                            zuora_sign sign)
{
  const zuora_text *secrets = engine->secrets;
  if (sign == ZUORA_SIGN_TOKEN) {
    add_secret(lines, "Authorization: Bearer ", &secrets[ZUORA_ACCESS_TOKEN]);
  } else if (sign == ZUORA_SIGN_KEYS) {
    add_secret(lines, "apiAccessKeyId: ", &secrets[ZUORA_API_ACCESS_KEY_ID]);
    add_secret(lines,
               "apiSecretAccessKey: ", &secrets[ZUORA_API_SECRET_ACCESS_KEY]);
  } else if (sign == ZUORA_SIGN_SESSION) {
    add_secret(lines, "Cookie: ZSession=", &secrets[ZUORA_SESSION]);
  }
}

/* libcurl would wait a second for the word of a server before a large body. */
void zuora__exchange_lines(zuora_text *lines, const zuora_exchange *exchange)
{
  const zuora_engine *engine = exchange->engine;
  const zuora_text *own = &exchange->request.headers;
  zuora__text_add(lines, engine->fixed.data, engine->fixed.size);
  /* What is changed is answered in a few bytes: to ask for them compressed
   * costs more than they do. The line without a value is none at all. */
  if (exchange->request.operation->flags & ZUORA_WRITES)
    zuora__text_add(lines, "Accept-Encoding:", sizeof "Accept-Encoding:");
  else
    zuora__text_add(lines, engine->codings.data, engine->codings.size);
  zuora__text_add(lines, own->data, own->size);
  add_credentials(lines, engine, exchange->sign);
  if (exchange->request.body.size >= EXPECT_SIZE)
    zuora__text_add(lines, "Expect:", sizeof "Expect:");
}

static int has_credentials(const zuora_engine *engine, zuora_sign sign)
{
  const zuora_text *secrets = engine->secrets;
  return sign == ZUORA_SIGN_NONE ||
         (sign == ZUORA_SIGN_TOKEN && secrets[ZUORA_ACCESS_TOKEN].size) ||
         (sign == ZUORA_SIGN_SESSION && secrets[ZUORA_SESSION].size) ||
         (sign == ZUORA_SIGN_KEYS && secrets[ZUORA_API_ACCESS_KEY_ID].size &&
          secrets[ZUORA_API_SECRET_ACCESS_KEY].size);
}

zuora_code zuora_exchange_submit(zuora_exchange *exchange, zuora_sign sign,
                                 double delay, double limit, zuora_error *error)
{
  zuora_exchange *x = exchange;
  zuora_engine *engine = x->engine;
  zuora_code code;
  if (!engine)
    return zuora__fail(error, ZUORA_MISUSE, NULL, "the client is closed");
  zuora__engine_own(engine);
  if (x->state == ZUORA_WAITING || x->state == ZUORA_RUNNING)
    return zuora__fail(error, ZUORA_MISUSE, NULL, "it is in flight already");
  if (!has_credentials(engine, sign))
    return zuora__fail(error, ZUORA_MISUSE, NULL,
                       "there are no credentials of that kind");
  code = zuora__engine_open(engine, error);
  if (code)
    return code;
  if (x->id)
    forget_answer(x);
  x->sign = sign;
  x->id = ++engine->submissions;
  x->submitted = zuora_clock();
  x->due = x->submitted + (delay > 0 ? delay : 0);
  if (!(limit > 0))
    limit = engine->timeout;
  x->deadline = x->due + (limit < ZUORA_LONGEST ? limit : ZUORA_LONGEST);
  zuora__queue_wait(engine, x);
  return ZUORA_OK;
}

int zuora__exchange_leaves(zuora_exchange *exchange)
{
  if (exchange->request.writes && exchange->starts > 0)
    return 0;
  exchange->starts++;
  return 1;
}

size_t zuora__exchange_head(zuora_exchange *exchange, const char *data,
                            size_t size)
{
  exchange->head_size += size;
  if (exchange->head_size > ZUORA_HEAD_LIMIT)
    return 0;
  if (size > 6 && !memcmp(data, "HTTP/", 5))
    exchange->engine->wary = data[5] == '1';
  zuora_response_read(&exchange->response, data, size);
  return size;
}

void zuora__exchange_fail(zuora_exchange *exchange, zuora_code code,
                          const char *words)
{
  /* Behind these words libcurl quotes its URL, with the password. */
  static const char unknown_proxy[] = "Unsupported proxy";
  zuora_error *error = &exchange->error;
  exchange->engine->wary = 1;
  if (exchange->body.failed == ZUORA_MEMORY)
    zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  else if (exchange->body.failed)
    zuora__fail(error, ZUORA_PROTOCOL, NULL,
                "the answer is larger than %lu bytes",
                (unsigned long)exchange->body.limit);
  else if (exchange->head_size > ZUORA_HEAD_LIMIT)
    zuora__fail(error, ZUORA_PROTOCOL, NULL,
                "the head of the answer is larger than %d bytes",
                ZUORA_HEAD_LIMIT);
  else if (!strncmp(words, unknown_proxy, sizeof unknown_proxy - 1))
    zuora__fail(error, code, NULL,
                "the proxy is given in a form that libcurl does not know");
  else
    zuora__fail(error, code, NULL, "%s", words);
}

void zuora__exchange_end(zuora_exchange *exchange)
{
  if (!exchange->error.code && !(exchange->response.status >= 100))
    zuora__fail(&exchange->error, ZUORA_PROTOCOL, NULL,
                "the answer has no status");
  /* To libcurl a head that was cut is a head. */
  else if (!exchange->error.code && !exchange->response.complete)
    zuora__fail(&exchange->error, ZUORA_NETWORK, NULL,
                "the connection broke within the head of the answer");
  exchange->response.seconds = zuora_clock() - exchange->submitted;
  zuora__response_settle(&exchange->response, (double)time(NULL));
  zuora__redact_head(&exchange->response, exchange->engine);
  exchange->state = ZUORA_ENDED;
  exchange->engine->ended++;
  zuora__queue_done(exchange->engine, exchange);
}

void zuora_exchange_cancel(zuora_exchange *exchange)
{
  zuora_exchange *x = exchange;
  if (x->engine)
    zuora__engine_own(x->engine);
  if (x->state == ZUORA_WAITING) {
    zuora__queue_remove(x);
    x->engine->waiting--;
  } else if (x->state == ZUORA_RUNNING)
    zuora__engine_stop(x->engine, x);
  else
    return;
  zuora__fail(&x->error, ZUORA_CANCELLED, NULL, "it was cancelled");
  zuora__exchange_end(x);
}

void zuora_engine_cancel(zuora_engine *engine)
{
  zuora_exchange *x;
  for (x = engine->all; x; x = x->next)
    zuora_exchange_cancel(x);
}
