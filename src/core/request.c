/* request.c: operation + values -> method, URL, headers, body. No I/O. */
#include "request.h"

#include <stdio.h>
#include <string.h>

enum { URL_LIMIT = 8192, HEADERS_LIMIT = 65536, BODY_LIMIT = 64 * 1024 * 1024 };

/* A value that the call has, and what it is. A list of them ends with one that
 * has no parameter. */
typedef struct given {
  const zuora_parameter *parameter;
  const zuora_value *value;
} given;

/* ---- building ----------------------------------------------------------- */

void zuora__request_init(zuora_request *request)
{
  memset(request, 0, sizeof *request);
  zuora__text_init(&request->url, URL_LIMIT);
  zuora__text_init(&request->headers, HEADERS_LIMIT);
  zuora__text_init(&request->body, BODY_LIMIT);
}

void zuora__request_free(zuora_request *request)
{
  zuora__text_free(&request->url);
  zuora__text_free(&request->headers);
  zuora__text_free(&request->body);
}

void zuora__request_clear(zuora_request *request)
{
  request->writes = request->keyed = request->names_entity = 0;
  zuora__text_wipe(&request->url);
  zuora__text_wipe(&request->headers);
  zuora__text_wipe(&request->body);
}

static void add_header(zuora_request *request, const char *name,
                       const char *value, size_t size)
{
  zuora__text_put(&request->headers, name);
  zuora__text_put(&request->headers, ": ");
  zuora__text_add(&request->headers, value, size);
  zuora__text_add(&request->headers, "", 1);
}

/* A line that is the same in every request. */
#define ADD_LINE(request, line)                                                \
  zuora__text_add(&(request)->headers, line, sizeof line)

static void add_query(zuora_request *request, const char *name, size_t length,
                      const char *value, size_t size)
{
  zuora_text *url = &request->url;
  int first = !url->data || !memchr(url->data, '?', url->size);
  zuora__text_put(url, first ? "?" : "&");
  zuora__text_add_percent(url, name, length);
  zuora__text_put(url, "=");
  zuora__text_add_percent(url, value, size);
}

/* A value as text; numbers are written into `digits`. */
static const char *value_text(const zuora_parameter *p, const zuora_value *v,
                              char digits[32], size_t *size)
{
  if (p->kind == ZUORA_STRING) {
    *size = v->size;
    return v->data;
  }
  if (p->kind == ZUORA_BOOLEAN)
    strcpy(digits, v->number != 0 ? "true" : "false");
  else
    snprintf(digits, 32, "%.0f", v->number);
  *size = strlen(digits);
  return digits;
}

/* The row's path, its {parameters} filled in by their wire names. */
static void add_path(zuora_request *request, const given *all)
{
  const char *path = request->operation->path, *name;
  const given *g;
  while ((name = strchr(path, '{'))) {
    zuora__text_add(&request->url, path, (size_t)(name - path));
    for (g = all; g->parameter; g++)
      if (g->parameter->place == ZUORA_IN_PATH &&
          !strncmp(name + 1, g->parameter->wire, strlen(g->parameter->wire)))
        zuora__text_add_percent(&request->url, g->value->data, g->value->size);
    path = strchr(name, '}') + 1;
  }
  zuora__text_put(&request->url, path);
}

/* A path from the root, or a URL that must be of the base's own origin. */
static zuora_code add_target(zuora_request *request, const zuora_base *base,
                             const zuora_parameter *p, const zuora_value *v,
                             zuora_error *error)
{
  zuora_origin origin;
  const char *rest = v->data, *end = v->data + v->size, *fault;
  if (v->data[0] == '/') {
    zuora__text_put(&request->url, base->url);
  } else {
    fault = zuora__origin_read(&origin, &rest, v->data, v->size);
    if (fault)
      return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                         "must begin with / or be a URL of %s",
                         base->origin.text);
    if (strcmp(origin.text, base->origin.text))
      return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                         "leads to another origin than %s, where no "
                         "credentials are sent",
                         base->origin.text);
    zuora__text_put(&request->url, base->origin.text);
  }
  fault = zuora__path_fault(rest, (size_t)(end - rest));
  if (fault)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name, "%s", fault);
  zuora__text_add(&request->url, rest, (size_t)(end - rest));
  return ZUORA_OK;
}

static zuora_code add_url(zuora_request *request, const zuora_base *base,
                          const given *all, zuora_error *error)
{
  const zuora_parameter *target = NULL;
  const given *g;
  for (g = all; g->parameter; g++)
    if (g->parameter->place == ZUORA_AS_TARGET) {
      zuora_code code =
          add_target(request, base, target = g->parameter, g->value, error);
      if (code)
        return code;
    }
  if (!target) {
    zuora__text_put(&request->url, base->url);
    add_path(request, all);
  }
  for (g = all; g->parameter; g++) {
    const zuora_parameter *p = g->parameter;
    char digits[32];
    const char *text;
    size_t size;
    if (p->place != ZUORA_IN_QUERY || p->kind == ZUORA_PAIRS)
      continue;
    if (target)
      return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                         "may not be given together with %s", target->name);
    text = value_text(p, g->value, digits, &size);
    add_query(request, p->wire, strlen(p->wire), text, size);
  }
  return ZUORA_OK;
}

static int is_method(const zuora_request *request, const char *method)
{
  return !strcmp(request->method, method);
}

static void read_method(zuora_request *request, const given *all)
{
  static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  size_t k;
  request->method = request->operation->method;
  if (request->method)
    return;
  request->method = known[0];
  for (; all->parameter; all++)
    for (k = 0; k < sizeof known / sizeof *known; k++)
      if (all->parameter->place == ZUORA_AS_METHOD &&
          zuora__same(all->value->data, all->value->size, known[k]))
        request->method = known[k];
  request->writes = !is_method(request, "GET");
}

static void add_headers(zuora_request *request, const given *all)
{
  ADD_LINE(request, "Accept: application/json");
  for (; all->parameter; all++) {
    const zuora_parameter *p = all->parameter;
    if (p->place != ZUORA_IN_HEADER || p->kind == ZUORA_PAIRS)
      continue;
    add_header(request, p->wire, all->value->data, all->value->size);
    if (p->group)
      request->names_entity = 1;
  }
}

/* One member of the JSON object or one field of the form. */
static void add_member(zuora_request *request, const zuora_parameter *p,
                       const zuora_value *v)
{
  zuora_text *body = &request->body;
  if (p->place == ZUORA_IN_FORM) {
    zuora__text_put(body, body->size ? "&" : "");
    zuora__text_put(body, p->wire);
    zuora__text_put(body, "=");
    zuora__text_add_percent(body, v->data, v->size);
  } else {
    zuora__text_put(body, body->size ? "," : "{");
    zuora__text_add_json(body, p->wire, strlen(p->wire));
    zuora__text_put(body, ":");
    zuora__text_add_json(body, v->data, v->size);
  }
}

/* Calls of the table that have no members send {}, as Zuora's own samples
 * do; no document says whether nothing at all would pass. */
static void add_body(zuora_request *request, const given *all)
{
  zuora_text *body = &request->body;
  int form = 0;
  if (is_method(request, "GET"))
    return;
  for (; all->parameter; all++) {
    zuora_place place = all->parameter->place;
    form |= place == ZUORA_IN_FORM;
    if (place == ZUORA_AS_CONTENT)
      zuora__text_add(body, all->value->data, all->value->size);
    else if (place == ZUORA_IN_FORM || place == ZUORA_IN_BODY)
      add_member(request, all->parameter, all->value);
  }
  if (form) {
    ADD_LINE(request, "Content-Type: application/x-www-form-urlencoded");
    return;
  }
  if (request->operation->method)
    zuora__text_put(body, body->size ? "}" : "{}");
  if (body->size || !is_method(request, "DELETE"))
    ADD_LINE(request, "Content-Type: application/json");
}

/* The one in that place and, unless `wire` is NULL, of that name. */
static const zuora_parameter *find(const given *all, zuora_place place,
                                   const char *wire)
{
  for (; all->parameter; all++)
    if (all->parameter->place == place &&
        (!wire ||
         (all->parameter->wire && !strcmp(all->parameter->wire, wire))))
      return all->parameter;
  return NULL;
}

/* Rules that hang on the method, which only a built request knows. */
static zuora_code check_method(zuora_request *request, const given *all,
                               zuora_error *error)
{
  const zuora_parameter *key = find(all, ZUORA_IN_HEADER, "Idempotency-Key");
  const zuora_parameter *content = find(all, ZUORA_AS_CONTENT, NULL);
  if (key && !is_method(request, "POST") && !is_method(request, "PATCH"))
    return zuora__fail(error, ZUORA_ARGUMENT, key->name,
                       "is taken with POST and PATCH only, not with %s",
                       request->method);
  request->keyed = key != NULL;
  if (content && is_method(request, "GET"))
    return zuora__fail(error, ZUORA_ARGUMENT, content->name,
                       "may not be given with GET");
  return ZUORA_OK;
}

static zuora_code compress(zuora_request *request, const given *all,
                           zuora_error *error)
{
  const zuora_parameter *coding =
      find(all, ZUORA_IN_HEADER, "Content-Encoding");
  if (!coding || request->body.failed)
    return ZUORA_OK;
  if (!request->body.size)
    return zuora__fail(error, ZUORA_ARGUMENT, coding->name,
                       "may only be given together with a body");
  request->body.failed = zuora__gzip(&request->body);
  return ZUORA_OK;
}

/* What the buffers could not hold. */
static zuora_code check_size(const zuora_request *request, zuora_error *error)
{
  if (request->url.failed == ZUORA_ARGUMENT)
    return zuora__fail(error, ZUORA_ARGUMENT, NULL,
                       "the URL is longer than %d bytes", URL_LIMIT);
  if (request->headers.failed == ZUORA_ARGUMENT)
    return zuora__fail(error, ZUORA_ARGUMENT, NULL,
                       "the headers are longer than %d bytes", HEADERS_LIMIT);
  if (request->body.failed == ZUORA_ARGUMENT)
    return zuora__fail(error, ZUORA_ARGUMENT, NULL,
                       "the body is longer than %d bytes", BODY_LIMIT);
  if (request->url.failed || request->headers.failed || request->body.failed)
    return zuora__fail(error, ZUORA_MEMORY, NULL, "out of memory");
  return ZUORA_OK;
}

zuora_code zuora__request_build(zuora_request *request, const zuora_base *base,
                                const zuora_operation *operation,
                                const zuora_value *values, zuora_error *error)
{
  given all[ZUORA_PARAMETERS], *g = all;
  zuora_code code = zuora__values_check(operation, values, error);
  size_t i;
  if (code)
    return code;
  for (i = 0; operation->parameters[i]; i++)
    if (values[i].present) {
      g->parameter = operation->parameters[i];
      g++->value = &values[i];
    }
  g->parameter = NULL;
  request->operation = operation;
  request->writes = (operation->flags & ZUORA_WRITES) != 0;
  read_method(request, all);
  code = check_method(request, all, error);
  if (!code)
    code = add_url(request, base, all, error);
  if (code)
    return code;
  add_headers(request, all);
  add_body(request, all);
  code = compress(request, all, error);
  return code ? code : check_size(request, error);
}

/* ---- pairs -------------------------------------------------------------- */

zuora_code zuora__request_add(zuora_request *request,
                              const zuora_parameter *parameter,
                              const zuora_value *name, const zuora_value *value,
                              zuora_error *error)
{
  zuora_code code;
  if (parameter->place == ZUORA_IN_QUERY) {
    add_query(request, name->data, name->size, value->data, value->size);
    return check_size(request, error);
  }
  code = zuora__header_check(request->operation, parameter, name, value, error);
  if (code)
    return code;
  zuora__text_add(&request->headers, name->data, name->size);
  add_header(request, "", value->data, value->size);
  return check_size(request, error);
}

/* ---- what was built ----------------------------------------------------- */

const char *zuora_request_method(const zuora_request *request)
{
  return request->method;
}

const char *zuora_request_url(const zuora_request *request)
{
  return request->url.data;
}

const char *zuora_request_header(const zuora_request *request, size_t i)
{
  const char *line = request->headers.data;
  const char *end = line + request->headers.size;
  while (line < end && i-- > 0)
    line += strlen(line) + 1;
  return line < end ? line : NULL;
}

const char *zuora_request_body(const zuora_request *request, size_t *size)
{
  *size = request->body.size;
  return request->body.size ? request->body.data : NULL;
}

int zuora_request_writes(const zuora_request *request)
{
  return request->writes;
}

int zuora_request_names_entity(const zuora_request *request)
{
  return request->names_entity;
}
