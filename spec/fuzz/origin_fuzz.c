/* A base URL and a URL or path to go to: whatever is accepted, libcurl would
 * go to the base's host, and in the clear to this machine only. */
#include <stdio.h>
#include <string.h>

#include "common.h"

static const zuora_operation *request_row;

static void check_target(const zuora_base *base, const char *base_host,
                         const char *target, size_t size)
{
  zuora_value values[ZUORA_PARAMETERS];
  zuora_request request;
  zuora_error error;
  char host[700];
  size_t i;
  memset(values, 0, sizeof values);
  for (i = 0; strcmp(request_row->parameters[i]->name, "path") != 0;)
    i++;
  values[i].present = 1;
  values[i].data = target;
  values[i].size = size;
  zuora__request_init(&request);
  if (zuora__request_build(&request, base, request_row, values, &error)) {
    check_error(&error);
  } else {
    CHECK(is_printable(zuora_request_url(&request)));
    CHECK(host_of(host, sizeof host, zuora_request_url(&request)));
    CHECK(!strcmp(host, base_host));
  }
  zuora__request_free(&request);
}

static int is_local(const char *host)
{
  return !strncmp(host, "http://localhost:", 17) ||
         !strncmp(host, "http://[::1]:", 13) ||
         !strncmp(host, "http://127.", 11);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  char *url = take_string(&in), *target, host[700];
  size_t length;
  zuora_base base;
  zuora_error error;
  request_row = zuora_operation_find("request");
  target = take_field(&in, &length);
  memset(&base, 0, sizeof base);
  if (zuora__base_read(&base, url, 0, &error)) {
    check_error(&error);
  } else if (host_of(host, sizeof host, base.url)) {
    CHECK(base.origin.secure || is_local(host));
    CHECK(!strncmp(base.url, base.origin.text, strlen(base.origin.text)));
    check_target(&base, host, target, length);
  }
  forget_fields();
  return 0;
}
