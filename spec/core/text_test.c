/* Bounded buffers and the encodings of the wire. */
#include "support.h"
#include "text.h"

#include <stdlib.h>

static zuora_text text;

static int setup(void **state)
{
  (void)state;
  zuora__text_init(&text, 1000);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  zuora__text_free(&text);
  return 0;
}

static void begins_with_nothing(void **state)
{
  (void)state;
  assert_null(text.data);
  assert_int_equal(text.size, 0);
  assert_int_equal(text.failed, ZUORA_OK);
}

static void grows_and_ends_with_nul(void **state)
{
  char expected[901];
  size_t i;
  (void)state;
  for (i = 0; i < 300; i++) {
    zuora__text_put(&text, "abc");
    memcpy(expected + 3 * i, "abc", 4);
    assert_int_equal(text.size, 3 * i + 3);
    assert_string_equal(text.data, expected);
  }
}

static void adding_nothing_makes_an_empty_string(void **state)
{
  (void)state;
  zuora__text_add(&text, NULL, 0);
  assert_string_equal(text.data, "");
  assert_int_equal(text.failed, ZUORA_OK);
}

static void holds_exactly_its_limit(void **state)
{
  char bytes[1001];
  (void)state;
  memset(bytes, 'x', sizeof bytes);
  zuora__text_add(&text, bytes, 1000);
  assert_int_equal(text.size, 1000);
  assert_int_equal(text.failed, ZUORA_OK);
  zuora__text_add(&text, bytes, 0);
  assert_int_equal(text.failed, ZUORA_OK);
  zuora__text_add(&text, bytes, 1);
  assert_int_equal(text.failed, ZUORA_ARGUMENT);
  assert_int_equal(text.size, 1000);
}

static void over_the_limit_adds_nothing_more(void **state)
{
  (void)state;
  zuora__text_init(&text, 5);
  zuora__text_put(&text, "abc");
  zuora__text_put(&text, "def");
  assert_int_equal(text.failed, ZUORA_ARGUMENT);
  zuora__text_put(&text, "x");
  assert_string_equal(text.data, "abc");
  zuora__text_add_percent(&text, "//", 2);
  zuora__text_add_json(&text, "x", 1);
  assert_string_equal(text.data, "abc");
}

/* A length near the end of its type must not wrap round. */
static void a_huge_size_is_over_the_limit(void **state)
{
  (void)state;
  zuora__text_put(&text, "abc");
  zuora__text_add(&text, "x", SIZE_MAX);
  assert_int_equal(text.failed, ZUORA_ARGUMENT);
  zuora__text_free(&text);
  zuora__text_init(&text, 0);
  zuora__text_put(&text, "x");
  assert_int_equal(text.failed, ZUORA_ARGUMENT);
}

static void clearing_forgets_the_failure(void **state)
{
  (void)state;
  zuora__text_clear(&text);
  assert_null(text.data);
  zuora__text_init(&text, 3);
  zuora__text_put(&text, "ab");
  zuora__text_put(&text, "cd");
  assert_int_equal(text.failed, ZUORA_ARGUMENT);
  zuora__text_clear(&text);
  assert_int_equal(text.failed, ZUORA_OK);
  assert_string_equal(text.data, "");
  zuora__text_put(&text, "xyz");
  assert_string_equal(text.data, "xyz");
}

static void wiping_overwrites_every_byte(void **state)
{
  static const char nothing[6];
  char *place;
  (void)state;
  zuora__text_put(&text, "secret");
  place = text.data;
  zuora__text_wipe(&text);
  assert_ptr_equal(text.data, place);
  assert_int_equal(text.size, 0);
  assert_memory_equal(place, nothing, 6);
  zuora__text_free(&text);
  zuora__text_wipe(&text);
  assert_null(text.data);
}

static void freed_it_may_be_used_again(void **state)
{
  (void)state;
  zuora__text_put(&text, "one");
  zuora__text_free(&text);
  assert_null(text.data);
  assert_int_equal(text.capacity, 0);
  assert_int_equal(text.limit, 1000);
  zuora__text_free(&text);
  zuora__text_put(&text, "two");
  assert_string_equal(text.data, "two");
}

static void wipe_touches_those_bytes_only(void **state)
{
  char bytes[] = "abcdef";
  (void)state;
  zuora__wipe(bytes + 1, 3);
  assert_memory_equal(bytes, "a\0\0\0ef", 6);
  zuora__wipe(bytes, 0);
  assert_int_equal(bytes[0], 'a');
}

/* Each of the 256 bytes. */
static void percent_encodes_all_but_the_unreserved(void **state)
{
  int c;
  (void)state;
  for (c = 0; c < 256; c++) {
    char byte = (char)c, code[4];
    int plain = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                            "uvwxyz0123456789-._~",
                            c);
    zuora__text_clear(&text);
    zuora__text_add_percent(&text, &byte, 1);
    snprintf(code, sizeof code, plain ? "%c" : "%%%02X", c);
    assert_string_equal(text.data, code);
  }
}

static void writes_json_strings(void **state)
{
  static const char raw[] = "a\"b\\c/\0\x01\n\x1f\x7f\xc3\xa9";
  (void)state;
  zuora__text_add_json(&text, raw, sizeof raw - 1);
  assert_string_equal(text.data, "\"a\\\"b\\\\c/\\u0000\\u0001\\u000a\\u001f"
                                 "\\u007f\xc3\xa9\"");
  zuora__text_clear(&text);
  zuora__text_add_json(&text, NULL, 0);
  assert_string_equal(text.data, "\"\"");
}

static void finds_what_no_header_may_hold(void **state)
{
  int c;
  (void)state;
  for (c = 0; c < 256; c++) {
    char bytes[3] = {'a', 0, 'b'};
    bytes[1] = (char)c;
    assert_int_equal(zuora__header_fault(bytes, 3),
                     c < 32 || c == 127 ? c : -1);
  }
  assert_int_equal(zuora__header_fault("", 0), -1);
}

static void knows_header_names(void **state)
{
  int c;
  (void)state;
  assert_false(zuora__is_token("", 0));
  assert_true(zuora__is_token("X-Thing", 7));
  for (c = 0; c < 256; c++) {
    char byte = (char)c;
    int token = c && strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvw"
                            "xyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                            c);
    assert_int_equal(zuora__is_token(&byte, 1), token);
  }
}

static void compares_letters_of_either_case(void **state)
{
  (void)state;
  assert_true(zuora__same("Zuora-ID", 8, "zUORA-id"));
  assert_true(zuora__same("", 0, ""));
  assert_false(zuora__same("abc", 3, "ab"));
  assert_false(zuora__same("ab", 2, "abc"));
  assert_false(zuora__same("[", 1, "{")); /* apart by the bit of the case */
  assert_false(zuora__same("ab\0", 3, "ab"));
}

static void copies_what_can_be_printed(void **state)
{
  char out[6];
  (void)state;
  assert_true(zuora__copy_printable(out, sizeof out, "abcde", 5));
  assert_string_equal(out, "abcde");
  assert_false(zuora__copy_printable(out, sizeof out, "abcdef", 6));
  assert_string_equal(out, "");
  assert_false(zuora__copy_printable(out, 1, "abc", 3));
  assert_string_equal(out, "");
}

/* Wherever it stands, and whatever stands around it. */
static void one_that_is_not_printable_spoils_all(void **state)
{
  static const unsigned char bad[] = {0, 1, 31, 127, 128, 160, 255};
  size_t at, i;
  (void)state;
  for (at = 0; at < 20; at++)
    for (i = 0; i < sizeof bad; i++) {
      char line[20], out[21];
      memset(line, at % 2 ? ' ' : '~', 20);
      assert_true(zuora__copy_printable(out, sizeof out, line, 20));
      line[at] = (char)bad[i];
      assert_false(zuora__copy_printable(out, sizeof out, line, 20));
      assert_string_equal(out, "");
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(begins_with_nothing),
      TEST(grows_and_ends_with_nul),
      TEST(adding_nothing_makes_an_empty_string),
      TEST(holds_exactly_its_limit),
      TEST(over_the_limit_adds_nothing_more),
      TEST(a_huge_size_is_over_the_limit),
      TEST(clearing_forgets_the_failure),
      TEST(wiping_overwrites_every_byte),
      TEST(freed_it_may_be_used_again),
      TEST(wipe_touches_those_bytes_only),
      TEST(percent_encodes_all_but_the_unreserved),
      TEST(writes_json_strings),
      TEST(finds_what_no_header_may_hold),
      TEST(knows_header_names),
      TEST(compares_letters_of_either_case),
      TEST(copies_what_can_be_printed),
      TEST(one_that_is_not_printable_spoils_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
