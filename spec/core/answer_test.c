/* The one answer that is known without a reader of JSON. */
#include "scene.h"

static int succeeded(const char *body, size_t size)
{
  char bytes[200];
  server_answer answer = {NULL, 0, SERVER_KEEP};
  int head = snprintf(bytes, sizeof bytes,
                      "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n",
                      (unsigned long)size);
  assert_true((size_t)head + size < sizeof bytes);
  memcpy(bytes + head, body, size);
  answer.bytes = bytes;
  answer.size = (size_t)head + size;
  scene_close(NULL);
  arrange(&answer, 1, 1);
  assert_false(zuora_exchange_succeeded(scene.x));
  carried(scene.engine, scene.x, ZUORA_OK);
  return zuora_exchange_succeeded(scene.x);
}

static void plain_success_is_known_however_spaced(void **state)
{
  static const char *const bodies[] = {"{\"success\":true}",
                                       "{\"success\": true}",
                                       " {\r\n\t\"success\" : true\n}\n"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bodies); i++)
    assert_true(succeeded(bodies[i], strlen(bodies[i])));
}

static void anything_else_is_left_to_its_reader(void **state)
{
  static const char *const bodies[] = {"",
                                       "{}",
                                       "true",
                                       "{\"success\":false}",
                                       "{\"success\":\"true\"}",
                                       "{\"success\":true",
                                       "{\"success\":true}}",
                                       "{\"success\":true},",
                                       "{\"success\":true,\"id\":\"x\"}",
                                       "{\"id\":\"x\",\"success\":true}",
                                       "{\"success\":tru e}",
                                       "[{\"success\":true}]"};
  static const char hidden[] = "{\"success\":true}\0false";
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bodies); i++)
    if (succeeded(bodies[i], strlen(bodies[i])))
      fail_msg("%s is taken for success", bodies[i]);
  assert_false(succeeded(hidden, sizeof hidden - 1));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
  const struct CMUnitTest tests[] = {
      TEST(plain_success_is_known_however_spaced),
      TEST(anything_else_is_left_to_its_reader)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
