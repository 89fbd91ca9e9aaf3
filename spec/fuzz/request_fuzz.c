/* Requests of every row of the table, from any values. First byte: the row;
 * then for each parameter a field, empty where it is not given, else "=" and
 * the value, of a number its text, of pairs "name=value". */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char base_url[] = "https://rest.zuora.com/prefix";

static void read_values(input *in, const zuora_operation *row,
                        zuora_value *values)
{
  size_t i, size;
  memset(values, 0, ZUORA_PARAMETERS * sizeof *values);
  for (i = 0; row->parameters[i]; i++) {
    char *field = take_field(in, &size), number[40];
    values[i].present = size > 0 && row->parameters[i]->kind != ZUORA_PAIRS;
    if (!size)
      continue;
    values[i].data = field + 1;
    values[i].size = size - 1;
    snprintf(number, sizeof number, "%.*s", (int)size - 1, field + 1);
    values[i].number = strtod(number, NULL);
  }
}

/* The row's path with its parameters, as libcurl would escape them. */
static void check_path(const zuora_request *request, const zuora_value *values)
{
  const char *path = request->operation->path, *url = request->url.data;
  size_t i, n = sizeof base_url - 1;
  CHECK(!strncmp(url, base_url, n));
  url += n;
  for (; *path && *path != '{'; path++, url++)
    CHECK(*path == *url);
  if (!*path)
    return;
  for (i = 0; request->operation->parameters[i]->place != ZUORA_IN_PATH;)
    i++;
  if (values[i].size) {
    char *escaped = curl_easy_escape(NULL, values[i].data, (int)values[i].size);
    CHECK(!strncmp(url, escaped, strlen(escaped)));
    url += strlen(escaped);
    curl_free(escaped);
  }
  path = strchr(path, '}') + 1;
  CHECK(!strncmp(url, path, strlen(path)));
  CHECK(!url[strlen(path)] || url[strlen(path)] == '?');
}

static void check_headers(const zuora_request *request)
{
  const char *line;
  size_t i, k;
  for (i = 0; (line = zuora_request_header(request, i)) != NULL; i++) {
    const char *colon = strchr(line, ':');
    CHECK(colon && colon > line && colon[1] == ' ');
    CHECK(zuora__is_token(line, (size_t)(colon - line)));
    for (k = 0; line[k]; k++)
      CHECK((unsigned char)line[k] >= 32 && line[k] != 127);
  }
}

/* A member of the body reads back as what was given, where it is ASCII. */
static void check_member(const zuora_request *request, const zuora_parameter *p,
                         const zuora_value *v)
{
  char member[64];
  size_t i, size;
  const char *body = zuora_request_body(request, &size);
  if (p->place != ZUORA_IN_BODY || !v->present || body[0] != '{')
    return;
  for (i = 0; i < v->size; i++)
    if ((unsigned char)v->data[i] > 127)
      return;
  CHECK(zuora__json_member(member, sizeof member, body, size, p->wire));
  CHECK(strlen(member) == v->size && !memcmp(member, v->data, v->size));
}

static void add_pairs(zuora_request *request, const zuora_value *values)
{
  const zuora_parameter *const *p = request->operation->parameters;
  zuora_value name, value;
  zuora_error error;
  size_t i;
  for (i = 0; p[i]; i++) {
    const char *equals;
    if (p[i]->kind != ZUORA_PAIRS || !values[i].size)
      continue;
    equals = memchr(values[i].data, '=', values[i].size);
    name = value = values[i];
    name.size = equals ? (size_t)(equals - name.data) : name.size;
    value.data += name.size + (equals != NULL);
    value.size -= name.size + (equals != NULL);
    if (zuora__request_add(request, p[i], &name, &value, &error))
      check_error(&error);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  zuora_value values[ZUORA_PARAMETERS];
  zuora_request request;
  zuora_error error;
  zuora_base base;
  size_t count, i;
  const zuora_operation *row = zuora_operations(&count);
  char host[700];
  row += (size_t)take_byte(&in) % count;
  CHECK(!zuora__base_read(&base, base_url, 0, &error));
  read_values(&in, row, values);
  zuora__request_init(&request);
  if (zuora__request_build(&request, &base, row, values, &error)) {
    check_error(&error);
  } else {
    if (row->path && !strstr(row->name, "list"))
      check_path(&request, values);
    for (i = 0; row->parameters[i]; i++)
      check_member(&request, row->parameters[i], &values[i]);
    add_pairs(&request, values);
    check_headers(&request);
    CHECK(host_of(host, sizeof host, zuora_request_url(&request)));
    CHECK(!strcmp(host, "https://rest.zuora.com:443"));
    CHECK(is_printable(zuora_request_url(&request)));
  }
  zuora__request_free(&request);
  forget_fields();
  return 0;
}
