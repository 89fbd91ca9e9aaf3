/* answer.c: what came of an exchange that has ended. */
#include <stdlib.h>
#include <string.h>

#include "engine.h"

int zuora_exchange_done(const zuora_exchange *exchange)
{
  return exchange->state == ZUORA_ENDED;
}

unsigned long zuora_exchange_id(const zuora_exchange *exchange)
{
  return exchange->id;
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

int zuora_exchange_succeeded(const zuora_exchange *exchange)
{
  static const char *const parts[] = {"{", "\"success\"", ":", "true", "}"};
  const char *at = exchange->body.data;
  size_t i;
  for (i = 0; at && i < sizeof parts / sizeof *parts; i++) {
    size_t size = strlen(parts[i]);
    at += strspn(at, " \t\r\n");
    if (strncmp(at, parts[i], size) != 0)
      return 0;
    at += size;
  }
  return at && !at[strspn(at, " \t\r\n")] &&
         strlen(exchange->body.data) == exchange->body.size;
}

/* Seconds, or -1 for what makes no sense. */
static double read_seconds(const char *text)
{
  char *end;
  double value = strtod(text, &end);
  return end > text && !*end && value >= 0 && value < 1e9 ? value : -1;
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
    grant->expires_in = read_seconds(expires);
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
