/* operation.c: the table of operations. A row is all that there is to say of
 * a call; everything else reads it. Rules and limits: Zuora's "Older API
 * Reference", 2026-09-11, where nothing else is named. */
#include "zuora.h"

#include <string.h>

/* ---- parameters of every call ------------------------------------------- */

static const zuora_parameter zuora_track_id = {
    .name = "zuora_track_id",
    .wire = "Zuora-Track-Id",
    .about = "your id of the call; Zuora returns and logs it",
    .refused = ":;\"'",
    .place = ZUORA_IN_HEADER,
    .minimum = 1,
    .maximum = 64};

static const zuora_parameter zuora_entity_ids = {
    .name = "zuora_entity_ids",
    .wire = "Zuora-Entity-Ids",
    .about = "the entity on whose behalf; needed when a token covers several",
    .group = "entity",
    .place = ZUORA_IN_HEADER,
    .minimum = 1};

/* Both from the 2017 and 2022 references, deprecated since. */
static const zuora_parameter entity_id = {
    .name = "entity_id",
    .wire = "entityId",
    .about = "the entity, by id; the legacy form of zuora_entity_ids",
    .group = "entity",
    .place = ZUORA_IN_HEADER,
    .minimum = 1};

static const zuora_parameter entity_name = {
    .name = "entity_name",
    .wire = "entityName",
    .about = "the entity, by name; the legacy form of zuora_entity_ids",
    .group = "entity",
    .place = ZUORA_IN_HEADER,
    .minimum = 1};

/* W3C Trace Context; Zuora ignores it, what stands before it may not. */
static const zuora_parameter traceparent = {
    .name = "traceparent",
    .wire = "traceparent",
    .about = "the trace that the call belongs to, by W3C Trace Context",
    .place = ZUORA_IN_HEADER,
    .minimum = 55,
    .maximum = 255};

/* ---- how a call is made ------------------------------------------------- */

enum { DAY = 86400 };

static const zuora_parameter timeout = {
    .name = "timeout",
    .about = "seconds for the whole call: waiting, tries and settling; 130",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = DAY};

static const zuora_parameter attempt_timeout = {
    .name = "attempt_timeout",
    .about = "seconds for one try; as long as the call has",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = DAY};

static const zuora_parameter deadline = {
    .name = "deadline",
    .about = "the Unix time at which the call ends, if timeout has not",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = 2147483647};

static const zuora_parameter max_attempts = {
    .name = "max_attempts",
    .about = "how often a call is sent at most; 4",
    .kind = ZUORA_INTEGER,
    .place = ZUORA_IN_CALL,
    .minimum = 1,
    .maximum = 100};

static const zuora_parameter backoff_base = {
    .name = "backoff_base",
    .about = "seconds: the bound of the first wait, doubled with each; 1",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = DAY};

static const zuora_parameter backoff_cap = {
    .name = "backoff_cap",
    .about = "seconds: what that bound does not pass; 60",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = DAY};

static const zuora_parameter max_retry_wait = {
    .name = "max_retry_wait",
    .about = "seconds: a longer wait ends the call instead; 60",
    .kind = ZUORA_NUMBER,
    .place = ZUORA_IN_CALL,
    .maximum = DAY};

static const zuora_parameter settle = {
    .name = "settle",
    .about = "false: do not read back what became of an uncertain change",
    .kind = ZUORA_BOOLEAN,
    .place = ZUORA_IN_CALL};

static const zuora_parameter dry_run = {
    .name = "dry_run",
    .about = "true: return the finished request instead of sending it",
    .kind = ZUORA_BOOLEAN,
    .place = ZUORA_IN_CALL};

#define COMMON                                                                 \
  &zuora_track_id, &zuora_entity_ids, &entity_id, &entity_name, &traceparent,  \
      &timeout, &attempt_timeout, &deadline, &max_attempts, &backoff_base,     \
      &backoff_cap, &max_retry_wait, &settle, &dry_run

/* ---- parameters of calls with a body ------------------------------------ */

static const zuora_parameter idempotency_key = {
    .name = "idempotency_key",
    .wire = "Idempotency-Key",
    .about = "makes a repeated POST or PATCH have one effect, for 24 hours",
    .place = ZUORA_IN_HEADER,
    .minimum = 1,
    .maximum = 255};

static const zuora_parameter content_encoding = {
    .name = "content_encoding",
    .wire = "Content-Encoding",
    .about = "\"gzip\" compresses the body",
    .choices = "gzip",
    .place = ZUORA_IN_HEADER};

/* ---- entity connections ------------------------------------------------- */

static const zuora_parameter type = {
    .name = "type",
    .wire = "type",
    .about = "inbound: the entity is the target; outbound: it is the source; "
             "neither: both",
    .choices = "inbound|outbound",
    .place = ZUORA_IN_QUERY};

static const zuora_parameter page_size = {
    .name = "page_size",
    .wire = "pageSize",
    .about = "connections in a page; Zuora's default is 30",
    .kind = ZUORA_INTEGER,
    .place = ZUORA_IN_QUERY,
    .minimum = 1,
    .maximum = 300};

static const zuora_parameter page = {.name = "page",
                                     .wire = "page",
                                     .about = "number of the page, from 1",
                                     .needs = "page_size",
                                     .kind = ZUORA_INTEGER,
                                     .place = ZUORA_IN_QUERY,
                                     .minimum = 1};

static const zuora_parameter next_page = {
    .name = "next_page",
    .about = "nextPage of the answer before, in place of type, page and "
             "page_size",
    .place = ZUORA_AS_TARGET,
    .minimum = 1};

static const zuora_parameter target_entity_id = {
    .name = "target_entity_id",
    .wire = "targetEntityId",
    .about = "the entity to connect to, 32 characters at most",
    .place = ZUORA_IN_BODY,
    .flags = ZUORA_REQUIRED | ZUORA_POSITIONAL,
    .minimum = 1,
    .maximum = 32};

static const zuora_parameter connection_id = {.name = "connection_id",
                                              .wire = "connection-id",
                                              .about = "the connection's id",
                                              .place = ZUORA_IN_PATH,
                                              .flags = ZUORA_REQUIRED |
                                                       ZUORA_POSITIONAL,
                                              .minimum = 1};

/* ---- logging in --------------------------------------------------------- */

static const zuora_parameter api_access_key_id = {
    .name = "api_access_key_id",
    .wire = "apiAccessKeyId",
    .about = "login name; the client's own where not given",
    .place = ZUORA_IN_HEADER,
    .flags = ZUORA_REQUIRED | ZUORA_POSITIONAL,
    .minimum = 1,
    .secret = ZUORA_API_ACCESS_KEY_ID};

static const zuora_parameter api_secret_access_key = {
    .name = "api_secret_access_key",
    .wire = "apiSecretAccessKey",
    .about = "password; the client's own where not given",
    .place = ZUORA_IN_HEADER,
    .flags = ZUORA_REQUIRED | ZUORA_POSITIONAL,
    .minimum = 1,
    .secret = ZUORA_API_SECRET_ACCESS_KEY};

static const zuora_parameter client_id = {.name = "client_id",
                                          .wire = "client_id",
                                          .about = "the OAuth client",
                                          .place = ZUORA_IN_FORM,
                                          .flags = ZUORA_REQUIRED,
                                          .minimum = 1,
                                          .secret = ZUORA_CLIENT_ID};

static const zuora_parameter client_secret = {.name = "client_secret",
                                              .wire = "client_secret",
                                              .about = "its secret",
                                              .place = ZUORA_IN_FORM,
                                              .flags = ZUORA_REQUIRED,
                                              .minimum = 1,
                                              .secret = ZUORA_CLIENT_SECRET};

static const zuora_parameter grant_type = {.name = "grant_type",
                                           .wire = "grant_type",
                                           .about = "the kind of grant",
                                           .choices = "client_credentials",
                                           .place = ZUORA_IN_FORM,
                                           .flags = ZUORA_REQUIRED};

/* ---- entities ----------------------------------------------------------- */

static const zuora_parameter id = {.name = "id",
                                   .wire = "id",
                                   .about = "the entity's id",
                                   .place = ZUORA_IN_PATH,
                                   .flags = ZUORA_REQUIRED | ZUORA_POSITIONAL,
                                   .minimum = 1};

static const zuora_parameter provisioned = {
    .name = "provisioned",
    .wire = "provisioned",
    .about = "true: those in use; false: the others; neither: all",
    .kind = ZUORA_BOOLEAN,
    .place = ZUORA_IN_QUERY};

/* ---- any other call ----------------------------------------------------- */

static const zuora_parameter method = {.name = "method",
                                       .about = "GET where not given",
                                       .choices = "GET|POST|PUT|PATCH|DELETE",
                                       .place = ZUORA_AS_METHOD};

static const zuora_parameter path = {
    .name = "path",
    .about = "from the root, as in \"/v1/accounts\", or a URL of the same "
             "origin",
    .place = ZUORA_AS_TARGET,
    .flags = ZUORA_REQUIRED,
    .minimum = 1};

static const zuora_parameter query = {.name = "query",
                                      .about = "query parameters",
                                      .kind = ZUORA_PAIRS,
                                      .place = ZUORA_IN_QUERY};

static const zuora_parameter headers = {.name = "headers",
                                        .about = "further headers",
                                        .kind = ZUORA_PAIRS,
                                        .place = ZUORA_IN_HEADER};

static const zuora_parameter body = {.name = "body",
                                     .about = "a table, or JSON text",
                                     .place = ZUORA_AS_CONTENT,
                                     .minimum = 1};

/* ---- the table ---------------------------------------------------------- */

static const zuora_operation table[] = {
    {"connections.list",
     "GET",
     "/v1/entity-connections",
     "the connections of an entity, a page at a time",
     "entityConnections",
     0,
     {&type, &page_size, &page, &next_page, COMMON}},
    {"connections.initiate",
     "POST",
     "/v1/entity-connections",
     "asks another entity for a connection; it is Pending until accepted",
     NULL,
     ZUORA_WRITES,
     {&target_entity_id, &idempotency_key, &content_encoding, COMMON}},
    {"connections.accept",
     "PUT",
     "/v1/entity-connections/{connection-id}/accept",
     "accepts a pending connection, as the target",
     NULL,
     ZUORA_WRITES,
     {&connection_id, COMMON}},
    {"connections.deny",
     "PUT",
     "/v1/entity-connections/{connection-id}/deny",
     "denies a pending connection, as the target",
     NULL,
     ZUORA_WRITES,
     {&connection_id, COMMON}},
    {"connections.disconnect",
     "PUT",
     "/v1/entity-connections/{connection-id}/disconnect",
     "ends a connection, from either side; what was shared from the global "
     "entity is cut off for good",
     NULL,
     ZUORA_WRITES | ZUORA_FINAL,
     {&connection_id, COMMON}},
    {"session.establish",
     "POST",
     "/v1/connections",
     "logs in with name and password for a session",
     NULL,
     ZUORA_UNSIGNED,
     {&api_access_key_id, &api_secret_access_key, &idempotency_key, COMMON}},
    {"entities.list",
     "GET",
     "/v1/entities",
     "the entities of the tenant",
     NULL,
     0,
     {&provisioned, COMMON}},
    {"entities.get",
     "GET",
     "/v1/entities/{id}",
     "one entity",
     NULL,
     0,
     {&id, COMMON}},
    {"oauth.token",
     "POST",
     "/oauth/token",
     "an access token for an OAuth client",
     NULL,
     ZUORA_UNSIGNED | ZUORA_INTERNAL,
     {&client_id, &client_secret, &grant_type}},
    {"request",
     NULL,
     NULL,
     "any other call",
     NULL,
     0,
     {&method, &path, &query, &headers, &body, &idempotency_key,
      &content_encoding, COMMON}}};

const zuora_operation *zuora_operations(size_t *count)
{
  *count = sizeof table / sizeof *table;
  return table;
}

const zuora_operation *zuora_operation_find(const char *name)
{
  size_t i, count;
  const zuora_operation *row = zuora_operations(&count);
  for (i = 0; i < count; i++)
    if (!strcmp(row[i].name, name))
      return &row[i];
  return NULL;
}
