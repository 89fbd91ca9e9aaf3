/* Exchanges with a server that answers, misbehaves or is not there. */
#include "scene.h"

#include <stdlib.h>
#include <zlib.h>

/* ---- answers ------------------------------------------------------------ */

static void an_answer_comes_whole(void **state)
{
  const zuora_response *r;
  (void)state;
  answered("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
           "Zuora-Request-Id: r1\r\nRateLimit-Remaining: 7\r\n"
           "Content-Length: 13\r\n\r\n{\"a\": \"body\"}",
           SERVER_KEEP, ZUORA_OK);
  r = zuora_exchange_response(scene.x);
  assert_string_equal(body_of(scene.x), "{\"a\": \"body\"}");
  assert_float_equal(r->status, 200, 0);
  assert_string_equal(r->request_id, "r1");
  assert_string_equal(r->content_type, "application/json");
  assert_float_equal(r->rate_remaining, 7, 0);
  assert_true(zuora_exchange_sent(scene.x));
  assert_true(r->seconds > 0 && r->total > 0 && r->seconds >= r->first_byte);
  assert_true(r->bytes_sent > 100 && r->bytes_received > 100);
  assert_int_equal(zuora_engine_busy(scene.engine), 0);
}

static void any_status_is_an_answer(void **state)
{
  (void)state;
  answered("HTTP/1.1 503 Overloaded\r\nRetry-After: 7\r\n"
           "Content-Length: 0\r\n\r\n",
           SERVER_KEEP, ZUORA_OK);
  assert_float_equal(zuora_exchange_response(scene.x)->status, 503, 0);
  assert_float_equal(zuora_exchange_response(scene.x)->retry_after, 7, 0);
  assert_string_equal(body_of(scene.x), "");
}

static void a_redirect_is_not_followed(void **state)
{
  server_answer answers[] = {{"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                              "Content-Length: 0\r\n\r\n",
                              0, SERVER_KEEP},
                             {OK_ANSWER, 0, SERVER_KEEP}};
  (void)state;
  arrange(answers, COUNT(answers), 1);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_float_equal(zuora_exchange_response(scene.x)->status, 302, 0);
  assert_int_equal(server_requests(scene.server), 1);
}

static void the_last_head_counts(void **state)
{
  (void)state;
  answered("HTTP/1.1 100 Continue\r\nZuora-Request-Id: no\r\n\r\n"
           "HTTP/1.1 103 Early Hints\r\n\r\n" OK_ANSWER,
           SERVER_KEEP, ZUORA_OK);
  assert_float_equal(zuora_exchange_response(scene.x)->status, 200, 0);
  assert_string_equal(zuora_exchange_response(scene.x)->request_id, "");
}

static void chunks_are_put_together(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
           SERVER_KEEP, ZUORA_OK);
  assert_string_equal(body_of(scene.x), "abcd");
}

static void a_body_may_end_with_the_connection(void **state)
{
  (void)state;
  answered("HTTP/1.1 200 OK\r\n\r\nuntil the end", SERVER_CLOSE, ZUORA_OK);
  assert_string_equal(body_of(scene.x), "until the end");
}

static size_t compress_into(char *out, size_t size, const char *body)
{
  z_stream stream;
  unsigned char plain[100] = {0};
  lay((char *)plain, body);
  memset(&stream, 0, sizeof stream);
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
  stream.next_in = plain;
  stream.avail_in = (unsigned)strlen(body);
  stream.next_out = (unsigned char *)out;
  stream.avail_out = (unsigned)size;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return stream.total_out;
}

static void gzip_is_asked_for_and_undone(void **state)
{
  char bytes[1000], packed[500];
  size_t size = compress_into(packed, sizeof packed, "{\"plain\":true}");
  server_answer answer = {NULL, 0, SERVER_KEEP};
  int head = snprintf(bytes, sizeof bytes,
                      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                      "Content-Length: %d\r\n\r\n",
                      (int)size);
  (void)state;
  memcpy(bytes + head, packed, size);
  answer.bytes = bytes;
  answer.size = (size_t)head + size;
  arrange(&answer, 1, 0);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_string_equal(body_of(scene.x), "{\"plain\":true}");
  assert_non_null(strstr(server_request(scene.server, 0), "Accept-Encoding: "));
  assert_non_null(strstr(server_request(scene.server, 0), "gzip"));
}

/* ---- what is sent ------------------------------------------------------- */

static void sends_what_was_built(void **state)
{
  const char *sent;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 1);
  carried(scene.engine, scene.x, ZUORA_OK);
  sent = server_request(scene.server, 0);
  begins(sent, "PUT /v1/entity-connections/c1/accept HTTP/1.1\r\n");
  assert_non_null(strstr(sent, "User-Agent: zuora/" ZUORA_VERSION "\r\n"));
  assert_non_null(strstr(sent, "Content-Type: application/json\r\n"));
  assert_non_null(strstr(sent, "Content-Length: 2\r\n"));
  assert_null(strstr(sent, "Authorization"));
  assert_null(strstr(sent, "Expect"));
  assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\n{}");
}

/* One handle serves all of them: nothing of one call stays for the next. */
static void each_method_leaves_as_it_is(void **state)
{
  static const char *const methods[] = {"POST", "GET",   "DELETE", "PUT",
                                        "GET",  "PATCH", "DELETE", "GET"};
  size_t i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  for (i = 0; i < COUNT(methods); i++) {
    call c = call_of("request");
    char start[20];
    int body = methods[i][0] == 'P';
    give(&c, "path", string_value("/v1/x"));
    give(&c, "method", string_value(methods[i]));
    if (body)
      give(&c, "body", string_value("{\"b\":1}"));
    zuora_exchange_free(scene.x);
    scene.x = exchange_of(scene.engine, &c);
    carried(scene.engine, scene.x, ZUORA_OK);
    snprintf(start, sizeof start, "%s /v1/x ", methods[i]);
    begins(server_request(scene.server, i), start);
    assert_int_equal(!!strstr(server_request(scene.server, i), "{\"b\":1}"),
                     body);
    assert_int_equal(!!strstr(server_request(scene.server, i), "Content-"),
                     body);
  }
  assert_int_equal(server_connections(scene.server), 1);
}

/* Each lies where the one before lay, as long as that. */
static void each_body_is_sent(void **state)
{
  size_t i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  for (i = 0; i < 3; i++) {
    call c = call_of("request");
    char body[] = "{\"b\":0}";
    body[5] = (char)('0' + i);
    give(&c, "path", string_value("/v1/x"));
    give(&c, "method", string_value("PUT"));
    give(&c, "body", string_value(body));
    zuora_exchange_free(scene.x);
    scene.x = exchange_of(scene.engine, &c);
    carried(scene.engine, scene.x, ZUORA_OK);
    assert_non_null(strstr(server_request(scene.server, i), body));
  }
}

static void one_is_waited_for(void **state)
{
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  submit_with(scene.x, 0, 60);
  assert_int_equal(zuora_exchange_wait(scene.x, 0), ZUORA_OK);
  assert_false(zuora_exchange_done(scene.x));
  while (!zuora_exchange_done(scene.x))
    assert_int_equal(zuora_exchange_wait(scene.x, 60), ZUORA_OK);
  assert_int_equal(code_of(scene.x), ZUORA_OK);
  assert_int_equal(zuora_exchange_wait(scene.x, 60), ZUORA_OK);
}

static void one_that_does_not_end_is_waited_for_no_longer(void **state)
{
  double began = zuora_clock();
  (void)state;
  arrange_one(NULL, SERVER_KEEP, 0);
  submit_with(scene.x, 0, 60);
  while (zuora_clock() - began < 0.05) {
    assert_int_equal(zuora_exchange_wait(scene.x, 0.05), ZUORA_OK);
    assert_false(zuora_exchange_done(scene.x));
  }
  assert_true(zuora_clock() - began < 30);
}

static void large_bodies_leave_without_asking(void **state)
{
  enum { SIZE = 2 * 1024 * 1024 };
  char *body = calloc(1, SIZE);
  call c = call_of("request");
  (void)state;
  assert_non_null(body);
  memset(body, ' ', SIZE);
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  give(&c, "path", string_value("/v1/x"));
  give(&c, "method", string_value("POST"));
  give(&c, "body", bytes_value(body, SIZE));
  zuora_exchange_free(scene.x);
  scene.x = exchange_of(scene.engine, &c);
  carried(scene.engine, scene.x, ZUORA_OK);
  assert_null(strstr(server_request(scene.server, 0), "Expect"));
  assert_true(strlen(server_request(scene.server, 0)) > SIZE);
  free(body);
}

static void a_connection_is_kept_for_the_next(void **state)
{
  int i;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  for (i = 0; i < 20; i++)
    carried(scene.engine, scene.x, ZUORA_OK);
  assert_int_equal(server_requests(scene.server), 20);
  assert_int_equal(server_connections(scene.server), 1);
  assert_float_equal(zuora_exchange_response(scene.x)->connect, 0, 0);
}

static void a_proxy_is_asked(void **state)
{
  zuora_engine_options o;
  (void)state;
  arrange_one(OK_ANSWER, SERVER_KEEP, 0);
  zuora_engine_options_init(&o);
  o.base_url = "http://127.0.0.1:9";
  o.proxy = server_url(scene.server);
  arrange_engine(&o);
  carried(scene.engine, scene.x, ZUORA_OK);
  begins(server_request(scene.server, 0),
         "GET http://127.0.0.1:9/v1/entity-connections HTTP/1.1");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
  const struct CMUnitTest tests[] = {
      TEST(an_answer_comes_whole),
      TEST(any_status_is_an_answer),
      TEST(a_redirect_is_not_followed),
      TEST(the_last_head_counts),
      TEST(chunks_are_put_together),
      TEST(a_body_may_end_with_the_connection),
      TEST(gzip_is_asked_for_and_undone),
      TEST(sends_what_was_built),
      TEST(each_method_leaves_as_it_is),
      TEST(each_body_is_sent),
      TEST(one_is_waited_for),
      TEST(one_that_does_not_end_is_waited_for_no_longer),
      TEST(large_bodies_leave_without_asking),
      TEST(a_connection_is_kept_for_the_next),
      TEST(a_proxy_is_asked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
