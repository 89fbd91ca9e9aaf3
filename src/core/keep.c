/* keep.c: takes the secret out of an answer that grants one. It goes into the
 * engine's own memory and nowhere else. */
#include <stdlib.h>
#include <string.h>

#include "engine.h"

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
  /* One that is too long is kept in part: it names several entities still. */
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
