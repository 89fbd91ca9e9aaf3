/* One member out of a JSON object. */
#include "support.h"
#include "text.h"

static char out[32];

/* What the member `name` of `json` is, or NULL. The JSON is handed over in a
 * block of its own size, without a NUL, so that a sanitizer sees a read past
 * its end. */
static const char *member_of(const char *json, size_t size, const char *name)
{
  char *copy = test_malloc(size + !size);
  int found;
  memcpy(copy, json, size);
  memset(out, '?', sizeof out);
  found = zuora__json_member(out, sizeof out, copy, size, name);
  test_free(copy);
  return found ? out : NULL;
}

static const char *member(const char *json)
{
  return member_of(json, strlen(json), "a");
}

static void finds_a_string(void **state)
{
  (void)state;
  assert_string_equal(member("{\"a\":\"b\"}"), "b");
  assert_string_equal(member(" \t\r\n{ \"a\" : \"b c\" } "), "b c");
  assert_string_equal(member("{\"b\":\"x\",\"a\":\"y\"}"), "y");
  assert_string_equal(member("{\"a\":\"\"}"), "");
  /* As other readers of JSON take it. */
  assert_string_equal(member("{\"a\":\"x\",\"a\":\"y\"}"), "y");
}

static void finds_numbers_as_written(void **state)
{
  (void)state;
  assert_string_equal(member("{\"a\":3599}"), "3599");
  assert_string_equal(member("{\"a\": -1.5e3 }"), "-1.5e3");
  assert_string_equal(member("{\"b\":12,\"c\":false,\"a\":7}"), "7");
}

static void a_value_without_a_value_is_none(void **state)
{
  (void)state;
  assert_null(member("{\"a\":true,\"b\":1}"));
  assert_null(member("{\"a\":false}"));
  assert_null(member("{\"a\":null}"));
}

static void takes_escapes_back(void **state)
{
  (void)state;
  assert_string_equal(member("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
                      "\"\\/\b\f\n\r\t");
  assert_string_equal(member("{\"a\":\"\\u0041\\u007e\\u002F\\u002f\"}"),
                      "A~//");
  assert_string_equal(member("{\"\\u0061\":\"x\"}"), "x");
  assert_string_equal(member("{\"a\":\"\xc3\xa9\"}"), "\xc3\xa9");
}

static void refuses_escapes_it_cannot_give(void **state)
{
  (void)state;
  assert_null(member("{\"a\":\"\\u0000\"}"));
  assert_null(member("{\"a\":\"\\u0080\"}"));
  assert_null(member("{\"a\":\"\\ud83d\\ude00\"}"));
  assert_null(member("{\"a\":\"\\u00g0\"}"));
  assert_null(member("{\"a\":\"\\x41\"}"));
  assert_null(member_of("{\"a\":\"\\\0\"}", 9, "a"));
  assert_null(member_of("{\"a\":\"x\0y\"}", 11, "a"));
}

static void other_values_may_be_long_or_strange(void **state)
{
  char json[4000];
  (void)state;
  memset(json, 'x', sizeof json);
  memcpy(json, "{\"b\":\"\\\"\\u1234", 15);
  lay(json + 3000, "\\\\\",\"a\":\"y\"}");
  assert_string_equal(member_of(json, 3012, "a"), "y");
}

static void other_members_may_hold_anything(void **state)
{
  char json[300];
  (void)state;
  assert_string_equal(member("{\"b\":{\"a\":\"in\",\"c\":[1,{}]},\"a\":\"y\"}"),
                      "y");
  assert_string_equal(member("{\"b\":[],\"c\":[\"]\\\"\",[[]]],\"a\":1}"), "1");
  assert_string_equal(member("{\"\\u00e9\":\"z\",\"a\":\"y\"}"), "y");
  memset(json, 'k', sizeof json);
  lay(json, "{\"");
  memcpy(json + 200, "\":1,\"a\":\"y\"}", 13);
  assert_string_equal(member(json), "y");
}

static void refuses_what_is_nested(void **state)
{
  (void)state;
  assert_null(member("{\"a\":{\"b\":1}}"));
  assert_null(member("{\"a\":[1]}"));
  assert_null(member("{\"b\":{\"a\":1}}"));
  assert_null(member("[{\"a\":1}]"));
  assert_null(member("\"a\""));
}

static void refuses_what_does_not_fit(void **state)
{
  (void)state;
  assert_string_equal(member("{\"a\":\"0123456789012345678901234567890\"}"),
                      "0123456789012345678901234567890");
  assert_null(member("{\"a\":\"01234567890123456789012345678901\"}"));
  assert_string_equal(member("{\"a\":1234567890123456789012345678901}"),
                      "1234567890123456789012345678901");
  assert_null(member("{\"a\":12345678901234567890123456789012}"));
}

static void refuses_what_is_no_json(void **state)
{
  static const char *const texts[] = {"",
                                      "{",
                                      "{}",
                                      "{\"b\":1}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "{\"a\":}",
                                      "{\"a\":,\"b\":1}",
                                      "{\"b\"1}",
                                      "{\"b\":x\"}",
                                      "{\"b\":}",
                                      "<html>",
                                      "{\"a\":1\"",
                                      "{'a':1}",
                                      "{\"b\":[}",
                                      "{\"b\":[\"]",
                                      "{\"b\":{",
                                      "{\"b\":\"",
                                      "{\"b\":\"\\",
                                      "{\"b\":1 \"a\":2}",
                                      "{\"a\":1,}",
                                      "{\"a\":1}}",
                                      "{\"a\":1}x",
                                      "{\"a\":1}{\"a\":2}",
                                      "{\"a\":1]",
                                      "{\"a\":\"\"]",
                                      "{\"a\":1 2}",
                                      "{\"a\":1,\"b\"}"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(texts); i++)
    if (member(texts[i]))
      fail_msg("found %s in %s", out, texts[i]);
}

/* Cut anywhere, also behind the value, nothing is found. */
static void finds_nothing_in_what_was_cut(void **state)
{
  static const char whole[] =
      "{\"x\":[{\"y\":\"\\\"\"}],\"a\":\"\\u0041b\\n\",\"z\":{\"b\":1}}";
  size_t size;
  (void)state;
  for (size = 0; size < sizeof whole - 1; size++)
    assert_null(member_of(whole, size, "a"));
  assert_string_equal(member_of(whole, sizeof whole - 1, "a"), "Ab\n");
}

/* Whatever comes of it, what is written ends with a NUL. */
static void what_is_not_found_leaves_no_end_open(void **state)
{
  (void)state;
  assert_null(member("{\"b\":1}"));
  assert_string_equal(out, "");
  assert_null(member("{\"a\":\"bc\\ud83d\"}"));
  assert_string_equal(out, "bc");
  assert_null(member("{\"a\":\"01234567890123456789012345678901\"}"));
  assert_string_equal(out, "0123456789012345678901234567890");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_a_string),
      cmocka_unit_test(finds_numbers_as_written),
      cmocka_unit_test(a_value_without_a_value_is_none),
      cmocka_unit_test(takes_escapes_back),
      cmocka_unit_test(refuses_escapes_it_cannot_give),
      cmocka_unit_test(other_values_may_be_long_or_strange),
      cmocka_unit_test(other_members_may_hold_anything),
      cmocka_unit_test(refuses_what_is_nested),
      cmocka_unit_test(refuses_what_does_not_fit),
      cmocka_unit_test(refuses_what_is_no_json),
      cmocka_unit_test(finds_nothing_in_what_was_cut),
      cmocka_unit_test(what_is_not_found_leaves_no_end_open)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
