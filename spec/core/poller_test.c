/* One descriptor for many sockets. */
#include "poller.h"
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static zuora_poller *poller;
static int pair[2];

static int setup(void **state)
{
  (void)state;
  assert_int_equal(zuora__poller_new(&poller), ZUORA_OK);
  return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int teardown(void **state)
{
  (void)state;
  close(pair[0]);
  close(pair[1]);
  zuora__poller_free(poller);
  return 0;
}

static void want(int fd, int events)
{
  assert_int_equal(zuora__poller_want(poller, fd, events), ZUORA_OK);
}

/* What is ready of a descriptor. */
static int ready_of(int fd)
{
  zuora_ready ready[8];
  int i, n = zuora__poller_wait(poller, ready, 8, 20);
  for (i = 0; i < n; i++)
    if (ready[i].fd == fd)
      return ready[i].events;
  return 0;
}

static void say_something(void)
{
  assert_int_equal(write(pair[1], "x", 1), 1);
}

static void tells_what_is_ready(void **state)
{
  (void)state;
  want(pair[0], ZUORA_READ);
  assert_int_equal(ready_of(pair[0]), 0);
  say_something();
  assert_int_equal(ready_of(pair[0]), ZUORA_READ);
  want(pair[0], ZUORA_WRITE);
  assert_int_equal(ready_of(pair[0]), ZUORA_WRITE);
  want(pair[0], ZUORA_READ | ZUORA_WRITE);
  assert_int_equal(ready_of(pair[0]), ZUORA_READ | ZUORA_WRITE);
  want(pair[0], 0);
  assert_int_equal(ready_of(pair[0]), 0);
}

static void tells_what_is_broken(void **state)
{
  (void)state;
  want(pair[0], ZUORA_READ);
  close(pair[1]);
  assert_true(ready_of(pair[0]) & ZUORA_BROKEN);
  pair[1] = dup(pair[0]);
}

/* How many sockets the kernel watches for it; -1 where it does not tell. */
static int watched(void)
{
  char name[64], line[256];
  int count = 0;
  FILE *file;
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", zuora__poller_fd(poller));
  file = fopen(name, "r");
  if (!file)
    return -1;
  while (fgets(line, sizeof line, file))
    count += !strncmp(line, "tfd:", 4);
  fclose(file);
  return count;
}

/* Nor does it keep its descriptor ready. */
static void what_comes_between_two_uses_wakes_nobody(void **state)
{
  struct pollfd own = {zuora__poller_fd(poller), POLLIN, 0};
  int fd = zuora__poller_open(poller, AF_UNIX, SOCK_STREAM, 0);
  (void)state;
  assert_int_equal(dup2(pair[0], fd), fd);
  want(fd, ZUORA_READ);
  assert_int_equal(ready_of(fd), 0);
  want(fd, 0);
  assert_int_equal(ready_of(fd), 0);
  if (watched() >= 0)
    assert_int_equal(watched(), 1); /* two system calls less a transfer */
  say_something();
  assert_int_equal(ready_of(fd), 0);
  assert_int_equal(poll(&own, 1, 0), 0);
  want(fd, ZUORA_READ);
  assert_int_equal(ready_of(fd), ZUORA_READ);
  assert_int_equal(zuora__poller_close(poller, fd), 0);
}

/* Whether a reader of the socket is at its end. */
static int at_end(int fd)
{
  char c;
  return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Sockets opened here that are given the ends of pairs. */
static void what_comes_unasked_ends_an_idle_socket(void **state)
{
  enum { MANY = 150 };
  int fds[MANY], ends[2], far[MANY], i;
  (void)state;
  for (i = 0; i < MANY; i++) {
    fds[i] = zuora__poller_open(poller, AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(dup2(ends[0], fds[i]), fds[i]);
    close(ends[0]);
    far[i] = ends[1];
    want(fds[i], ZUORA_READ);
    if (i % 3 != 0)
      assert_int_equal(write(far[i], "x", 1), 1);
    if (i % 3 != 1)
      want(fds[i], 0);
  }
  zuora__poller_sweep(poller, 1);
  for (i = 0; i < MANY; i++)
    assert_int_equal(at_end(fds[i]), i % 3 == 2);
  assert_int_equal(write(far[0], "x", 1), 1);
  assert_int_equal(zuora__poller_close(poller, fds[MANY - 1]), 0);
  zuora__poller_sweep(poller, 1);
  assert_true(at_end(fds[0]));
  for (i = 0; i < MANY; i++) {
    if (i < MANY - 1)
      assert_int_equal(zuora__poller_close(poller, fds[i]), 0);
    close(far[i]);
  }
}

static void an_end_ends_an_idle_socket_in_any_case(void **state)
{
  int fd = zuora__poller_open(poller, AF_UNIX, SOCK_STREAM, 0);
  (void)state;
  assert_int_equal(dup2(pair[0], fd), fd);
  say_something();
  zuora__poller_sweep(poller, 0);
  assert_false(at_end(fd));
  shutdown(pair[1], SHUT_WR);
  zuora__poller_sweep(poller, 0);
  assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
  assert_int_equal(zuora__poller_close(poller, fd), 0);
}

/* Without a descriptor for one that leads nowhere. */
static void an_idle_socket_is_ended_also_without_a_descriptor(void **state)
{
  struct rlimit limit, less;
  int fd = zuora__poller_open(poller, AF_UNIX, SOCK_STREAM, 0);
  (void)state;
  assert_int_equal(dup2(pair[0], fd), fd);
  say_something();
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  less = limit;
  less.rlim_cur = 1;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
  zuora__poller_sweep(poller, 1);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
  assert_int_equal(zuora__poller_close(poller, fd), 0);
}

/* Of a strange socket the kernel is told at once that nothing is wanted, for
 * it may be closed behind our back. */
static void strange_sockets_are_let_go_at_once(void **state)
{
  int fd = dup(pair[0]);
  (void)state;
  want(fd, ZUORA_READ);
  say_something();
  assert_int_equal(ready_of(fd), ZUORA_READ);
  want(fd, 0);
  assert_int_equal(zuora__poller_fd(poller) >= 0, 1);
  want(fd, ZUORA_READ);
  assert_int_equal(ready_of(fd), ZUORA_READ);
  close(fd);
}

static void own_sockets_are_opened_and_closed(void **state)
{
  int fd = zuora__poller_open(poller, AF_UNIX, SOCK_STREAM, 0);
  (void)state;
  assert_true(fd >= 0);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  want(fd, ZUORA_WRITE);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
  want(fd, 0);
  want(fd, ZUORA_READ); /* as if nothing had been */
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
  want(fd, 0);
  assert_int_equal(zuora__poller_close(poller, fd), 0);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
  assert_int_equal(zuora__poller_close(poller, 1000000), -1);
  assert_int_equal(zuora__poller_close(poller, -1), -1);
}

static void a_socket_that_cannot_be_had(void **state)
{
  (void)state;
  assert_int_equal(zuora__poller_open(poller, -1, SOCK_STREAM, 0), -1);
}

static void numbers_may_be_large(void **state)
{
  int fd = fcntl(pair[0], F_DUPFD, 700);
  (void)state;
  if (fd < 0)
    skip(); /* no such number is to be had */
  want(fd, ZUORA_READ);
  say_something();
  assert_int_equal(ready_of(fd), ZUORA_READ);
  want(fd, 0);
  close(fd);
}

static void a_number_that_is_none_is_refused(void **state)
{
  (void)state;
  assert_int_equal(zuora__poller_want(poller, -1, ZUORA_READ), ZUORA_MISUSE);
}

static void what_is_closed_cannot_be_watched(void **state)
{
  int fd = dup(pair[0]);
  (void)state;
  close(fd);
  want(fd, ZUORA_READ);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_NETWORK);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
}

/* Closed behind our back, its number is another socket, of which the kernel
 * knows nothing. */
static void a_number_may_come_back(void **state)
{
  int fd = dup(pair[0]);
  (void)state;
  want(fd, ZUORA_READ);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
  close(fd);
  assert_int_equal(dup2(pair[1], fd), fd);
  want(fd, ZUORA_READ | ZUORA_WRITE);
  assert_int_equal(ready_of(fd), ZUORA_WRITE);
  want(fd, 0);
  close(fd);
}

/* Forgotten by us but not by the kernel, since a copy keeps it open. */
static void a_socket_may_be_known_already(void **state)
{
  int fd = dup(pair[0]), copy;
  (void)state;
  want(fd, ZUORA_READ);
  assert_int_equal(zuora__poller_flush(poller), ZUORA_OK);
  copy = dup(fd);
  assert_int_equal(zuora__poller_close(poller, fd), 0);
  assert_int_equal(dup2(copy, fd), fd);
  want(fd, ZUORA_WRITE);
  assert_int_equal(ready_of(fd), ZUORA_WRITE);
  close(fd);
  close(copy);
}

static void no_more_are_told_than_there_is_room_for(void **state)
{
  zuora_ready ready[1];
  (void)state;
  want(pair[0], ZUORA_WRITE);
  want(pair[1], ZUORA_WRITE);
  assert_int_equal(zuora__poller_wait(poller, ready, 1, 20), 1);
}

static void without_a_descriptor_there_is_no_poller(void **state)
{
  struct rlimit limit, none;
  zuora_poller *other = poller;
  zuora_code code;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  none = limit;
  none.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  code = zuora__poller_new(&other);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_int_equal(code, ZUORA_NETWORK);
  assert_null(other);
  zuora__poller_free(NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(tells_what_is_ready),
      TEST(what_comes_between_two_uses_wakes_nobody),
      TEST(tells_what_is_broken),
      TEST(what_comes_unasked_ends_an_idle_socket),
      TEST(an_end_ends_an_idle_socket_in_any_case),
      TEST(an_idle_socket_is_ended_also_without_a_descriptor),
      TEST(strange_sockets_are_let_go_at_once),
      TEST(own_sockets_are_opened_and_closed),
      TEST(a_socket_that_cannot_be_had),
      TEST(numbers_may_be_large),
      TEST(a_number_that_is_none_is_refused),
      TEST(what_is_closed_cannot_be_watched),
      TEST(a_number_may_come_back),
      TEST(a_socket_may_be_known_already),
      TEST(no_more_are_told_than_there_is_room_for),
      TEST(without_a_descriptor_there_is_no_poller)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
