/* A server that misbehaves, or is not there. */
#include "engine.h"
#include "scene.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* How it ended, and whether the request counts as sent. */
static void ended(zuora_code code, int sent, const char *message)
{
  check_error(zuora_exchange_error(scene.x), code, NULL, message);
  assert_int_equal(zuora_exchange_sent(scene.x), sent);
}

/* ---- connections that do not come about or break ------------------------ */

static void nobody_listens(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  server_stop(scene.server);
  scene.server = NULL;
  carried(scene.engine, scene.x, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 0, "127.0.0.1");
  assert_float_equal(zuora_exchange_response(scene.x)->status, -1, 0);
}

static void reset_before_the_answer(void **state)
{
  (void)state;
  answered(NULL, SERVER_RESET, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
}

static void closed_before_the_answer(void **state)
{
  (void)state;
  answered(NULL, SERVER_CLOSE, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "Empty reply");
}

static void closed_within_the_head(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nContent-Le", SERVER_CLOSE, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
  scene_close(NULL);
  answered("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", SERVER_CLOSE,
           ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
}

static void closed_within_the_body(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"", SERVER_CLOSE,
           ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
  assert_float_equal(zuora_exchange_response(scene.x)->status, 200, 0);
}

static void reset_within_the_body(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"", SERVER_RESET,
           ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
}

static void chunks_cut_short(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
           SERVER_CLOSE, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "");
}

/* ---- answers that are none ---------------------------------------------- */

static void what_is_not_http(void **state)
{
  (void)state;
  answered("SSH-2.0-OpenSSH_9.2\r\nnothing else\r\n", SERVER_CLOSE,
           ZUORA_PROTOCOL);
  ended(ZUORA_PROTOCOL, 1, "");
}

static void gzip_that_is_none(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
           "Content-Length: 4\r\n\r\nabcd",
           SERVER_KEEP, ZUORA_PROTOCOL);
  ended(ZUORA_PROTOCOL, 1, "");
}

static void a_server_without_tls(void **state)
{
  char url[80];
  zuora_engine_options o;
  (void)state;
  arrange_one("HTTP/1.1 400 Bad Request\r\n\r\n", SERVER_CLOSE, 0);
  snprintf(url, sizeof url, "https%s", server_url(scene.server) + 4);
  zuora_engine_options_init(&o);
  o.base_url = url;
  arrange_engine(&o);
  carried(scene.engine, scene.x, ZUORA_TLS);
  ended(ZUORA_TLS, 0, "");
  o.ca_file = "/nonexistent/ca.pem";
  arrange_engine(&o);
  carried(scene.engine, scene.x, ZUORA_TLS);
  ended(ZUORA_TLS, 0, "");
}

/* ---- answers that are too much ------------------------------------------ */

static void bounded(size_t body, size_t limit, zuora_code code)
{
  char *bytes = malloc(body + 100);
  zuora_engine_options o;
  int head;
  assert_non_null(bytes);
  head = snprintf(bytes, 100, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n",
                  (unsigned long)body);
  memset(bytes + head, 'x', body);
  bytes[(size_t)head + body] = '\0';
  arrange_one(bytes, SERVER_KEEP, 0);
  zuora_engine_options_init(&o);
  o.base_url = server_url(scene.server);
  o.max_body = limit;
  arrange_engine(&o);
  carried(scene.engine, scene.x, code);
  server_stop(scene.server);
  scene.server = NULL;
  free(bytes);
}

static void a_body_may_be_as_large_as_allowed(void **state)
{
  size_t size;
  (void)state;
  bounded(100000, 100000, ZUORA_OK);
  zuora_exchange_body(scene.x, &size);
  assert_int_equal(size, 100000);
}

static void a_larger_body_is_an_error(void **state)
{
  (void)state;
  bounded(100001, 100000, ZUORA_PROTOCOL);
  ended(ZUORA_PROTOCOL, 1, "the answer is larger than 100000 bytes");
}

/* `count` header lines of 1000 bytes each. */
static char *head_of(size_t count)
{
  char *bytes = malloc(count * 1000 + 100), *at = bytes;
  assert_non_null(bytes);
  at += snprintf(at, 100, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
  while (count--) {
    memset(at, 'x', 1000);
    lay(at, "X-A: ");
    lay(at + 998, "\r\n");
    at += 1000;
  }
  memcpy(at, "\r\n", 3);
  return bytes;
}

static void a_head_has_bounds(void **state)
{
  char *bytes = head_of(200);
  (void)state;
  answered(bytes, SERVER_KEEP, ZUORA_OK);
  free(bytes);
  scene_close(NULL);
  bytes = head_of(300);
  answered(bytes, SERVER_KEEP, ZUORA_PROTOCOL);
  free(bytes);
  ended(ZUORA_PROTOCOL, 1, "the head of the answer is larger than 262144");
}

static void a_header_line_has_bounds(void **state)
{
  char *bytes = malloc(200100);
  (void)state;
  assert_non_null(bytes);
  memset(bytes, 'x', 200000);
  lay(bytes, "HTTP/1.1 200 OK\r\nX: ");
  memcpy(bytes + 200000, "\r\n\r\n", 5);
  answered(bytes, SERVER_KEEP, ZUORA_PROTOCOL);
  free(bytes);
  ended(ZUORA_PROTOCOL, 1, "");
}

/* ---- a kept connection that breaks -------------------------------------- */

static const server_answer broken_kept[] = {{OK_ANSWER, 0, SERVER_KEEP},
                                            {NULL, 0, SERVER_CLOSE},
                                            {OK_ANSWER, 0, SERVER_KEEP}};

static void what_reads_is_sent_again(void **state)
{
  (void)state;
  arrange(broken_kept, COUNT(broken_kept), 0);
  carried(scene.engine, scene.x, ZUORA_OK);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_int_equal(server_requests(scene.server), 3);
  assert_int_equal(server_connections(scene.server), 2);
}

/* Whether the first was carried out nobody knows. */
static void what_writes_leaves_once(void **state)
{
  (void)state;
  arrange(broken_kept, COUNT(broken_kept), 1);
  carried(scene.engine, scene.x, ZUORA_OK);
  carried(scene.engine, scene.x, ZUORA_NETWORK);
  ended(ZUORA_NETWORK, 1, "the connection broke before the answer");
  assert_int_equal(server_requests(scene.server), 2);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_int_equal(server_requests(scene.server), 3);
}

/* One that was closed while nobody looked costs nothing. */
static void what_was_closed_is_opened_again(void **state)
{
  static const server_answer answers[] = {{OK_ANSWER, 0, SERVER_CLOSE},
                                          {OK_ANSWER, 0, SERVER_KEEP}};
  double stop = zuora_clock() + 30;
  int count;
  (void)state;
  arrange(answers, COUNT(answers), 1);
  carried(scene.engine, scene.x, ZUORA_OK);
  while (!server_closed(scene.server) && zuora_clock() < stop)
    assert_int_equal(zuora_engine_step(&count, scene.engine, 0.005), ZUORA_OK);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_int_equal(server_requests(scene.server), 2);
}

/* ---- no descriptors ----------------------------------------------------- */

/* Lets no new descriptor be had, or again. */
static void bound_descriptors(int on)
{
  static struct rlimit before;
  struct rlimit limit;
  int next = open("/dev/null", O_RDONLY);
  if (next >= 0)
    close(next);
  if (on) {
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  } else {
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  }
}

static void without_a_descriptor_it_does_not_start(void **state)
{
  zuora_code code;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  bound_descriptors(1);
  code = zuora_exchange_submit(scene.x, ZUORA_SIGN_NONE, 0, 0, &scene.error);
  bound_descriptors(0);
  assert_int_equal(code, ZUORA_NETWORK);
  check_error(&scene.error, ZUORA_NETWORK, NULL, "no memory or descriptors");
  assert_false(zuora_exchange_done(scene.x));
  carried(scene.engine, scene.x, ZUORA_OK);
}

static void without_a_socket_there_is_no_connection(void **state)
{
  int count;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  submit(scene.x);
  bound_descriptors(1);
  while (!zuora_exchange_done(scene.x))
    assert_int_equal(zuora_engine_step(&count, scene.engine, 1), ZUORA_OK);
  bound_descriptors(0);
  assert_int_equal(zuora_exchange_error(scene.x)->code, ZUORA_NETWORK);
  assert_false(zuora_exchange_sent(scene.x));
  carried(scene.engine, scene.x, ZUORA_OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
  const struct CMUnitTest tests[] = {
      TEST(nobody_listens),
      TEST(reset_before_the_answer),
      TEST(closed_before_the_answer),
      TEST(closed_within_the_head),
      TEST(closed_within_the_body),
      TEST(reset_within_the_body),
      TEST(chunks_cut_short),
      TEST(what_is_not_http),
      TEST(gzip_that_is_none),
      TEST(a_server_without_tls),
      TEST(a_body_may_be_as_large_as_allowed),
      TEST(a_larger_body_is_an_error),
      TEST(a_head_has_bounds),
      TEST(a_header_line_has_bounds),
      TEST(what_reads_is_sent_again),
      TEST(what_writes_leaves_once),
      TEST(what_was_closed_is_opened_again),
      TEST(without_a_descriptor_it_does_not_start),
      TEST(without_a_socket_there_is_no_connection)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
