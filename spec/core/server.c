#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support.h"
#include "text.h"

enum { CONNECTIONS = 64, REQUESTS = 256, LARGEST = 8 * 1024 * 1024 };

typedef struct connection {
  int fd; /* -1: none */
  zuora_text input;
} connection;

struct server {
  server_answer *answers;
  size_t count;
  char url[64];
  int listener, wake[2];
  pthread_t thread;
  connection connections[CONNECTIONS];
  pthread_mutex_t lock; /* of what follows */
  size_t request_count, connection_count, closed_count;
  char *requests[REQUESTS];
};

/* ---- in the thread ------------------------------------------------------ */

static void hang_up(server *s, connection *c, int reset)
{
  struct linger at_once = {1, 0};
  if (reset)
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(c->fd);
  c->fd = -1;
  zuora__text_free(&c->input);
  pthread_mutex_lock(&s->lock);
  s->closed_count++;
  pthread_mutex_unlock(&s->lock);
}

/* The size of the request at the start of the input; 0: not all there. What
 * begins like TLS is taken as it comes. */
static size_t request_size(const zuora_text *input)
{
  const char *body, *length;
  size_t size;
  if (input->size && input->data[0] == 0x16)
    return input->size;
  body = input->size ? strstr(input->data, "\r\n\r\n") : NULL;
  if (!body)
    return 0;
  size = (size_t)(body - input->data) + 4;
  length = strstr(input->data, "Content-Length: ");
  if (length && length < body)
    size += (size_t)strtoul(length + 16, NULL, 10);
  return size <= input->size ? size : 0;
}

/* Keeps the request; returns its answer. */
static const server_answer *record(server *s, const char *data, size_t size)
{
  char *copy = malloc(size + 1);
  size_t i;
  pthread_mutex_lock(&s->lock);
  i = s->request_count;
  if (copy && i < REQUESTS) {
    memcpy(copy, data, size);
    copy[size] = '\0';
    s->requests[s->request_count++] = copy;
    copy = NULL;
  }
  pthread_mutex_unlock(&s->lock);
  free(copy);
  return &s->answers[i < s->count ? i : s->count - 1];
}

static int send_all(int fd, const server_answer *answer)
{
  const char *data = answer->bytes;
  size_t size = !data ? 0 : answer->size ? answer->size : strlen(data);
  while (size > 0) {
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0)
      return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static void serve(server *s, connection *c)
{
  char chunk[65536];
  ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
  size_t size;
  if (n <= 0) {
    hang_up(s, c, 0);
    return;
  }
  zuora__text_add(&c->input, chunk, (size_t)n);
  while (c->fd >= 0 && (size = request_size(&c->input)) > 0) {
    const server_answer *answer = record(s, c->input.data, size);
    zuora_text rest;
    zuora__text_init(&rest, LARGEST);
    zuora__text_add(&rest, c->input.data + size, c->input.size - size);
    zuora__text_free(&c->input);
    c->input = rest;
    if (send_all(c->fd, answer) || answer->end != SERVER_KEEP)
      hang_up(s, c, answer->end == SERVER_RESET);
  }
}

static void take_in(server *s)
{
  struct timeval patience = {5, 0};
  int i, fd = accept(s->listener, NULL, NULL);
  for (i = 0; i < CONNECTIONS && s->connections[i].fd >= 0; i++)
    continue;
  if (fd < 0 || i == CONNECTIONS) {
    close(fd);
    return;
  }
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  s->connections[i].fd = fd;
  zuora__text_init(&s->connections[i].input, LARGEST);
  pthread_mutex_lock(&s->lock);
  s->connection_count++;
  pthread_mutex_unlock(&s->lock);
}

static void *run(void *user)
{
  server *s = user;
  struct pollfd fds[CONNECTIONS + 2];
  int i;
  for (;;) {
    for (i = 0; i < CONNECTIONS; i++)
      fds[i].fd = s->connections[i].fd;
    fds[CONNECTIONS].fd = s->listener;
    fds[CONNECTIONS + 1].fd = s->wake[0];
    for (i = 0; i < CONNECTIONS + 2; i++) {
      fds[i].events = POLLIN;
      fds[i].revents = 0;
    }
    if (poll(fds, CONNECTIONS + 2, -1) < 0)
      continue;
    if (fds[CONNECTIONS + 1].revents)
      return NULL;
    for (i = 0; i < CONNECTIONS; i++)
      if (fds[i].revents)
        serve(s, &s->connections[i]);
    if (fds[CONNECTIONS].revents)
      take_in(s);
  }
}

/* ---- for the test ------------------------------------------------------- */

static void listen_somewhere(server *s)
{
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(s->listener >= 0);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(s->listener, 64), 0);
  assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size),
                   0);
  snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d",
           ntohs(address.sin_port));
}

server *server_start(const server_answer *answers, size_t count)
{
  server *s = calloc(1, sizeof *s);
  int i;
  assert_non_null(s);
  s->answers = calloc(count, sizeof *answers);
  assert_non_null(s->answers);
  memcpy(s->answers, answers, count * sizeof *answers);
  s->count = count;
  for (i = 0; i < CONNECTIONS; i++)
    s->connections[i].fd = -1;
  listen_somewhere(s);
  assert_int_equal(pipe(s->wake), 0);
  assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
  assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
  return s;
}

void server_stop(server *s)
{
  size_t i;
  if (!s)
    return;
  assert_int_equal(write(s->wake[1], "x", 1), 1);
  pthread_join(s->thread, NULL);
  for (i = 0; i < CONNECTIONS; i++)
    if (s->connections[i].fd >= 0)
      hang_up(s, &s->connections[i], 0);
  for (i = 0; i < s->request_count; i++)
    free(s->requests[i]);
  pthread_mutex_destroy(&s->lock);
  close(s->listener);
  close(s->wake[0]);
  close(s->wake[1]);
  free(s->answers);
  free(s);
}

const char *server_url(const server *s)
{
  return s->url;
}

static size_t look(server *s, const size_t *number)
{
  size_t value;
  pthread_mutex_lock(&s->lock);
  value = *number;
  pthread_mutex_unlock(&s->lock);
  return value;
}

size_t server_requests(server *s)
{
  return look(s, &s->request_count);
}

size_t server_connections(server *s)
{
  return look(s, &s->connection_count);
}

size_t server_closed(server *s)
{
  return look(s, &s->closed_count);
}

const char *server_request(server *s, size_t i)
{
  assert_true(i < server_requests(s));
  return s->requests[i];
}
