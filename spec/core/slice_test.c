/* How much a step does before others have their turn, on a clock that is set.
 * The test is the server, so that it answers all at once. */
#include "engine.h"
#include "scene.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OFTEN = 4, MANY = 3 * OFTEN }; /* OFTEN as queue.c has it */

static const char answer[] = OK_ANSWER;
static zuora_exchange *many[MANY];
static int listener, peers[MANY];

/* In place of clock.c: each look at it takes so many seconds. */
static double now, look;

double zuora_clock(void)
{
  return now += look;
}

static int open_all(void **state)
{
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  zuora_engine_options o;
  call c = call_of("connections.list");
  char url[40];
  int i;
  scene_open(state);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(listener >= 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(listener, MANY), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size),
                   0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  zuora_engine_options_init(&o);
  o.base_url = url;
  o.max_concurrency = MANY;
  arrange_engine(&o);
  now = 1000;
  look = 0;
  for (i = 0; i < MANY; i++) {
    peers[i] = -1;
    many[i] = exchange_of(scene.engine, &c);
    submit_with(many[i], 0, 0);
  }
  return 0;
}

static int close_all(void **state)
{
  int i;
  for (i = 0; i < MANY; i++) {
    zuora_exchange_free(many[i]);
    if (peers[i] >= 0)
      close(peers[i]);
  }
  close(listener);
  return scene_close(state);
}

/* Whether something is there to be read, within a while. */
static int readable(int fd, int milliseconds)
{
  struct pollfd p = {-1, POLLIN, 0};
  p.fd = fd;
  return poll(&p, 1, milliseconds) == 1;
}

/* No time passes until all requests have come and are answered. */
static void answer_all(void)
{
  char request[4096];
  int i, rounds;
  for (i = 0; i < MANY; i++) {
    for (rounds = 0; rounds < 1000 && !readable(listener, 0); rounds++)
      step(0.01);
    peers[i] = accept(listener, NULL, NULL);
    assert_true(peers[i] >= 0);
  }
  for (i = 0; i < MANY; i++) {
    for (rounds = 0; rounds < 1000 && !readable(peers[i], 0); rounds++)
      step(0.01);
    assert_true(recv(peers[i], request, sizeof request, 0) > 0);
  }
  for (i = 0; i < MANY; i++)
    assert_int_equal(send(peers[i], answer, sizeof answer - 1, 0),
                     sizeof answer - 1);
}

static void all_is_done_while_there_is_time(void **state)
{
  int i, ended = 0;
  (void)state;
  step(0);
  assert_int_equal(scene.engine->running, MANY);
  answer_all();
  for (i = 0; i < 1000 && ended < MANY; i++)
    ended += step(0.01);
  assert_int_equal(ended, MANY);
}

/* With the first look after its beginning the slice is over. */
static void a_step_starts_a_few(void **state)
{
  int i;
  (void)state;
  look = 0.01;
  for (i = 1; i <= MANY / OFTEN; i++) {
    assert_true(zuora_engine_timeout(scene.engine) == 0);
    step(0);
    assert_int_equal(scene.engine->running, i * OFTEN);
  }
}

static void a_step_reads_one(void **state)
{
  int i, n, ended = 0;
  (void)state;
  answer_all();
  look = 0.01;
  for (i = 0; i < 1000 && ended < MANY; i++) {
    assert_true(readable(zuora_engine_fd(scene.engine), 5000));
    n = step(0);
    assert_true(n <= 1);
    ended += n;
  }
  assert_int_equal(ended, MANY);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
  const struct CMUnitTest tests[] = {TEST(all_is_done_while_there_is_time),
                                     TEST(a_step_starts_a_few),
                                     TEST(a_step_reads_one)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
