/* Secrets that do not stand in what is shown. */
#include "engine.h"
#include "support.h"

static zuora_engine *engine;
static zuora_error error;

static int setup(void **state)
{
  (void)state;
  engine = engine_of("https://rest.zuora.com/");
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  zuora_engine_free(engine);
  return 0;
}

static void set_secret(zuora_secret secret, const char *value)
{
  assert_int_equal(
      zuora_engine_set_secret(engine, secret, value, strlen(value), &error),
      ZUORA_OK);
}

static void redacted(const char *text, const char *expected)
{
  char copy[200];
  size_t size = strlen(text);
  assert_true(size < sizeof copy);
  memset(copy, '?', sizeof copy);
  memcpy(copy, text, size + 1);
  zuora_engine_redact(engine, copy, size);
  assert_string_equal(copy, expected);
  assert_int_equal(copy[size + 1], '?');
}

static void secrets_are_masked_wherever_they_stand(void **state)
{
  char bytes[] = "a\0wxyz\0b";
  (void)state;
  redacted("nothing is known", "nothing is known");
  set_secret(ZUORA_ACCESS_TOKEN, "wxyz");
  redacted("", "");
  redacted("wxy", "wxy");
  redacted("wxyz", "****");
  redacted("wxyzwxyz wxywxyz wxyzz", "******** wxy**** ****z");
  redacted("WXYZ", "WXYZ");
  zuora_engine_redact(engine, bytes, sizeof bytes - 1);
  assert_memory_equal(bytes, "a\0****\0b", sizeof bytes);
}

static void each_secret_is_masked_but_no_id(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_ID, "my-client");
  set_secret(ZUORA_CLIENT_SECRET, "my-secret");
  set_secret(ZUORA_ACCESS_TOKEN, "my-token");
  set_secret(ZUORA_API_ACCESS_KEY_ID, "my-user");
  set_secret(ZUORA_API_SECRET_ACCESS_KEY, "my-pass");
  set_secret(ZUORA_SESSION, "my-session");
  redacted("my-client my-secret my-token my-user my-pass my-session",
           "my-client ********* ******** my-user ******* **********");
}

static void too_short_secrets_would_mask_everything(void **state)
{
  (void)state;
  set_secret(ZUORA_ACCESS_TOKEN, "abc");
  redacted("abc", "abc");
}

static void other_forms_are_masked_too(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_SECRET, "a/b+\"\\%=");
  redacted("<a/b+\"\\%=>", "<********>");
  redacted("<a%2Fb%2B%22%5C%25%3D>", "<********************>");
  redacted("<a%2fb%2b%22%5c%25%3d>", "<********************>");
  redacted("<a/b%2B%22%5C%25=>", "<****************>");
  redacted("<a/b+\\\"\\\\%=>", "<**********>");
  redacted("<a\\/b+\\\"\\\\%=>", "<***********>");
  redacted("<a\\u002fb\\u002B\\u0022\\\\\\u0025\\u003D>",
           "<**********************************>");
  redacted("a%2Fb%2B%22%5C%25", "a%2Fb%2B%22%5C%25");
  redacted("a%2", "a%2");
  redacted("a\\", "a\\");
  redacted("a\\u00", "a\\u00");
}

static void forms_of_pages_are_masked_too(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_SECRET, "a<b>&\"'c d");
  redacted("[a&lt;b&gt;&amp;&quot;&#39;c d]",
           "[*****************************]");
  redacted("[a&#60;b&#x3e;&#x26;&#34;&#x27;c d]",
           "[*********************************]");
  redacted("[a&lt;b&gt;&\"&apos;c d]", "[*********************]");
  redacted("[a%3Cb%3E%26%22%27c+d]", "[********************]");
  redacted("[a&lt;b&gt;&amp;&quot;&#39;c", "[a&lt;b&gt;&amp;&quot;&#39;c");
}

static void numbers_of_pages_may_have_zeros(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_SECRET, "O'Brien\"2024");
  redacted("[O&#039;Brien&#034;2024]", "[**********************]");
  redacted("[O&#00000039;Brien&#X0022;2024]",
           "[*****************************]");
  redacted("O&#039Brien&#034;2024", "O&#039Brien&#034;2024");
  redacted("O&#;Brien&#034;2024", "O&#;Brien&#034;2024");
  redacted("O&#99999999999999999999939;Brien\"2024",
           "O&#99999999999999999999939;Brien\"2024");
  redacted("O'Brien&#3", "O'Brien&#3");
  redacted("O'Brien&#x", "O'Brien&#x");
}

static void characters_past_ascii_are_known_by_their_numbers(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_SECRET, "s\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91");
  redacted("[s\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91]", "[**********]");
  redacted("[s\\u00e4\\u20AC\\ud83d\\udd11]", "[*************************]");
  redacted("[s&#228;&#x20ac;&#128273;]", "[************************]");
  redacted("[s%C3%a4\xe2\x82\xac%F0%9F%94%91]", "[**********************]");
  /* as by a server to which each byte is a character */
  redacted("[s\\u00c3\\u00a4\\u00e2\\u0082\\u00ac\xf0\x9f\x94\x91]",
           "[***********************************]");
  redacted("s\\u00e4\\u20ac\\ud83d", "s\\u00e4\\u20ac\\ud83d");
  redacted("s\\u00e4\\u20ac\\ud83d\\u0041", "s\\u00e4\\u20ac\\ud83d\\u0041");
  set_secret(ZUORA_CLIENT_SECRET, "caf\xe9 \xe2\x82");
  redacted("[caf\\u00e9 \xe2\x82]", "[************]");
}

/* One secret may be a part of another. */
static void the_longest_is_masked_first(void **state)
{
  (void)state;
  set_secret(ZUORA_CLIENT_SECRET, "abcd");
  set_secret(ZUORA_ACCESS_TOKEN, "1234-abcd-5678");
  set_secret(ZUORA_SESSION, "cd-5");
  redacted("1234-abcd-5678 abcd cd-5", "************** **** ****");
}

/* An answer to what was sent before may hold them. */
static void those_that_were_replaced_are_masked_still(void **state)
{
  (void)state;
  set_secret(ZUORA_ACCESS_TOKEN, "old-token");
  set_secret(ZUORA_ACCESS_TOKEN, "new-token");
  set_secret(ZUORA_SESSION, "session-1");
  set_secret(ZUORA_SESSION, "");
  set_secret(ZUORA_CLIENT_ID, "client-1");
  set_secret(ZUORA_CLIENT_ID, "client-2");
  redacted("old-token new-token session-1 client-1 client-2",
           "********* ********* ********* client-1 client-2");
}

static void only_so_many_are_kept(void **state)
{
  static const char rest[6] = {0};
  char value[20];
  int i;
  (void)state;
  set_secret(ZUORA_SESSION, "the-very-first");
  for (i = 0; i < ZUORA_REPLACED; i++) {
    snprintf(value, sizeof value, "session-%02d", i);
    set_secret(ZUORA_SESSION, value);
    set_secret(ZUORA_SESSION, value); /* no other: it counts once */
  }
  redacted("the-very-first session-00 session-31",
           "************** ********** **********");
  for (i = 0; i < ZUORA_REPLACED; i++) { /* those are kept already */
    set_secret(ZUORA_GIVEN_SECRET, "session-30");
    set_secret(ZUORA_GIVEN_SECRET, "session-31");
  }
  redacted("the-very-first session-00 session-31",
           "************** ********** **********");
  set_secret(ZUORA_GIVEN_SECRET, "");
  set_secret(ZUORA_SESSION, "last");
  redacted("the-very-first session-00 session-31 last",
           "the-very-first ********** ********** ****");
  assert_memory_equal(engine->secrets[ZUORA_SESSION].data + 4, rest, 6);
}

static void one_that_is_taken_away_takes_no_other_place(void **state)
{
  int i;
  (void)state;
  set_secret(ZUORA_ACCESS_TOKEN, "the-very-first");
  set_secret(ZUORA_ACCESS_TOKEN, "");
  for (i = 0; i < ZUORA_REPLACED - 1; i++) {
    set_secret(ZUORA_SESSION, "a-session");
    set_secret(ZUORA_SESSION, "");
  }
  redacted("the-very-first a-session", "************** *********");
}

static void heads_are_rid_of_them(void **state)
{
  zuora_response response;
  (void)state;
  memset(&response, 0, sizeof response);
  zuora_response_clear(&response);
  set_secret(ZUORA_ACCESS_TOKEN, "a/token");
  set_secret(ZUORA_ACCESS_TOKEN, "another");
  strcpy(response.request_id, "a%2ftoken");
  strcpy(response.track_id, "<a\\/token>");
  strcpy(response.content_type, "another/thing/ano");
  strcpy(response.concurrency_type, "ther/another");
  zuora__redact_head(&response, engine);
  assert_string_equal(response.request_id, "*********");
  assert_string_equal(response.track_id, "<********>");
  assert_string_equal(response.content_type, "*******/thing/ano");
  assert_string_equal(response.concurrency_type, "ther/*******");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(secrets_are_masked_wherever_they_stand),
      TEST(each_secret_is_masked_but_no_id),
      TEST(too_short_secrets_would_mask_everything),
      TEST(other_forms_are_masked_too),
      TEST(forms_of_pages_are_masked_too),
      TEST(numbers_of_pages_may_have_zeros),
      TEST(characters_past_ascii_are_known_by_their_numbers),
      TEST(the_longest_is_masked_first),
      TEST(those_that_were_replaced_are_masked_still),
      TEST(only_so_many_are_kept),
      TEST(one_that_is_taken_away_takes_no_other_place),
      TEST(heads_are_rid_of_them)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
