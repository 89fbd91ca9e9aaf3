/* Values of RateLimit-Limit and Retry-After, and dates; the first byte says
 * which. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* timegm */
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

static void read_line(zuora_response *response, const char *name,
                      const char *value, size_t size)
{
  zuora_text line;
  zuora__text_init(&line, size + 64);
  zuora__text_put(&line, name);
  zuora__text_add(&line, value, size);
  CHECK(!line.failed);
  zuora_response_read(response, line.data, line.size);
  zuora__text_free(&line);
}

/* A date that was understood reads the same when it is written again. */
static void check_date(const char *text, size_t size)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char copy[32], name[4] = "";
  struct tm t;
  double date = zuora__date(text, size);
  CHECK(date == -1 || (date >= 0 && date < 1e12));
  if (date < 0)
    return;
  CHECK(size == 29);
  memset(&t, 0, sizeof t);
  memcpy(copy, text, size);
  copy[size] = '\0';
  sscanf(copy + 5, "%2d %3s %4d %2d:%2d:%2d", &t.tm_mday, name, &t.tm_year,
         &t.tm_hour, &t.tm_min, &t.tm_sec);
  t.tm_year -= 1900;
  t.tm_mon = (int)(strstr(months, name) - months) / 3;
  CHECK((double)timegm(&t) == date);
}

static void check_retry_after(const zuora_response *r, const char *text,
                              size_t size)
{
  char copy[24];
  size_t i;
  for (i = 0; i < size; i++)
    if (text[i] < '0' || text[i] > '9')
      return;
  if (size == 0 || size > 15)
    return;
  memcpy(copy, text, size);
  copy[size] = '\0';
  CHECK(r->retry_after == strtod(copy, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = input_of(data, size);
  zuora_response response;
  int which = take_byte(&in);
  size_t length;
  const char *value = take_field(&in, &length);
  memset(&response, 0, sizeof response);
  zuora_response_clear(&response);
  if (which == 'D')
    check_date(value, length);
  read_line(&response,
            which == 'R' ? "Retry-After: " : "RateLimit-Limit: ", value,
            length);
  check_response(&response);
  if (which == 'R')
    check_retry_after(&response, value, length);
  zuora__response_settle(&response, 1e9);
  check_response(&response);
  forget_fields();
  return 0;
}
