/* settings.c: what an engine knows before it does anything: its options, its
 * secrets, the defaults of its calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { VALUE_LIMIT = 8192, AGENT_LIMIT = 1024 };

static char *copy_string(const char *string)
{
  return string ? zuora__strdup(string) : NULL;
}

void zuora_engine_options_init(zuora_engine_options *options)
{
  memset(options, 0, sizeof *options);
  options->connect_timeout = 10;
  options->timeout = 130;
  options->max_body = (size_t)64 * 1024 * 1024;
  options->max_concurrency = 32;
}

static int copy_options(zuora_engine *engine,
                        const zuora_engine_options *options)
{
  size_t i;
  engine->user_agent = copy_string(
      options->user_agent ? options->user_agent : "zuora/" ZUORA_VERSION);
  engine->ca_file = copy_string(options->ca_file);
  engine->proxy = copy_string(options->proxy);
  engine->connect_timeout = options->connect_timeout < ZUORA_LONGEST
                                ? options->connect_timeout
                                : ZUORA_LONGEST;
  engine->timeout = options->timeout;
  engine->max_body = options->max_body;
  engine->max_concurrency = options->max_concurrency;
  engine->timings = options->timings;
  engine->timer = -1;
  zuora__text_init(&engine->fixed, VALUE_LIMIT);
  zuora__text_init(&engine->codings, VALUE_LIMIT);
  for (i = 0; i < ZUORA_SECRET_COUNT; i++)
    zuora__text_init(&engine->secrets[i], VALUE_LIMIT);
  for (i = 0; i < ZUORA_REPLACED; i++)
    zuora__text_init(&engine->replaced[i], VALUE_LIMIT);
  for (i = 0; i < ZUORA_DEFAULTS; i++)
    zuora__text_init(&engine->defaults[i].value, VALUE_LIMIT);
  return engine->user_agent && (engine->ca_file || !options->ca_file) &&
         (engine->proxy || !options->proxy);
}

static zuora_code check_options(zuora_engine *engine,
                                const zuora_engine_options *options,
                                zuora_error *error)
{
  const char *agent = options->user_agent ? options->user_agent : "";
  if (!options->base_url)
    return zuora__fail(error, ZUORA_MISUSE, "base_url", "is required");
  if (options->max_concurrency < 1)
    return zuora__fail(error, ZUORA_ARGUMENT, "max_concurrency",
                       "must be at least 1");
  if (strlen(agent) > AGENT_LIMIT)
    return zuora__fail(error, ZUORA_ARGUMENT, "user_agent",
                       "may not be longer than %d bytes", AGENT_LIMIT);
  if (zuora__header_fault(agent, strlen(agent)) >= 0)
    return zuora__fail(error, ZUORA_ARGUMENT, "user_agent",
                       "may not hold control characters");
  return zuora__base_read(&engine->base, options->base_url,
                          options->allow_insecure, error);
}

zuora_code zuora_engine_new(zuora_engine **out,
                            const zuora_engine_options *options,
                            zuora_error *error)
{
  zuora_engine *engine = zuora__calloc(1, sizeof *engine);
  zuora_code code;
  *out = NULL;
  if (!engine)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  code = check_options(engine, options, error);
  if (!code && !copy_options(engine, options))
    code = zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  if (code)
    zuora_engine_free(engine);
  else
    *out = engine;
  return code;
}

void zuora_engine_free(zuora_engine *engine)
{
  size_t i;
  if (!engine)
    return;
  zuora__engine_own(engine);
  zuora_engine_cancel(engine);
  while (engine->all) {
    zuora_exchange *x = engine->all;
    engine->all = x->next;
    x->engine = NULL;
    x->queue = NULL;
    x->previous = x->next = x->queue_previous = x->queue_next = NULL;
  }
  zuora__exchange_drop_spare(engine);
  zuora__engine_close(engine);
  zuora__text_free(&engine->fixed);
  zuora__text_free(&engine->codings);
  for (i = 0; i < ZUORA_SECRET_COUNT; i++)
    zuora__text_free(&engine->secrets[i]);
  for (i = 0; i < ZUORA_REPLACED; i++)
    zuora__text_free(&engine->replaced[i]);
  for (i = 0; i < ZUORA_DEFAULTS; i++)
    zuora__text_free(&engine->defaults[i].value);
  zuora__free(engine->user_agent);
  zuora__free(engine->ca_file);
  zuora__free(engine->proxy);
  zuora__free(engine);
}

const char *zuora_engine_base_url(const zuora_engine *engine)
{
  return engine->base.url;
}

int zuora_engine_fd(zuora_engine *engine)
{
  zuora__engine_own(engine);
  if (!engine->poller)
    return -1;
  zuora__poller_flush(engine->poller);
  return zuora__poller_fd(engine->poller);
}

int zuora_engine_busy(const zuora_engine *engine)
{
  return engine->waiting + engine->running;
}

int zuora__engine_direct(const zuora_engine *engine)
{
  static const char *const names[] = {"http_proxy", "https_proxy",
                                      "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  size_t i;
  if (engine->proxy)
    return !*engine->proxy;
  for (i = 0; i < sizeof names / sizeof *names; i++)
    if (getenv(names[i]))
      return 0;
  return 1;
}

void zuora__engine_write_fixed(zuora_engine *engine, int brotli, int zstd)
{
  zuora_text *fixed = &engine->fixed, *codings = &engine->codings;
  zuora__text_clear(fixed);
  zuora__text_put(fixed, "User-Agent: ");
  zuora__text_put(fixed, engine->user_agent);
  zuora__text_add(fixed, "", 1);
  zuora__text_clear(codings);
  zuora__text_put(codings, "Accept-Encoding: gzip");
  zuora__text_put(codings, brotli ? ", br" : "");
  zuora__text_put(codings, zstd ? ", zstd" : "");
  zuora__text_add(codings, "", 1);
}

/* ---- secrets ------------------------------------------------------------ */

static const char *const secret_names[ZUORA_SECRET_COUNT] = {
    NULL,           "client_id",         "client_secret",
    "access_token", "api_access_key_id", "api_secret_access_key",
    "session",      "given_secret"};

const char *zuora_secret_name(zuora_secret secret)
{
  return secret > ZUORA_NO_SECRET && secret < ZUORA_SECRET_COUNT
             ? secret_names[secret]
             : NULL;
}

static int is_text(const zuora_text *text, const char *data, size_t size)
{
  return size == text->size && (!size || !memcmp(text->data, data, size));
}

/* Whether it is masked without that place: the same came by another way, as a
 * cookie is given and then kept. */
static int is_known(const zuora_engine *engine, const zuora_text *secret)
{
  int i;
  for (i = 0; i < ZUORA_REPLACED; i++)
    if (is_text(&engine->replaced[i], secret->data, secret->size))
      return 1;
  for (i = 0; i < ZUORA_SECRET_COUNT; i++)
    if (&engine->secrets[i] != secret && zuora__is_masked((zuora_secret)i) &&
        is_text(&engine->secrets[i], secret->data, secret->size))
      return 1;
  return 0;
}

/* Changes places with the oldest of those that were replaced. */
static void put_by(zuora_engine *engine, zuora_text *secret)
{
  zuora_text *oldest = &engine->replaced[engine->oldest], swap = *oldest;
  *oldest = *secret;
  *secret = swap;
  engine->oldest = (engine->oldest + 1) % ZUORA_REPLACED;
}

zuora_code zuora_engine_set_secret(zuora_engine *engine, zuora_secret secret,
                                   const char *data, size_t size,
                                   zuora_error *error)
{
  const char *name = zuora_secret_name(secret);
  zuora_text *text;
  if (!name)
    return zuora__fail(error, ZUORA_MISUSE, NULL, "there is no such secret");
  if (size > VALUE_LIMIT || zuora__header_fault(data, size) >= 0)
    return zuora__fail(error, ZUORA_ARGUMENT, name,
                       "may not be longer than %d bytes or hold control "
                       "characters",
                       VALUE_LIMIT);
  text = &engine->secrets[secret];
  if (is_text(text, data, size))
    return ZUORA_OK;
  if (text->size && zuora__is_masked(secret) && !is_known(engine, text))
    put_by(engine, text);
  zuora__text_wipe(text);
  zuora__text_add(text, data, size);
  if (text->failed)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  return ZUORA_OK;
}

void zuora__keep_given(zuora_engine *engine, zuora_secret secret,
                       const zuora_value *value)
{
  zuora_error error;
  if (secret == ZUORA_API_SECRET_ACCESS_KEY || secret == ZUORA_CLIENT_SECRET)
    zuora_engine_set_secret(engine, ZUORA_GIVEN_SECRET, value->data,
                            value->size, &error);
}

const char *zuora_engine_secret(const zuora_engine *engine, zuora_secret secret,
                                size_t *size)
{
  *size = zuora_engine_has_secret(engine, secret) ? engine->secrets[secret].size
                                                  : 0;
  return *size ? engine->secrets[secret].data : NULL;
}

int zuora_engine_has_secret(const zuora_engine *engine, zuora_secret secret)
{
  return secret < ZUORA_SECRET_COUNT && engine->secrets[secret].size > 0;
}

/* ---- defaults ----------------------------------------------------------- */

/* The parameter of that name, of whatever operation has it first. */
static const zuora_parameter *find_parameter(const char *name)
{
  size_t i, k, count;
  const zuora_operation *row = zuora_operations(&count);
  for (i = 0; i < count; i++)
    for (k = 0; row[i].parameters[k]; k++)
      if (!strcmp(row[i].parameters[k]->name, name))
        return row[i].parameters[k];
  return NULL;
}

zuora_code zuora_engine_set_default(zuora_engine *engine, const char *name,
                                    const char *data, size_t size,
                                    zuora_error *error)
{
  const zuora_parameter *p = find_parameter(name);
  zuora_value value = {data, size, 0, 1};
  zuora_default *slot = engine->defaults;
  zuora_default *end = slot + engine->default_count;
  zuora_code code;
  while (slot < end && slot->parameter != p)
    slot++;
  if (!p || p->place != ZUORA_IN_HEADER || p->kind != ZUORA_STRING ||
      slot == engine->defaults + ZUORA_DEFAULTS)
    return zuora__fail(error, ZUORA_MISUSE, NULL,
                       "there is no default for %.40s", name);
  code = zuora__value_check(p, &value, error);
  if (code)
    return code;
  zuora__text_clear(&slot->value);
  zuora__text_add(&slot->value, data, size);
  if (slot->value.failed)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  slot->parameter = p;
  engine->default_count += slot == end;
  return ZUORA_OK;
}

/* ---- codes -------------------------------------------------------------- */

const char *zuora_code_name(zuora_code code)
{
  static const char *const names[] = {"ok",       "misuse",    "argument",
                                      "network",  "timeout",   "tls",
                                      "protocol", "cancelled", "memory"};
  return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}
