/* response.c: header lines -> status, ids, limits. No I/O. What is not
 * understood counts as absent: a header is never worth failing a call for. */
#include "response.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

static const zuora_field fields[] = {
    {NULL, "status", ZUORA_INTEGER, offsetof(zuora_response, status)},
    {NULL, "zuora_request_id", ZUORA_STRING,
     offsetof(zuora_response, request_id)},
    {NULL, "zuora_track_id", ZUORA_STRING, offsetof(zuora_response, track_id)},
    {NULL, "content_type", ZUORA_STRING,
     offsetof(zuora_response, content_type)},
    {NULL, "retry_after", ZUORA_NUMBER, offsetof(zuora_response, retry_after)},
    {NULL, "seconds", ZUORA_NUMBER, offsetof(zuora_response, seconds)},
    {"rate_limit", "limit", ZUORA_INTEGER,
     offsetof(zuora_response, rate_limit)},
    {"rate_limit", "remaining", ZUORA_INTEGER,
     offsetof(zuora_response, rate_remaining)},
    {"rate_limit", "reset", ZUORA_INTEGER,
     offsetof(zuora_response, rate_reset)},
    {"rate_limit", "windows", ZUORA_WINDOWS, offsetof(zuora_response, windows)},
    {"concurrency_limit", "type", ZUORA_STRING,
     offsetof(zuora_response, concurrency_type)},
    {"concurrency_limit", "limit", ZUORA_INTEGER,
     offsetof(zuora_response, concurrency_limit)},
    {"concurrency_limit", "remaining", ZUORA_INTEGER,
     offsetof(zuora_response, concurrency_remaining)}};

const zuora_field *zuora_fields(size_t *count)
{
  *count = sizeof fields / sizeof *fields;
  return fields;
}

static const zuora_field timings[] = {
    {NULL, "name_lookup", ZUORA_NUMBER, offsetof(zuora_response, name_lookup)},
    {NULL, "connect", ZUORA_NUMBER, offsetof(zuora_response, connect)},
    {NULL, "tls", ZUORA_NUMBER, offsetof(zuora_response, tls)},
    {NULL, "first_byte", ZUORA_NUMBER, offsetof(zuora_response, first_byte)},
    {NULL, "total", ZUORA_NUMBER, offsetof(zuora_response, total)},
    {NULL, "bytes_sent", ZUORA_INTEGER, offsetof(zuora_response, bytes_sent)},
    {NULL, "bytes_received", ZUORA_INTEGER,
     offsetof(zuora_response, bytes_received)}};

const zuora_field *zuora_timings(size_t *count)
{
  *count = sizeof timings / sizeof *timings;
  return timings;
}

void zuora_response_clear(zuora_response *response)
{
  zuora__wipe(response->session, strlen(response->session));
  memset(response, 0, sizeof *response);
  response->status = -1;
  response->rate_limit = -1;
  response->rate_remaining = -1;
  response->rate_reset = -1;
  response->concurrency_limit = -1;
  response->concurrency_remaining = -1;
  response->retry_after = -1;
  response->retry_at = -1;
  response->date = -1;
}

/* ---- values ------------------------------------------------------------- */

/* Digits at the start, 15 at most; -1 when there are none. Sets *used. */
static double read_digits(const char *text, size_t size, size_t *used)
{
  double value = 0;
  size_t n = 0;
  while (n < size && n < 16 && text[n] >= '0' && text[n] <= '9')
    value = value * 10 + (text[n++] - '0');
  *used = n;
  return n > 0 && n < 16 ? value : -1;
}

/* A whole value of digits, with a fraction or not. */
static double read_number(const char *text, size_t size)
{
  size_t used, fraction;
  double value = read_digits(text, size, &used);
  if (value < 0 || used == size)
    return value;
  if (text[used] != '.')
    return -1;
  text += used + 1;
  size -= used + 1;
  return read_digits(text, size, &fraction) >= 0 && fraction == size ? value
                                                                     : -1;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static double days_before(int year, int month, int day)
{
  static const int before[] = {0,   31,  59,  90,  120, 151,
                               181, 212, 243, 273, 304, 334};
  int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  int years = year - 1;
  int leaps = years / 4 - years / 100 + years / 400 - 477;
  return (year - 1970) * 365.0 + leaps + before[month] + (leap && month > 1) +
         day - 1;
}

double zuora__date(const char *text, size_t size)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char copy[32], name[4];
  const char *found;
  int day, year, hour, minute, second, end = 0;
  if (size != 29)
    return -1;
  memcpy(copy, text, size);
  copy[size] = '\0';
  if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day,
             name, &year, &hour, &minute, &second, &end) != 6 ||
      end != 29)
    return -1;
  found = strstr(months, name);
  if (strlen(name) != 3 || !found || (found - months) % 3 || year < 1970 ||
      day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return -1;
  return days_before(year, (int)(found - months) / 3, day) * 86400 +
         hour * 3600 + minute * 60 + second;
}

/* "2250000, 50000;w=60, 2250000;w=3600": the limit in force, then the quotas
 * with their windows (draft-polli-ratelimit-headers-02). */
static void read_windows(zuora_response *response, const char *text,
                         size_t size)
{
  const char *end = text + size;
  size_t used;
  response->rate_limit = read_digits(text, size, &used);
  while (text < end && response->window_count < ZUORA_WINDOW_COUNT) {
    const char *comma = memchr(text, ',', (size_t)(end - text));
    const char *stop = comma ? comma : end;
    zuora_window *window = &response->windows[response->window_count];
    while (text < stop && *text == ' ')
      text++;
    window->quota = read_digits(text, (size_t)(stop - text), &used);
    text += used;
    if (window->quota >= 0 && stop - text > 3 && !memcmp(text, ";w=", 3)) {
      window->seconds = read_digits(text + 3, (size_t)(stop - text) - 3, &used);
      response->window_count += window->seconds > 0;
    }
    text = comma ? comma + 1 : end;
  }
}

/* "ZSession=value; Path=/; ...": other cookies are none of our business. A
 * value that could not be sent back as it is counts as none. */
static void read_cookie(zuora_response *response, const char *text, size_t size)
{
  static const char name[] = "ZSession=";
  size_t length = sizeof name - 1, n = 0;
  if (size <= length || memcmp(text, name, length))
    return;
  text += length;
  size -= length;
  while (n < size && text[n] != ';') {
    unsigned char c = (unsigned char)text[n];
    if (c <= 32 || c >= 127 || c == '"' || c == ',' || c == '\\')
      return;
    n++;
  }
  if (n == 0 || n >= sizeof response->session)
    return;
  memcpy(response->session, text, n);
  response->session[n] = '\0';
}

static void read_retry_after(zuora_response *response, const char *text,
                             size_t size)
{
  response->retry_after = read_number(text, size);
  if (response->retry_after < 0)
    response->retry_at = zuora__date(text, size);
}

void zuora__response_settle(zuora_response *response, double now)
{
  double from = response->date >= 0 ? response->date : now;
  if (response->retry_after < 0 && response->retry_at >= 0)
    response->retry_after =
        response->retry_at > from ? response->retry_at - from : 0;
}

/* ---- lines -------------------------------------------------------------- */

static int is_name(const char *data, size_t size, const char *name)
{
  return zuora__same(data, size, name);
}

static void read_text_header(zuora_response *r, const char *name, size_t length,
                             const char *value, size_t size)
{
  if (is_name(name, length, "zuora-request-id"))
    zuora__copy_printable(r->request_id, sizeof r->request_id, value, size);
  else if (is_name(name, length, "zuora-track-id"))
    zuora__copy_printable(r->track_id, sizeof r->track_id, value, size);
  else if (is_name(name, length, "content-type"))
    zuora__copy_printable(r->content_type, sizeof r->content_type, value, size);
  else if (is_name(name, length, "concurrency-limit-type"))
    zuora__copy_printable(r->concurrency_type, sizeof r->concurrency_type,
                          value, size);
  else if (is_name(name, length, "set-cookie"))
    read_cookie(r, value, size);
  else if (is_name(name, length, "date"))
    r->date = zuora__date(value, size);
  else if (is_name(name, length, "retry-after"))
    read_retry_after(r, value, size);
}

static void read_limit_header(zuora_response *r, const char *name,
                              size_t length, const char *value, size_t size)
{
  if (is_name(name, length, "ratelimit-limit"))
    read_windows(r, value, size);
  else if (is_name(name, length, "ratelimit-remaining"))
    r->rate_remaining = read_number(value, size);
  else if (is_name(name, length, "ratelimit-reset"))
    r->rate_reset = read_number(value, size);
  else if (is_name(name, length, "concurrency-limit-limit"))
    r->concurrency_limit = read_number(value, size);
  else if (is_name(name, length, "concurrency-limit-remaining"))
    r->concurrency_remaining = read_number(value, size);
}

void zuora_response_read(zuora_response *response, const char *line,
                         size_t size)
{
  const char *colon, *value;
  size_t length, used;
  while (size > 0 && strchr("\r\n \t", line[size - 1]) && line[size - 1])
    size--;
  if (size >= 5 && !memcmp(line, "HTTP/", 5)) {
    value = memchr(line, ' ', size);
    zuora_response_clear(response);
    if (value)
      response->status =
          read_digits(value + 1, (size_t)(line + size - value) - 1, &used);
    return;
  }
  colon = memchr(line, ':', size);
  if (!colon)
    return;
  length = (size_t)(colon - line);
  value = colon + 1;
  while (value < line + size && (*value == ' ' || *value == '\t'))
    value++;
  size = (size_t)(line + size - value);
  read_text_header(response, line, length, value, size);
  read_limit_header(response, line, length, value, size);
}
