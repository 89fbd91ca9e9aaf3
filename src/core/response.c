/* response.c: header lines -> status, ids, limits. No I/O. What is not
 * understood counts as absent: a header is never worth failing a call for. So
 * does a text longer than its place: cut, it might hold a part of a secret that
 * nobody could recognize. */
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
    {NULL, "attempts", ZUORA_INTEGER, offsetof(zuora_response, attempts)},
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
  /* Where nothing was read yet, there may be no NUL. */
  zuora__wipe(response->session,
              strnlen(response->session, sizeof response->session));
  memset(response, 0, offsetof(zuora_response, session) + 1);
  response->status = -1;
  response->attempts = -1;
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

/* Two digits, or -1. */
static int read_pair(const char *text)
{
  if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
    return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

/* 0 to 11, or -1. */
static int read_month(const char *text)
{
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int i;
  for (i = 0; i < 12; i++)
    if (!memcmp(text, names + (size_t)i * 3, 3))
      return i;
  return -1;
}

double zuora__date(const char *text, size_t size)
{
  static const char spaces[] = {4, 7, 11, 16, 25};
  int day, month, century, year, hour, minute, second;
  size_t i;
  if (size != 29)
    return -1;
  for (i = 0; i < sizeof spaces; i++)
    if (text[(size_t)spaces[i]] != ' ')
      return -1;
  if (text[3] != ',' || text[19] != ':' || text[22] != ':' ||
      memcmp(text + 26, "GMT", 3) != 0)
    return -1;
  day = read_pair(text + 5);
  month = read_month(text + 8);
  century = read_pair(text + 12);
  year = read_pair(text + 14);
  hour = read_pair(text + 17);
  minute = read_pair(text + 20);
  second = read_pair(text + 23);
  if (month < 0 || century < 0 || year < 0 || century * 100 + year < 1970 ||
      day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return -1;
  return days_before(century * 100 + year, month, day) * 86400 + hour * 3600 +
         minute * 60 + second;
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

static void read_date(zuora_response *response, const char *text, size_t size)
{
  response->date = zuora__date(text, size);
}

/* A header: read by a function of its own, or a text of at most `room` bytes
 * with its NUL, or (room 0) a number. */
typedef struct header {
  const char *name;
  size_t size, offset, room;
  void (*read)(zuora_response *response, const char *text, size_t size);
} header;

#define READ(name, read)                                                       \
  {                                                                            \
    name, sizeof(name) - 1, 0, 0, read                                         \
  }
#define TEXT(name, field)                                                      \
  {                                                                            \
    name, sizeof(name) - 1, offsetof(zuora_response, field),                   \
        sizeof(((zuora_response *)NULL)->field), NULL                          \
  }
#define NUMBER(name, field)                                                    \
  {                                                                            \
    name, sizeof(name) - 1, offsetof(zuora_response, field), 0, NULL           \
  }

/* The shorter names first. */
static const header headers[] = {
    READ("Date", read_date),
    READ("Set-Cookie", read_cookie),
    READ("Retry-After", read_retry_after),
    TEXT("Content-Type", content_type),
    TEXT("Zuora-Track-Id", track_id),
    READ("RateLimit-Limit", read_windows),
    NUMBER("RateLimit-Reset", rate_reset),
    TEXT("Zuora-Request-Id", request_id),
    NUMBER("RateLimit-Remaining", rate_remaining),
    TEXT("Concurrency-Limit-Type", concurrency_type),
    NUMBER("Concurrency-Limit-Limit", concurrency_limit),
    NUMBER("Concurrency-Limit-Remaining", concurrency_remaining)};

enum { HEADERS = sizeof headers / sizeof *headers, LONGEST = 27 };

/* By the length of a name: one more than the place of the first of that length,
 * or 0. */
static const unsigned char places[LONGEST + 1] = {
    [4] = 1,  [10] = 2, [11] = 3,  [12] = 4,  [14] = 5, [15] = 6,
    [16] = 8, [19] = 9, [22] = 10, [23] = 11, [27] = 12};

static void read_header(zuora_response *response, const header *kind,
                        const char *text, size_t size)
{
  void *field = (char *)response + kind->offset;
  if (kind->read)
    kind->read(response, text, size);
  else if (kind->room)
    (void)zuora__copy_printable(field, kind->room, text, size);
  else
    *(double *)field = read_number(text, size);
}

static void read_status(zuora_response *response, const char *data, size_t size)
{
  size_t used = 0;
  const char *blank = memchr(data, ' ', size);
  zuora_response_clear(response);
  if (blank)
    response->status =
        read_digits(blank + 1, (size_t)(data + size - blank) - 1, &used);
  if (used != 3)
    response->status = -1;
}

static int is_blank(char c)
{
  return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

void zuora_response_read(zuora_response *response, const char *data,
                         size_t size)
{
  const char *end = data + size, *value;
  size_t i, length;
  if (response->complete)
    return;
  while (end > data && is_blank(end[-1]))
    end--;
  size = (size_t)(end - data);
  response->complete =
      size == 0 && (response->status >= 200 || response->status == 101);
  if (size >= 5 && !memcmp(data, "HTTP/", 5)) {
    read_status(response, data, size);
    return;
  }
  value = size ? memchr(data, ':', size) : NULL;
  if (!value)
    return;
  length = (size_t)(value - data);
  if (length > LONGEST || !places[length])
    return;
  for (i = places[length] - 1U; i < HEADERS && headers[i].size == length; i++) {
    const char *name = headers[i].name;
    if ((*data | 32) != (*name | 32) ||
        (memcmp(data, name, length) && !zuora__same(data, length, name)))
      continue;
    for (value++; value < end && is_blank(*value);)
      value++;
    read_header(response, &headers[i], value, (size_t)(end - value));
    return;
  }
}
