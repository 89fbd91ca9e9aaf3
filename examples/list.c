/* list.c: prints the first page of an entity's connections, with the core
 * alone; no Lua anywhere.
 *
 * usage: list [inbound|outbound]
 *
 * Reads ZUORA_BASE_URL, ZUORA_CLIENT_ID, ZUORA_CLIENT_SECRET and, if they are
 * set, ZUORA_ENTITY_IDS and ZUORA_CA_FILE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zuora.h"

static int complain(const char *what, const zuora_error *error)
{
  fprintf(stderr, "list: %s: %s%s%s (%s)\n", what,
          error->parameter ? error->parameter : "", error->parameter ? " " : "",
          error->message, zuora_code_name(error->code));
  return 1;
}

/* Gives the parameter `name` of the operation a value. */
static void set(const zuora_operation *operation, zuora_value *values,
                const char *name, const char *text)
{
  size_t i;
  for (i = 0; operation->parameters[i]; i++)
    if (text && !strcmp(operation->parameters[i]->name, name)) {
      values[i].data = text;
      values[i].size = strlen(text);
      values[i].present = 1;
    }
}

/* Submits the exchange and steps the engine until it has ended. */
static zuora_code run(zuora_engine *engine, zuora_exchange *exchange,
                      zuora_sign sign, zuora_error *error)
{
  zuora_code code = zuora_exchange_submit(exchange, sign, 0, 0, error);
  int ended;
  while (!code && !zuora_exchange_done(exchange))
    code = zuora_engine_step(&ended, engine, 60);
  if (!code) {
    *error = *zuora_exchange_error(exchange);
    code = error->code;
  }
  return code;
}

static zuora_code log_in(zuora_engine *engine, zuora_error *error)
{
  const zuora_operation *operation = zuora_operation_find("oauth.token");
  zuora_value values[ZUORA_PARAMETERS] = {{0}};
  zuora_exchange *exchange;
  zuora_grant grant;
  zuora_code code;
  set(operation, values, "client_id", getenv("ZUORA_CLIENT_ID"));
  set(operation, values, "client_secret", getenv("ZUORA_CLIENT_SECRET"));
  set(operation, values, "grant_type", "client_credentials");
  code = zuora_exchange_new(&exchange, engine, operation, values, error);
  if (!code)
    code = run(engine, exchange, ZUORA_SIGN_NONE, error);
  if (!code)
    code = zuora_exchange_keep(exchange, ZUORA_ACCESS_TOKEN, &grant, error);
  zuora_exchange_free(exchange);
  return code;
}

static zuora_code list(zuora_engine *engine, const char *type,
                       zuora_error *error)
{
  const zuora_operation *operation = zuora_operation_find("connections.list");
  zuora_value values[ZUORA_PARAMETERS] = {{0}};
  zuora_exchange *exchange;
  zuora_code code;
  size_t size;
  set(operation, values, "type", type);
  set(operation, values, "zuora_entity_ids", getenv("ZUORA_ENTITY_IDS"));
  code = zuora_exchange_new(&exchange, engine, operation, values, error);
  if (!code)
    code = run(engine, exchange, ZUORA_SIGN_TOKEN, error);
  if (!code) {
    const zuora_response *response = zuora_exchange_response(exchange);
    fprintf(stderr, "HTTP %.0f, request id %s\n", response->status,
            response->request_id);
    puts(zuora_exchange_body(exchange, &size));
  }
  zuora_exchange_free(exchange);
  return code;
}

int main(int count, char **arguments)
{
  zuora_engine_options options;
  zuora_engine *engine;
  zuora_error error;
  int failed;
  zuora_engine_options_init(&options);
  options.base_url = getenv("ZUORA_BASE_URL");
  options.ca_file = getenv("ZUORA_CA_FILE");
  if (!options.base_url) {
    fputs("list: ZUORA_BASE_URL is not set; see the head of list.c\n", stderr);
    return 2;
  }
  if (zuora_engine_new(&engine, &options, &error))
    return complain("cannot start", &error);
  failed = log_in(engine, &error) && complain("cannot log in", &error);
  failed = failed || (list(engine, count > 1 ? arguments[1] : NULL, &error) &&
                      complain("cannot list", &error));
  zuora_engine_free(engine);
  return failed;
}
