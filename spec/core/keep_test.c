/* Keeping what an answer grants. */
#include "engine.h"
#include "scene.h"

static zuora_grant grant;

static zuora_code kept(const char *head, const char *body, zuora_secret secret)
{
  char bytes[8000];
  snprintf(bytes, sizeof bytes,
           "HTTP/1.1 200 OK\r\n%sContent-Length: %lu\r\n\r\n%s", head,
           (unsigned long)strlen(body), body);
  scene_close(NULL);
  answered(bytes, SERVER_KEEP, ZUORA_OK);
  memset(&grant, 'x', sizeof grant);
  return zuora_exchange_keep(scene.x, secret, &grant, &scene.error);
}

static int has_token(const char *token)
{
  const zuora_text *text = &scene.engine->secrets[ZUORA_ACCESS_TOKEN];
  return text->size == strlen(token) && !memcmp(text->data, token, text->size);
}

static void a_token_is_kept(void **state)
{
  static const char nothing[8];
  (void)state;
  assert_int_equal(
      kept("",
           "{\"access_token\": \"abc123\", \"token_type\": \"bearer\","
           "\"expires_in\": 3598, \"scope\": \"entity.1 entity.2\"}",
           ZUORA_ACCESS_TOKEN),
      ZUORA_OK);
  assert_true(has_token("abc123"));
  assert_float_equal(grant.expires_in, 3598, 0);
  assert_string_equal(grant.scope, "entity.1 entity.2");
  assert_string_equal(body_of(scene.x), "");
  assert_memory_equal(body_of(scene.x), nothing, sizeof nothing);
}

static void a_token_may_come_alone(void **state)
{
  (void)state;
  assert_int_equal(kept("", "{\"access_token\":\"t\"}", ZUORA_ACCESS_TOKEN),
                   ZUORA_OK);
  assert_true(has_token("t"));
  assert_float_equal(grant.expires_in, -1, 0);
  assert_string_equal(grant.scope, "");
}

/* What there is room for: it names several entities all the same. */
static void a_long_scope_is_cut(void **state)
{
  char body[5000] = "{\"access_token\":\"t\",\"scope\":\"entity.1 ";
  size_t size = strlen(body);
  (void)state;
  memset(body + size, 'x', 4500);
  strcpy(body + size + 4500, "\"}");
  assert_int_equal(kept("", body, ZUORA_ACCESS_TOKEN), ZUORA_OK);
  assert_int_equal(strlen(grant.scope), sizeof grant.scope - 1);
  assert_memory_equal(grant.scope, "entity.1 xx", 11);
  assert_int_equal(kept("",
                        "{\"access_token\":\"t\",\"scope\":\"entity.1 "
                        "caf\\u00e9\"}",
                        ZUORA_ACCESS_TOKEN),
                   ZUORA_OK);
  assert_string_equal(grant.scope, "entity.1 caf");
}

static void times_that_are_none_are_not_told(void **state)
{
  static const char *const times[] = {"\"soon\"", "true", "null", "\"inf\"",
                                      "\"nan\"",  "-5",   "\"\"", "\"12x\""};
  char body[100];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(times); i++) {
    snprintf(body, sizeof body, "{\"access_token\":\"t\",\"expires_in\":%s}",
             times[i]);
    assert_int_equal(kept("", body, ZUORA_ACCESS_TOKEN), ZUORA_OK);
    if (grant.expires_in != -1)
      fail_msg("%s is read as %g", times[i], grant.expires_in);
  }
}

static void an_answer_without_a_token_gives_none(void **state)
{
  static const char *const bodies[] = {"",
                                       "{}",
                                       "<html>",
                                       "{\"access_token\":\"\"}",
                                       "{\"access_token\":[]}",
                                       "{\"access_token\":null}",
                                       "{\"access_token\":\"abc\"",
                                       "{\"access_token\":\"abc\",\"sco",
                                       "{\"error\":\"invalid_client\"}"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bodies); i++) {
    assert_int_equal(kept("", bodies[i], ZUORA_ACCESS_TOKEN), ZUORA_PROTOCOL);
    check_error(&scene.error, ZUORA_PROTOCOL, NULL,
                "the answer holds no access token");
    assert_false(zuora_engine_has_secret(scene.engine, ZUORA_ACCESS_TOKEN));
  }
  assert_int_equal(
      kept("", "{\"access_token\":\"a\\u000db\"}", ZUORA_ACCESS_TOKEN),
      ZUORA_ARGUMENT);
  assert_false(zuora_engine_has_secret(scene.engine, ZUORA_ACCESS_TOKEN));
}

static void a_session_is_kept(void **state)
{
  (void)state;
  assert_int_equal(
      kept("Set-Cookie: ZSession=s-1; Secure\r\n", "{}", ZUORA_SESSION),
      ZUORA_OK);
  assert_memory_equal(scene.engine->secrets[ZUORA_SESSION].data, "s-1", 4);
  assert_float_equal(grant.expires_in, -1, 0);
  assert_int_equal(kept("Set-Cookie: other=1\r\n", "{}", ZUORA_SESSION),
                   ZUORA_PROTOCOL);
  check_error(&scene.error, ZUORA_PROTOCOL, NULL,
              "the answer holds no session");
  assert_int_equal(
      kept("Set-Cookie: ZSession=s-1\r\n", "{}", ZUORA_CLIENT_SECRET),
      ZUORA_PROTOCOL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
  const struct CMUnitTest tests[] = {TEST(a_token_is_kept),
                                     TEST(a_token_may_come_alone),
                                     TEST(a_long_scope_is_cut),
                                     TEST(times_that_are_none_are_not_told),
                                     TEST(an_answer_without_a_token_gives_none),
                                     TEST(a_session_is_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
