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
  static const char usual[] = "{\"success\": true}";
  static const char *const parts[] = {"{", "\"success\"", ":", "true", "}"};
  const zuora_text *body = &exchange->body;
  const char *at = body->data;
  size_t i;
  if (body->size == sizeof usual - 1 && !memcmp(at, usual, sizeof usual))
    return 1;
  for (i = 0; at && i < sizeof parts / sizeof *parts; i++) {
    size_t size = strlen(parts[i]);
    at += strspn(at, " \t\r\n");
    if (strncmp(at, parts[i], size) != 0)
      return 0;
    at += size;
  }
  return at && !at[strspn(at, " \t\r\n")] && strlen(body->data) == body->size;
}
