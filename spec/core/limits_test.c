/* Of what a request is made beyond its row: pairs, compression, and how large
 * its parts may become; and the base that requests are made for. */
#include "request.h"
#include "support.h"

#include <stdlib.h>

static zuora_base base;
static zuora_request request;
static zuora_error error;
static call any;

static int setup(void **state)
{
  (void)state;
  memset(&error, 0, sizeof error);
  zuora__request_init(&request);
  any = call_of("request");
  give(&any, "path", string_value("/v1/x"));
  return (int)zuora__base_read(&base, "https://rest.zuora.com", 0, &error);
}

static int teardown(void **state)
{
  (void)state;
  zuora__request_free(&request);
  return 0;
}

static zuora_code build(const call *c)
{
  zuora__request_free(&request);
  zuora__request_init(&request);
  memset(&error, 0, sizeof error);
  return zuora__request_build(&request, &base, c->operation, c->values, &error);
}

/* ---- the base ----------------------------------------------------------- */

static void refuses_base(const char *url, const char *message)
{
  zuora_base other;
  assert_int_equal(zuora__base_read(&other, url, 0, &error), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "base_url", message);
}

static void looks_at_the_base(void **state)
{
  (void)state;
  refuses_base("", "must begin with https://");
  refuses_base("rest.zuora.com", "must begin with https://");
  refuses_base("https://u:p@rest.zuora.com", "user name or password");
  refuses_base("https://rest.zuora.com?x=1", "may not hold a query");
  refuses_base("https://rest.zuora.com/#x", "backslash or a fragment");
  refuses_base("https://rest.zuora.com/a/../b", "as a step");
  refuses_base("https://rest.zuora.com/a b", "printable ASCII");
  refuses_base("http://rest.zuora.com", "must be https: http would send");
  refuses_base("http://127.0.0.1.evil.example", "must be https");
  refuses_base("http://localhost.evil.example", "must be https");
}

static void http_is_for_loopback_or_who_insists(void **state)
{
  (void)state;
  assert_int_equal(zuora__base_read(&base, "http://127.0.0.1:80", 0, &error),
                   ZUORA_OK);
  assert_string_equal(base.url, "http://127.0.0.1");
  assert_int_equal(zuora__base_read(&base, "http://gw.example/", 1, &error),
                   ZUORA_OK);
  assert_string_equal(base.url, "http://gw.example");
}

static void bounds_the_prefix(void **state)
{
  char url[300] = "https://h/";
  (void)state;
  memset(url + 10, 'a', 254);
  assert_int_equal(zuora__base_read(&base, url, 0, &error), ZUORA_OK);
  assert_string_equal(base.url, url);
  url[264] = 'a';
  refuses_base(url, "is too long");
}

/* ---- the method --------------------------------------------------------- */

static void keys_are_for_post_and_patch(void **state)
{
  static const char *const methods[] = {"POST", "PATCH", "GET", "PUT",
                                        "DELETE"};
  size_t i;
  (void)state;
  give(&any, "idempotency_key", string_value("k"));
  for (i = 0; i < COUNT(methods); i++) {
    give(&any, "method", string_value(methods[i]));
    assert_int_equal(build(&any), i < 2 ? ZUORA_OK : ZUORA_ARGUMENT);
    assert_int_equal(request.keyed, i < 2);
    if (i >= 2)
      check_error(&error, ZUORA_ARGUMENT, "idempotency_key",
                  "is taken with POST and PATCH only, not with ");
  }
}

static void methods_are_to_the_letter(void **state)
{
  (void)state;
  give(&any, "method", string_value("get"));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "method",
              "must be GET or POST or PUT or PATCH or DELETE");
}

static void get_has_no_body(void **state)
{
  (void)state;
  give(&any, "body", string_value("{}"));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "body", "may not be given with GET");
}

/* ---- compression -------------------------------------------------------- */

static void bodies_are_compressed_on_demand(void **state)
{
  size_t size;
  const unsigned char *data;
  (void)state;
  give(&any, "method", string_value("POST"));
  give(&any, "body", string_value("{\"a\":1}"));
  give(&any, "content_encoding", string_value("gzip"));
  assert_int_equal(build(&any), ZUORA_OK);
  data = (const unsigned char *)zuora_request_body(&request, &size);
  assert_true(size > 18);
  assert_int_equal(data[0], 0x1f);
  assert_int_equal(data[1], 0x8b);
  assert_string_equal(zuora_request_header(&request, 1),
                      "Content-Encoding: gzip");
}

static void without_a_body_there_is_nothing_to_compress(void **state)
{
  (void)state;
  give(&any, "content_encoding", string_value("gzip"));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "content_encoding",
              "may only be given together with a body");
  give(&any, "content_encoding", string_value("br"));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "content_encoding", "must be gzip");
}

/* ---- pairs -------------------------------------------------------------- */

static zuora_code add(const char *parameter, const char *name,
                      const char *value)
{
  zuora_value n = string_value(name), v = string_value(value);
  return zuora__request_add(&request, parameter_of(&any, parameter), &n, &v,
                            &error);
}

static void query_pairs_are_encoded(void **state)
{
  (void)state;
  assert_int_equal(build(&any), ZUORA_OK);
  assert_int_equal(add("query", "a b", "c&d=e"), ZUORA_OK);
  assert_int_equal(add("query", "x", ""), ZUORA_OK);
  assert_string_equal(zuora_request_url(&request),
                      "https://rest.zuora.com/v1/x?a%20b=c%26d%3De&x=");
  give(&any, "path", string_value("/v1/x?y=1"));
  assert_int_equal(build(&any), ZUORA_OK);
  assert_int_equal(add("query", "a", "\r\n"), ZUORA_OK);
  assert_string_equal(zuora_request_url(&request),
                      "https://rest.zuora.com/v1/x?y=1&a=%0D%0A");
}

static void header_pairs_are_looked_at(void **state)
{
  (void)state;
  assert_int_equal(build(&any), ZUORA_OK);
  assert_int_equal(add("headers", "X-A", "1"), ZUORA_OK);
  assert_string_equal(zuora_request_header(&request, 1), "X-A: 1");
  assert_int_equal(add("headers", "Host", "x"), ZUORA_ARGUMENT);
  assert_int_equal(add("headers", "X-B", "1\r\nX: y"), ZUORA_ARGUMENT);
  assert_null(zuora_request_header(&request, 2));
}

/* ---- sizes -------------------------------------------------------------- */

static void bounds_the_url(void **state)
{
  char path[8200];
  size_t room = 8192 - strlen("https://rest.zuora.com");
  (void)state;
  memset(path, 'a', sizeof path);
  path[0] = '/';
  give(&any, "path", bytes_value(path, room));
  assert_int_equal(build(&any), ZUORA_OK);
  assert_int_equal(add("query", "a", "b"), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, NULL, "the URL is longer than 8192 byte");
  give(&any, "path", bytes_value(path, room + 1));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, NULL, "the URL is longer than 8192 byte");
}

static void bounds_the_headers(void **state)
{
  char value[9000];
  int i;
  (void)state;
  memset(value, 'a', sizeof value - 1);
  value[sizeof value - 1] = '\0';
  assert_int_equal(build(&any), ZUORA_OK);
  for (i = 0; i < 7; i++)
    assert_int_equal(add("headers", "X-A", value), ZUORA_OK);
  assert_int_equal(add("headers", "X-A", value), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, NULL,
              "the headers are longer than 65536 bytes");
}

static void bounds_the_body(void **state)
{
  size_t most = (size_t)64 * 1024 * 1024;
  char *body = calloc(1, most + 1);
  (void)state;
  assert_non_null(body);
  give(&any, "method", string_value("POST"));
  give(&any, "body", bytes_value(body, most));
  assert_int_equal(build(&any), ZUORA_OK);
  give(&any, "body", bytes_value(body, most + 1));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, NULL,
              "the body is longer than 67108864 bytes");
  give(&any, "content_encoding", string_value("gzip"));
  assert_int_equal(build(&any), ZUORA_ARGUMENT);
  free(body);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(looks_at_the_base),
      TEST(http_is_for_loopback_or_who_insists),
      TEST(bounds_the_prefix),
      TEST(keys_are_for_post_and_patch),
      TEST(methods_are_to_the_letter),
      TEST(get_has_no_body),
      TEST(bodies_are_compressed_on_demand),
      TEST(without_a_body_there_is_nothing_to_compress),
      TEST(query_pairs_are_encoded),
      TEST(header_pairs_are_looked_at),
      TEST(bounds_the_url),
      TEST(bounds_the_headers),
      TEST(bounds_the_body)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
