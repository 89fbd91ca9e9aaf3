/* Header lines of an answer, a field each. */
#include <string.h>

#include "common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  zuora_response response;
  int lines = 0;
  memset(&response, 0, sizeof response);
  zuora_response_clear(&response);
  while (in.at < in.end && lines++ < 40) {
    size_t length;
    const char *line = take_field(&in, &length);
    int complete = response.complete; /* trailers say nothing */
    zuora_response_read(&response, line, length);
    check_response(&response);
    if (!complete && length >= 5 && !memcmp(line, "HTTP/", 5))
      CHECK(response.rate_limit == -1 && !response.session[0]);
  }
  zuora__response_settle(&response, 1e9);
  check_response(&response);
  CHECK(response.retry_at < 0 || response.retry_after >= 0);
  forget_fields();
  return 0;
}
