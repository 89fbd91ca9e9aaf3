#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#endif
#include "server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

enum { CONNECTIONS = 64, REQUEST = 16384 };

typedef struct connection {
  int fd; /* -1: free */
  size_t size;
  char data[REQUEST];
} connection;

static volatile long *changes; /* shared by both processes */
static int port;

/* ---- answers ------------------------------------------------------------ */

#define ID(n) "8a80825555a3c7a10155b54a63821c0" #n
#define LINK(n, status)                                                        \
  "{\"id\":\"" ID(n) "\",\"sourceEntityId\":\"" ID(                            \
      e) "\","                                                                 \
         "\"targetEntityId\":\"" ID(f) "\",\"status\":\"" status "\"}"
#define COOKIE "Set-Cookie: ZSession=abcdefghijklmnop_-0123; Path=/; Secure\r\n"

typedef struct answer {
  const char *method, *path; /* the start of it */
  const char *head;          /* NULL: none, the connection is closed */
  const char *body;
} answer;

/* The first that fits. */
static const answer answers[] = {
    {"POST", "/oauth/token", "",
     "{\"access_token\":\"0123456789abcdef0123456789abcdef\","
     "\"token_type\":\"bearer\",\"expires_in\":3599,"
     "\"scope\":\"entity.11e643f4-a3ee-8bad-b061-0025904c57d6\"}"},
    {"POST", "/v1/connections", COOKIE, "{\"success\":true}"},
    {"GET", "/v1/entity-connections?page=2", "",
     "{\"entityConnections\":[" LINK(4, "Connected") "],\"success\":true}"},
    {"GET", "/v1/entity-connections", "",
     "{\"entityConnections\":[" LINK(1, "Connected") "," LINK(
         2, "Pending") "," LINK(3,
                                "Connected") "],\"success\":true,\"nextPage\":"
                                             "\"/v1/"
                                             "entity-connections?page=2&"
                                             "pageSize=3\"}"},
    {"POST", "/v1/entity-connections", "",
     "{\"id\":\"" ID(5) "\",\"success\":true}"},
    {"PUT", "/v1/entity-connections/" ID(3) "/accept", NULL, ""},
    {"PUT", "/v1/entity-connections/", COOKIE, "{\"success\":true}"},
    {"GET", "/v1/refused", "",
     "{\"success\":false,\"processId\":\"CBCFED6580B4E076\",\"reasons\":"
     "[{\"code\":53100320,\"message\":\"'termType' value should be one "
     "of\"}]}"},
    {"", "", "", "{\"success\":true,\"name\":\"any\"}"}};

static void send_all(int fd, const char *data, size_t size)
{
  while (size > 0) {
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0)
      return;
    data += n;
    size -= (size_t)n;
  }
}

static const answer *find_answer(const char *method, const char *path)
{
  const answer *a = answers;
  while (*a->method && (strcmp(method, a->method) != 0 ||
                        strncmp(path, a->path, strlen(a->path)) != 0))
    a++;
  return a;
}

/* "/v1/flaky" is refused each first time, "/v1/large" is long. */
static int answer_request(int fd, const char *method, const char *path)
{
  static int flaky;
  static char out[65536];
  const answer *a = find_answer(method, path);
  int padding = strncmp(path, "/v1/large", 9) ? 0 : 60000, n;
  const char *status = "200 OK";
  *changes += strcmp(method, "GET") && strncmp(path, "/v1/entity-", 11) == 0;
  if (!a->head)
    return 0;
  if (!strncmp(path, "/v1/flaky", 9) && (flaky = !flaky))
    status = "503 Service Unavailable\r\nRetry-After: 0";
  n = snprintf(out, sizeof out,
               "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
               "Zuora-Request-Id: 0be41cb9-35a2-4f8d-9d1b-0123456789ab\r\n"
               "RateLimit-Limit: 50000, 50000;w=60, 2250000;w=3600\r\n"
               "RateLimit-Remaining: 49999\r\nRateLimit-Reset: 60\r\n"
               "%sContent-Length: %lu\r\n\r\n%*s%s",
               status, a->head,
               (unsigned long)strlen(a->body) + (unsigned)padding, padding, "",
               a->body);
  send_all(fd, out, (size_t)n);
  return 1;
}

/* ---- connections -------------------------------------------------------- */

static void drop(connection *c)
{
  close(c->fd);
  c->fd = -1;
}

/* Answers each whole request in the buffer; 0 when the connection is to end. */
static int answer_all(connection *c)
{
  char method[16], path[1024], *end, *length;
  while ((end = strstr(c->data, "\r\n\r\n")) != NULL) {
    size_t size = (size_t)(end + 4 - c->data);
    *end = '\0';
    length = strstr(c->data, "Content-Length: ");
    *end = '\r';
    size += length ? strtoul(length + 16, NULL, 10) : 0;
    if (size > c->size)
      return size < REQUEST;
    if (sscanf(c->data, "%15s %1023s", method, path) != 2 ||
        !answer_request(c->fd, method, path))
      return 0;
    c->size -= size;
    memmove(c->data, c->data + size, c->size + 1);
  }
  return c->size + 1 < REQUEST;
}

static void receive(connection *c)
{
  ssize_t n = read(c->fd, c->data + c->size, REQUEST - 1 - c->size);
  if (n > 0) {
    c->size += (size_t)n;
    c->data[c->size] = '\0';
  }
  if (n <= 0 || !answer_all(c))
    drop(c);
}

static void admit(connection *all, int listener)
{
  int i, fd = accept(listener, NULL, NULL);
  for (i = 0; i < CONNECTIONS && all[i].fd >= 0; i++)
    ;
  if (fd < 0 || i == CONNECTIONS) {
    close(fd);
    return;
  }
  all[i].fd = fd;
  all[i].size = 0;
}

/* Until the other end of `life` is closed. */
static void serve(int listener, int life)
{
  static connection all[CONNECTIONS];
  struct pollfd polls[CONNECTIONS + 2];
  int i;
  for (i = 0; i < CONNECTIONS; i++)
    all[i].fd = -1;
  for (;;) {
    for (i = 0; i < CONNECTIONS + 2; i++) {
      polls[i].fd = i < CONNECTIONS    ? all[i].fd
                    : i == CONNECTIONS ? listener
                                       : life;
      polls[i].events = POLLIN;
      polls[i].revents = 0;
    }
    if (poll(polls, CONNECTIONS + 2, -1) < 0 || polls[CONNECTIONS + 1].revents)
      return;
    for (i = 0; i < CONNECTIONS; i++)
      if (polls[i].revents)
        receive(&all[i]);
    if (polls[CONNECTIONS].revents)
      admit(all, listener);
  }
}

long server_changes(void)
{
  return *changes;
}

int server_start(void)
{
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), life[2];
  changes = mmap(NULL, sizeof *changes, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || (void *)changes == MAP_FAILED || pipe(life) ||
      bind(listener, (struct sockaddr *)&address, size) ||
      listen(listener, CONNECTIONS) ||
      getsockname(listener, (struct sockaddr *)&address, &size))
    return 0;
  port = ntohs(address.sin_port);
  switch (fork()) {
  case -1:
    return 0;
  case 0:
    close(life[1]);
    serve(listener, life[0]);
    _exit(0);
  default:
    close(listener);
    close(life[0]);
    return port;
  }
}
