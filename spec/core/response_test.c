/* The head of an answer. */
#include "response.h"
#include "support.h"

#include <stdlib.h>

static zuora_response response;

static int setup(void **state)
{
  (void)state;
  memset(&response, 0xa5, sizeof response);
  zuora_response_clear(&response);
  return 0;
}

/* A line without a NUL, in a block of its own size. */
static void read_bytes(const char *line, size_t size)
{
  char *copy = malloc(size + !size);
  assert_non_null(copy);
  memcpy(copy, line, size);
  zuora_response_read(&response, copy, size);
  free(copy);
}

static void line(const char *text)
{
  read_bytes(text, strlen(text));
}

static void status(const char *text, double expected)
{
  line(text);
  assert_float_equal(response.status, expected, 0);
}

static void nothing_is_known_at_first(void **state)
{
  size_t i, count;
  const zuora_field *fields = zuora_fields(&count);
  (void)state;
  for (i = 0; i < count; i++) {
    const char *place = (const char *)&response + fields[i].offset;
    double number;
    memcpy(&number, place, sizeof number);
    if (fields[i].kind == ZUORA_STRING)
      assert_int_equal(*place, 0);
    else if (fields[i].kind == ZUORA_WINDOWS)
      assert_int_equal(response.window_count, 0);
    else if (strcmp(fields[i].name, "seconds") != 0)
      assert_float_equal(number, -1, 0);
  }
  assert_float_equal(response.date, -1, 0);
  assert_float_equal(response.retry_at, -1, 0);
  assert_int_equal(response.session[0], 0);
}

/* Also where the memory held anything before, without an end. */
static void clearing_needs_no_order_and_leaves_no_secret(void **state)
{
  zuora_response *r = malloc(sizeof *r);
  size_t i;
  (void)state;
  assert_non_null(r);
  memset(r, 0x55, sizeof *r);
  zuora_response_clear(r);
  for (i = 0; i < sizeof r->session; i++)
    assert_int_equal(r->session[i], 0);
  free(r);
}

static void reads_status_lines(void **state)
{
  (void)state;
  status("HTTP/1.1 200 OK\r\n", 200);
  status("HTTP/2 404 \r\n", 404);
  status("HTTP/1.1 503", 503);
  status("HTTP/1.1\r\n", -1);
  status("HTTP/1.1 \r\n", -1);
  status("HTTP/1.1 abc\r\n", -1);
  status("HTTP/", -1);
  status("HTTP/1.1 40033333333 OK\r\n", -1);
  status("HTTP/1.1 20 OK\r\n", -1);
}

static void a_status_line_begins_anew(void **state)
{
  (void)state;
  line("HTTP/1.1 100 Continue\r\n");
  line("Zuora-Request-Id: one\r\n");
  line("RateLimit-Limit: 1, 2;w=3\r\n");
  line("Set-Cookie: ZSession=abc\r\n");
  line("HTTP/1.1 200 OK\r\n");
  assert_string_equal(response.request_id, "");
  assert_string_equal(response.session, "");
  assert_int_equal(response.window_count, 0);
  assert_float_equal(response.rate_limit, -1, 0);
}

static void reads_each_header(void **state)
{
  (void)state;
  line("Zuora-Request-Id: 13a6c8b5-1c10-4de5-8db8-e0b3a8d5f1c2\r\n");
  line("ZUORA-TRACK-ID:  a b \t\r\n");
  line("content-type:application/json; charset=utf-8\r\n");
  line("Concurrency-Limit-Type: High-volume transactions\r\n");
  line("Concurrency-Limit-Limit: 200\r\n");
  line("Concurrency-Limit-Remaining: 0\r\n");
  line("ratelimit-remaining: 399\r\n");
  line("RateLimit-Reset: 1200\r\n");
  line("Retry-After: 120\r\n");
  line("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  assert_string_equal(response.request_id,
                      "13a6c8b5-1c10-4de5-8db8-e0b3a8d5f1c2");
  assert_string_equal(response.track_id, "a b");
  assert_string_equal(response.content_type, "application/json; charset=utf-8");
  assert_string_equal(response.concurrency_type, "High-volume transactions");
  assert_float_equal(response.concurrency_limit, 200, 0);
  assert_float_equal(response.concurrency_remaining, 0, 0);
  assert_float_equal(response.rate_remaining, 399, 0);
  assert_float_equal(response.rate_reset, 1200, 0);
  assert_float_equal(response.retry_after, 120, 0);
  assert_float_equal(response.date, 784111777, 0);
}

static void junk_counts_as_absent(void **state)
{
  static const char *const lines[] = {
      "",       "\r\n",    ":",       ": x",         "no colon",
      "HTTP",   "X: y",    " : ",     "Retry-After", "Zuora-Request-Id :x",
      "Date: ", "Date: x", "\r\n\r\n"};
  static const char zero[] = "X\0Y: z\0\r\n";
  zuora_response before = response;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(lines); i++)
    line(lines[i]);
  read_bytes(zero, sizeof zero - 1);
  assert_memory_equal(&response, &before, sizeof before);
}

/* Of a secret that was cut, or of which a byte was left out, nobody could tell
 * that it is one. */
static void texts_are_printable_and_whole_or_not_told(void **state)
{
  char text[2000] = "Zuora-Request-Id: ";
  size_t most = sizeof response.request_id - 1;
  (void)state;
  memset(text + 18, 'x', most);
  line(text);
  assert_int_equal(strlen(response.request_id), most);
  text[18 + most] = 'x';
  line(text);
  assert_string_equal(response.request_id, "");
  memset(text + 18, 'x', sizeof text - 19);
  line(text);
  assert_string_equal(response.request_id, "");
  line("Zuora-Track-Id: a\x1b[31mb\r\n");
  assert_string_equal(response.track_id, "");
  line("Zuora-Track-Id: a\xff\r\n");
  assert_string_equal(response.track_id, "");
}

static void number(const char *value, double expected)
{
  char text[100];
  snprintf(text, sizeof text, "RateLimit-Remaining: %s\r\n", value);
  line(text);
  if (response.rate_remaining != expected)
    fail_msg("%s is read as %g", value, response.rate_remaining);
}

static void reads_numbers(void **state)
{
  (void)state;
  number("0", 0);
  number("007", 7);
  number("399.5", 399);
  number("999999999999999", 999999999999999);
  number("1000000000000000", -1);
  number("99999999999999999999999999", -1);
  number("-1", -1);
  number("+1", -1);
  number("1 2", -1);
  number("1,2", -1);
  number("1.", -1);
  number("1.x", -1);
  number(".5", -1);
  number("1.5.5", -1);
  number("1e3", -1);
  number("0x10", -1);
  number("", -1);
  number("abc", -1);
}

/* ---- limits ------------------------------------------------------------- */

typedef struct windows_case {
  const char *value;
  double limit;
  size_t count;
  zuora_window windows[ZUORA_WINDOW_COUNT];
} windows_case;

static const windows_case windows_cases[] = {
    {"2250000, 50000;w=60, 2250000;w=3600, 27000000;w=86400",
     2250000,
     3,
     {{50000, 60}, {2250000, 3600}, {27000000, 86400}}},
    {"100", 100, 0, {{0, 0}}},
    {"100;w=60", 100, 1, {{100, 60}}},
    {"100,200;w=1,300;w=2", 100, 2, {{200, 1}, {300, 2}}},
    {"100,   200;w=1", 100, 1, {{200, 1}}},
    {"100, 200;w=1;comment=x", 100, 1, {{200, 1}}},
    {"100, 200;w=x, 300;w=, 400;w=0, 500;v=1, ;w=1, 600;w=6",
     100,
     1,
     {{600, 6}}},
    {",,, 7;w=8,", -1, 1, {{7, 8}}},
    {"x", -1, 0, {{0, 0}}},
    {"", -1, 0, {{0, 0}}},
    {"1, 1;w=1, 2;w=2, 3;w=3, 4;w=4, 5;w=5, 6;w=6, 7;w=7, 8;w=8, 9;w=9",
     1,
     8,
     {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}}},
    {"1, 12345678901234567890;w=60, 5;w=12345678901234567890", 1, 0, {{0, 0}}}};

static void reads_lists_of_windows(void **state)
{
  char text[200];
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(windows_cases); i++) {
    const windows_case *c = &windows_cases[i];
    zuora_response_clear(&response);
    snprintf(text, sizeof text, "RateLimit-Limit: %s\r\n", c->value);
    line(text);
    if (response.rate_limit != c->limit || response.window_count != c->count)
      fail_msg("%s: %g, %d windows", c->value, response.rate_limit,
               (int)response.window_count);
    for (k = 0; k < c->count; k++) {
      assert_float_equal(response.windows[k].quota, c->windows[k].quota, 0);
      assert_float_equal(response.windows[k].seconds, c->windows[k].seconds, 0);
    }
  }
}

/* ---- dates -------------------------------------------------------------- */

static double date(const char *text)
{
  return zuora__date(text, strlen(text));
}

static void reads_dates(void **state)
{
  (void)state;
  assert_float_equal(date("Thu, 01 Jan 1970 00:00:00 GMT"), 0, 0);
  assert_float_equal(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777, 0);
  assert_float_equal(date("Tue, 29 Feb 2000 23:59:60 GMT"), 951868800, 0);
  assert_float_equal(date("Wed, 01 Mar 2000 00:00:00 GMT"), 951868800, 0);
  assert_float_equal(date("Mon, 01 Mar 2100 00:00:00 GMT"), 4107542400.0, 0);
  assert_float_equal(date("Sat, 28 Feb 2026 12:00:00 GMT"), 1772280000, 0);
  assert_float_equal(date("Sun, 01 Mar 2026 12:00:00 GMT"), 1772366400, 0);
  assert_float_equal(date("Tue, 31 Dec 2024 00:00:00 GMT"), 1735603200, 0);
}

static void other_dates_are_none(void **state)
{
  static const char *const texts[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37 GM",
                                      "Sun, 06 Nov 1994 08:49:37 GMTx",
                                      "Sun, 06 Nov 1994 08:49:37 PST",
                                      "Sunday, 06-Nov-94 08:49:37 GM",
                                      "Sun Nov  6 08:49:37 1994     ",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 06 anF 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1969 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Sun, 06 Nov 1994 -8:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:-9:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:-7 GMT",
                                      "Sun, 06   N 1994 08:49:37 GMT"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(texts); i++)
    if (date(texts[i]) != -1)
      fail_msg("%s is no date", texts[i]);
}

static void dates_to_wait_for_are_made_relative(void **state)
{
  (void)state;
  line("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n");
  assert_float_equal(response.retry_after, -1, 0);
  zuora__response_settle(&response, 784111777);
  assert_float_equal(response.retry_after, 60, 0);
}

static void the_servers_own_clock_counts(void **state)
{
  (void)state;
  line("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n");
  line("Date: Sun, 06 Nov 1994 08:50:07 GMT\r\n");
  zuora__response_settle(&response, 0);
  assert_float_equal(response.retry_after, 30, 0);
}

static void a_time_past_means_at_once(void **state)
{
  (void)state;
  line("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n");
  zuora__response_settle(&response, 1e9);
  assert_float_equal(response.retry_after, 0, 0);
  setup(state);
  line("Retry-After: soon\r\n");
  zuora__response_settle(&response, 0);
  assert_float_equal(response.retry_after, -1, 0);
  line("Retry-After: 5\r\n");
  zuora__response_settle(&response, 0);
  assert_float_equal(response.retry_after, 5, 0);
}

/* ---- cookies ------------------------------------------------------------ */

static void reads_the_session_only(void **state)
{
  char text[700] = "Set-Cookie: ZSession=";
  (void)state;
  line("Set-Cookie: JSESSIONID=abc; Path=/\r\n");
  line("Set-Cookie: zsession=abc\r\n");
  line("Set-Cookie: ZSession\r\n");
  line("Set-Cookie: ZSession=\r\n");
  line("Set-Cookie: ZSession=; Path=/\r\n");
  line("Set-Cookie: ZSession=a b\r\n");
  line("Set-Cookie: ZSession=\"ab\"\r\n");
  line("Set-Cookie: ZSession=a,b\r\n");
  line("Set-Cookie: ZSession=a\\b\r\n");
  line("Set-Cookie: ZSession=a\x7f\r\n");
  line("Set-Cookie: ZSession=a\x80\r\n");
  memset(text + 21, 'x', sizeof response.session);
  line(text);
  assert_string_equal(response.session, "");
  line("set-cookie: ZSession=aB-1+/=; Path=/; Secure\r\n");
  assert_string_equal(response.session, "aB-1+/=");
  line("Set-Cookie: ZSession=next\r\n");
  assert_string_equal(response.session, "next");
  text[21 + sizeof response.session - 1] = '\0';
  line(text);
  assert_int_equal(strlen(response.session), sizeof response.session - 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
  const struct CMUnitTest tests[] = {
      TEST(nothing_is_known_at_first),
      TEST(clearing_needs_no_order_and_leaves_no_secret),
      TEST(reads_status_lines),
      TEST(a_status_line_begins_anew),
      TEST(reads_each_header),
      TEST(junk_counts_as_absent),
      TEST(texts_are_printable_and_whole_or_not_told),
      TEST(reads_numbers),
      TEST(reads_lists_of_windows),
      TEST(reads_dates),
      TEST(other_dates_are_none),
      TEST(dates_to_wait_for_are_made_relative),
      TEST(the_servers_own_clock_counts),
      TEST(a_time_past_means_at_once),
      TEST(reads_the_session_only)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
