/* exchange.c: an exchange from its making to its end, and the queue it waits
 * in. What libcurl does of it is in engine.c. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

/* ---- the queue ---------------------------------------------------------- */

static void enqueue(zuora_engine *engine, zuora_exchange *x)
{
  zuora_exchange *after = engine->last;
  while (after && after->due > x->due)
    after = after->queue_previous;
  x->queue_previous = after;
  x->queue_next = after ? after->queue_next : engine->first;
  if (x->queue_next)
    x->queue_next->queue_previous = x;
  else
    engine->last = x;
  if (after)
    after->queue_next = x;
  else
    engine->first = x;
  if (!engine->waiting++ || x->deadline < engine->queue_deadline)
    engine->queue_deadline = x->deadline;
  x->state = ZUORA_WAITING;
}

static void dequeue(zuora_engine *engine, zuora_exchange *x)
{
  if (x->queue_previous)
    x->queue_previous->queue_next = x->queue_next;
  else
    engine->first = x->queue_next;
  if (x->queue_next)
    x->queue_next->queue_previous = x->queue_previous;
  else
    engine->last = x->queue_previous;
  x->queue_previous = x->queue_next = NULL;
  engine->waiting--;
}

static void end_late(zuora_engine *engine, double now)
{
  zuora_exchange *x = engine->first, *next;
  double earliest = 0;
  for (; x; x = next) {
    next = x->queue_next;
    if (x->deadline <= now) {
      dequeue(engine, x);
      zuora__fail(&x->error, ZUORA_TIMEOUT, NULL,
                  "its time was over before its turn came");
      zuora__exchange_end(x);
    } else if (earliest == 0 || x->deadline < earliest) {
      earliest = x->deadline;
    }
  }
  engine->queue_deadline = earliest;
}

void zuora__queue_move(zuora_engine *engine, double now)
{
  if (engine->waiting && engine->queue_deadline <= now)
    end_late(engine, now);
  while (engine->first && engine->first->due <= now &&
         engine->running < engine->max_concurrency) {
    zuora_exchange *x = engine->first;
    dequeue(engine, x);
    zuora__engine_start(engine, x);
  }
}

double zuora__queue_due(const zuora_engine *engine)
{
  double due = engine->queue_deadline;
  if (!engine->first)
    return -1;
  if (engine->running < engine->max_concurrency && engine->first->due < due)
    due = engine->first->due;
  return due;
}

double zuora_engine_timeout(const zuora_engine *engine)
{
  double due = zuora__queue_due(engine), left;
  if (engine->timer >= 0 && (due < 0 || engine->timer < due))
    due = engine->timer;
  if (due < 0)
    return -1;
  left = due - zuora_clock();
  return left > 0 ? left : 0;
}

int zuora_engine_fd(zuora_engine *engine)
{
  if (!engine->poller)
    return -1;
  zuora__poller_flush(engine->poller);
  return zuora__poller_fd(engine->poller);
}

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

/* What the engine has to say where the call gives no value. */
static zuora_value stand_in(const zuora_engine *engine,
                            const zuora_operation *operation,
                            const zuora_value *values, const zuora_parameter *p)
{
  zuora_value value = {NULL, 0, 0, 0};
  const zuora_text *text = &engine->secrets[p->secret];
  size_t i;
  for (i = 0; i < ZUORA_DEFAULTS; i++)
    if (engine->defaults[i].parameter == p &&
        !group_is_given(operation, values, p->group))
      text = &engine->defaults[i].value;
  if (!text->size)
    return value;
  value.data = text->data;
  value.size = text->size;
  value.present = 1;
  return value;
}

zuora_code zuora_exchange_new(zuora_exchange **out, zuora_engine *engine,
                              const zuora_operation *operation,
                              const zuora_value *values, zuora_error *error)
{
  zuora_value all[ZUORA_PARAMETERS];
  zuora_exchange *x = calloc(1, sizeof *x);
  zuora_code code;
  size_t i;
  *out = NULL;
  if (!x)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  for (i = 0; operation->parameters[i]; i++)
    all[i] = values[i].present ? values[i]
                               : stand_in(engine, operation, values,
                                          operation->parameters[i]);
  zuora__request_init(&x->request);
  zuora__text_init(&x->body, engine->max_body);
  zuora_response_clear(&x->response);
  x->engine = engine;
  x->next = engine->all;
  if (x->next)
    x->next->previous = x;
  engine->all = x;
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
  if (x->previous)
    x->previous->next = x->next;
  else if (x->engine)
    x->engine->all = x->next;
  if (x->next)
    x->next->previous = x->previous;
  zuora__request_free(&x->request);
  zuora__text_free(&x->body);
  zuora_response_clear(&x->response);
  free(x);
}

/* ---- running ------------------------------------------------------------ */

static void add_secret(zuora_text *lines, const char *name,
                       const zuora_text *secret)
{
  zuora__text_put(lines, name);
  zuora__text_add(lines, secret->data, secret->size);
  zuora__text_add(lines, "", 1);
}

void zuora__sign(zuora_text *lines, const zuora_engine *engine, zuora_sign sign)
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
  if (x->state == ZUORA_WAITING || x->state == ZUORA_RUNNING)
    return zuora__fail(error, ZUORA_MISUSE, NULL, "it is in flight already");
  if (!has_credentials(engine, sign))
    return zuora__fail(error, ZUORA_MISUSE, NULL,
                       "there are no credentials of that kind");
  code = zuora__engine_open(engine, error);
  if (code)
    return code;
  zuora__text_clear(&x->body);
  zuora_response_clear(&x->response);
  memset(&x->error, 0, sizeof x->error);
  x->head_size = 0;
  x->starts = 0;
  x->detail[0] = '\0';
  x->sign = sign;
  x->submitted = zuora_clock();
  x->due = x->submitted + (delay > 0 ? delay : 0);
  x->deadline = x->due + (limit > 0 ? limit : engine->timeout);
  enqueue(engine, x);
  return ZUORA_OK;
}

void zuora__exchange_end(zuora_exchange *exchange)
{
  exchange->response.seconds = zuora_clock() - exchange->submitted;
  zuora__response_settle(&exchange->response, (double)time(NULL));
  exchange->state = ZUORA_ENDED;
  exchange->engine->ended++;
}

void zuora_exchange_cancel(zuora_exchange *exchange)
{
  zuora_exchange *x = exchange;
  if (x->state == ZUORA_WAITING)
    dequeue(x->engine, x);
  else if (x->state == ZUORA_RUNNING)
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

/* ---- what came ---------------------------------------------------------- */

int zuora_exchange_done(const zuora_exchange *exchange)
{
  return exchange->state == ZUORA_ENDED;
}

int zuora_exchange_sent(const zuora_exchange *exchange)
{
  return exchange->starts > 0;
}

void zuora_exchange_attempt(zuora_attempt *out, const zuora_exchange *exchange)
{
  const zuora_response *response = &exchange->response;
  out->code = exchange->error.code;
  out->sent = exchange->starts > 0;
  out->writes = exchange->request.writes;
  out->keyed = exchange->request.keyed;
  out->status = response->status > 0 ? (int)response->status : 0;
  out->category = -1;
  out->number = 1;
  out->retry_after = response->retry_after;
  out->rate_reset = response->rate_remaining == 0 ? response->rate_reset : -1;
  out->left = exchange->deadline - zuora_clock();
  out->chance = 1;
}

const zuora_request *zuora_exchange_request(const zuora_exchange *exchange)
{
  return &exchange->request;
}

const zuora_error *zuora_exchange_error(const zuora_exchange *exchange)
{
  return &exchange->error;
}

const zuora_response *zuora_exchange_response(const zuora_exchange *exchange)
{
  return &exchange->response;
}

const char *zuora_exchange_body(const zuora_exchange *exchange, size_t *size)
{
  *size = exchange->body.size;
  return exchange->body.data ? exchange->body.data : "";
}

static zuora_code keep_token(zuora_exchange *x, zuora_grant *grant,
                             zuora_error *error)
{
  char token[8192], expires[32];
  const char *json = x->body.data ? x->body.data : "";
  zuora_code code;
  if (!zuora__json_member(token, sizeof token, json, x->body.size,
                          "access_token") ||
      !token[0])
    return zuora__fail(error, ZUORA_PROTOCOL, NULL,
                       "the answer holds no access token");
  if (zuora__json_member(expires, sizeof expires, json, x->body.size,
                         "expires_in"))
    grant->expires_in = strtod(expires, NULL);
  zuora__json_member(grant->scope, sizeof grant->scope, json, x->body.size,
                     "scope");
  code = zuora_engine_set_secret(x->engine, ZUORA_ACCESS_TOKEN, token,
                                 strlen(token), error);
  zuora__wipe(token, sizeof token);
  zuora__text_wipe(&x->body);
  return code;
}

zuora_code zuora_exchange_keep(zuora_exchange *exchange, zuora_secret secret,
                               zuora_grant *grant, zuora_error *error)
{
  const char *session = exchange->response.session;
  grant->expires_in = -1;
  grant->scope[0] = '\0';
  if (!exchange->engine)
    return zuora__fail(error, ZUORA_MISUSE, NULL, "the client is closed");
  if (secret == ZUORA_ACCESS_TOKEN)
    return keep_token(exchange, grant, error);
  if (secret != ZUORA_SESSION || !session[0])
    return zuora__fail(error, ZUORA_PROTOCOL, NULL,
                       "the answer holds no session");
  return zuora_engine_set_secret(exchange->engine, ZUORA_SESSION, session,
                                 strlen(session), error);
}
