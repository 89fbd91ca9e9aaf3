/* Where credentials may go. */
#include "origin.h"
#include "support.h"

static zuora_origin origin;
static const char *rest;

static const char *fault_of(const char *url)
{
  return zuora__origin_read(&origin, &rest, url, strlen(url));
}

static void check_read(const char *url, const char *text, const char *path)
{
  const char *fault = fault_of(url);
  if (fault)
    fail_msg("%s %s", url, fault);
  assert_string_equal(origin.text, text);
  assert_string_equal(rest, path);
}

static void check_fault(const char *url, const char *expected)
{
  const char *fault = fault_of(url);
  if (!fault)
    fail_msg("%s is taken", url);
  assert_string_equal(fault, expected);
}

static void is_written_one_way(void **state)
{
  (void)state;
  check_read("https://rest.zuora.com", "https://rest.zuora.com", "");
  check_read("HTTPS://REST.Zuora.COM:443/v1", "https://rest.zuora.com", "/v1");
  check_read("http://host:80?x=1", "http://host", "?x=1");
  check_read("http://host:443#f", "http://host:443", "#f");
  check_read("https://host:80", "https://host:80", "");
  check_read("https://host:00443/", "https://host", "/");
  check_read("https://host:65535/", "https://host:65535", "/");
  check_read("https://a-b_c.example:1", "https://a-b_c.example:1", "");
  check_read("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443",
             "/x");
  check_read("https://[::ffff:127.0.0.1]/", "https://[::ffff:127.0.0.1]", "/");
}

static void tells_the_schemes_apart(void **state)
{
  (void)state;
  assert_null(fault_of("https://host"));
  assert_true(origin.secure);
  assert_null(fault_of("hTTp://host"));
  assert_false(origin.secure);
}

static void takes_these_two_schemes_only(void **state)
{
  static const char *const urls[] = {"",           "host",       "//host",
                                     "ftp://h",    "https:/h",   "https//h",
                                     "http://",    "https://",   "file:///etc",
                                     "httpsx://h", " https://h", "http:///"};
  size_t i;
  (void)state;
  for (i = 0; i + 1 < COUNT(urls); i++)
    check_fault(urls[i], "must begin with https:// (or http://)");
  check_fault(urls[i], "has no valid host name");
}

static void takes_no_user_or_password(void **state)
{
  static const char fault[] = "may not hold a user name or password";
  (void)state;
  check_fault("https://user@host/", fault);
  check_fault("https://user:pass@host/", fault);
  check_fault("https://rest.zuora.com:443@evil.example/", fault);
  check_fault("https://rest.zuora.com%2f@evil.example/", fault);
  check_read("https://host/@", "https://host", "/@");
  check_read("https://host?@x", "https://host", "?@x");
}

static void takes_host_names_only(void **state)
{
  static const char *const urls[] = {
      "https:///path",  "https://?x",       "https://:443",
      "https://[]",     "https://[::1",     "https://[::1%eth0]",
      "https://[g::1]", "https://%68ost",   "https://\\evil.example",
      "https://[",      "https://\xc3\xa9x"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(urls); i++)
    check_fault(urls[i], "has no valid host name");
}

static void takes_ports_only(void **state)
{
  static const char *const urls[] = {
      "https://h:",      "https://h:0",       "https://h:65536",
      "https://h:99999", "https://h:100000",  "https://h:-1",
      "https://h:8x",    "https://h:443:443", "https://h\\evil.example",
      "https://h evil",  "https://[::1]8443", "https://h%2eevil.example",
      "https://h;evil",  "https://h\nX: y"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(urls); i++)
    check_fault(urls[i], "has no valid host name or port");
}

static void bounds_the_host(void **state)
{
  char url[400];
  size_t most = ZUORA_ORIGIN_SIZE - 21;
  (void)state;
  memset(url, 'a', sizeof url);
  lay(url, "https://");
  memcpy(url + 8 + most, ":65535", 7);
  assert_null(fault_of(url));
  assert_int_equal(strlen(origin.text), 8 + most + 6);
  memset(url + 8 + most, 'a', 7);
  memcpy(url + 8 + most + 1, "/", 2);
  check_fault(url, "has no valid host name");
}

static void knows_what_is_loopback(void **state)
{
  static const char *const near[] = {
      "http://localhost",   "http://LOCALHOST:8080/", "http://127.0.0.1",
      "http://127.1.2.255", "https://[::1]:9",        "http://127.0.0.1:80"};
  static const char *const far[] = {"http://localhost.example",
                                    "http://localhost.",
                                    "http://xlocalhost",
                                    "http://127.0.0.1.example",
                                    "http://127.evil.example",
                                    "http://127.0.0",
                                    "http://127.0.0.256",
                                    "http://127.0.0.1.1",
                                    "http://127.0.0.1.",
                                    "http://127.0.0.1234",
                                    "http://127.0.0.08",
                                    "http://127.0..1",
                                    "http://127.00000001.0",
                                    "http://1270.0.0.1",
                                    "http://128.0.0.1",
                                    "http://0.0.0.0",
                                    "http://[::2]",
                                    "http://[::1:1]",
                                    "http://[::ffff:127.0.0.1]",
                                    "http://127.0.0.x",
                                    "http://127.",
                                    "http://127.0.0.1-x"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(near); i++) {
    assert_null(fault_of(near[i]));
    if (!origin.loopback)
      fail_msg("%s is loopback", near[i]);
  }
  for (i = 0; i < COUNT(far); i++) {
    assert_null(fault_of(far[i]));
    if (origin.loopback)
      fail_msg("%s is not loopback", far[i]);
  }
}

static void knows_dots(void **state)
{
  static const char *const dots[] = {".",      "..",   "%2e",
                                     "%2E%2e", ".%2e", "%2E."};
  static const char *const others[] = {"",   "...", "a",         ".a", "a.",
                                       "%2", "%2f", "%2e%2e%2e", "..;"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(dots); i++)
    assert_true(zuora__is_dots(dots[i], strlen(dots[i])));
  for (i = 0; i < COUNT(others); i++)
    assert_false(zuora__is_dots(others[i], strlen(others[i])));
}

static void check_path(const char *path, const char *expected)
{
  const char *fault = zuora__path_fault(path, strlen(path));
  if (!expected && fault)
    fail_msg("%s: %s", path, fault);
  if (expected)
    assert_string_equal(fault, expected);
}

static void looks_through_paths(void **state)
{
  static const char ascii[] = "may hold only printable ASCII; percent-encode "
                              "the rest";
  static const char other[] = "may not hold a backslash or a fragment";
  static const char dots[] = "may not hold '.' or '..' as a step";
  (void)state;
  check_path("", NULL);
  check_path("/v1/accounts/a%2Fb?x=/../y", NULL);
  check_path("/v1/.hidden/a..b/...", NULL);
  check_path("/a b", ascii);
  check_path("/a\r\nHost: b", ascii);
  check_path("/\xc3\xa9", ascii);
  check_path("/a?b=\x7f", ascii);
  check_path("/a\\b", other);
  check_path("/a#b", other);
  check_path("/a/../b", dots);
  check_path("/a/.", dots);
  check_path("/..", dots);
  check_path("../a", dots);
  check_path("/%2e%2E/a", dots);
  check_path("/a/..?x", dots);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_written_one_way),
      cmocka_unit_test(tells_the_schemes_apart),
      cmocka_unit_test(takes_these_two_schemes_only),
      cmocka_unit_test(takes_no_user_or_password),
      cmocka_unit_test(takes_host_names_only),
      cmocka_unit_test(takes_ports_only),
      cmocka_unit_test(bounds_the_host),
      cmocka_unit_test(knows_what_is_loopback),
      cmocka_unit_test(knows_dots),
      cmocka_unit_test(looks_through_paths)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
