/* bare.c: libcurl alone, as the limit of what can be had through it.
 *
 * usage: bare URL accept|list30|list300 CALLS CONCURRENCY [WARM]
 *
 * Makes WARM calls (1 if it is not said, 0 for none), then measures CALLS: one
 * after the other on one kept connection, or CONCURRENCY at once. Sends what
 * the library sends, counts the header lines, appends the body to a buffer and
 * decodes nothing. BENCH_CA names the authority. Prints one line of JSON. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

typedef struct {
  CURL *easy;
  char *data;
  size_t size, room;
  long lines;
} call;

static const char *base, *operation;
static struct curl_slist *headers;

static int die(const char *what, const char *why)
{
  fprintf(stderr, "bare: %s: %s\n", what, why);
  exit(1);
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
  (void)data;
  ((call *)user)->lines++;
  return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
  call *c = user;
  size_t more = size * count;
  if (c->size + more > c->room) {
    c->room = 2 * (c->size + more);
    c->data = realloc(c->data, c->room);
    if (!c->data)
      return 0;
  }
  memcpy(c->data + c->size, data, more);
  c->size += more;
  return more;
}

static void open_call(call *c)
{
  CURL *easy = c->easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("BENCH_CA"));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "zuora-lua/0.1.0");
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
  if (!strcmp(operation, "accept")) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{}");
  }
}

/* The next call has another URL: an accept names its connection. */
static void begin(call *c)
{
  char url[256];
  if (!strcmp(operation, "accept"))
    snprintf(url, sizeof url, "%s/v1/entity-connections/%s/accept", base,
             "8a808255575bdae401576a914a140420");
  else
    snprintf(url, sizeof url, "%s/v1/entity-connections?pageSize=%s", base,
             operation + 4);
  curl_easy_setopt(c->easy, CURLOPT_URL, url);
  c->size = 0;
  c->lines = 0;
}

static void finish(call *c, CURLcode code)
{
  long status = 0;
  curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
  if (code || status != 200 || !c->size || c->lines < 8)
    die("a call failed", code ? curl_easy_strerror(code) : "not the answer");
}

static void one_by_one(call *c, long calls)
{
  while (calls-- > 0) {
    begin(c);
    finish(c, curl_easy_perform(c->easy));
  }
}

/* Takes what is done; begins another in its place while there are any. */
static int take_done(CURLM *multi, long *left)
{
  CURLMsg *message;
  int queued, done = 0;
  while ((message = curl_multi_info_read(multi, &queued))) {
    CURL *easy = message->easy_handle;
    call *c;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c);
    finish(c, message->data.result);
    curl_multi_remove_handle(multi, easy);
    done++;
    if (*left > 0) {
      (*left)--;
      begin(c);
      curl_multi_add_handle(multi, easy);
    }
  }
  return done;
}

/* What epoll watches each descriptor for. A kept connection stays watched
 * between two calls, which saves two system calls for each. (With
 * curl_multi_poll and curl_multi_perform, which look at all of them, 32 at once
 * over HTTP/1.1 were 1.6 times slower.) */
static unsigned watched[4096];
static int set, wait_ms;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *mine)
{
  struct epoll_event event = {0};
  unsigned *known = &watched[fd % 4096];
  (void)easy, (void)user, (void)mine;
  event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) |
                 (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
  event.data.fd = fd;
  if (what != CURL_POLL_REMOVE && *known != event.events) {
    epoll_ctl(set, *known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    *known = event.events;
  }
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *user)
{
  (void)multi, (void)user;
  wait_ms = (int)ms;
  return 0;
}

static CURLM *open_multi(long concurrency)
{
  CURLM *multi = curl_multi_init();
  set = epoll_create1(0);
  wait_ms = -1;
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  return multi;
}

static void move(CURLM *multi)
{
  struct epoll_event events[64];
  int busy, i, count = 0;
  if (wait_ms)
    count = epoll_wait(set, events, 64, wait_ms);
  if (count <= 0) {
    wait_ms = -1;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &busy);
  }
  for (i = 0; i < count; i++)
    curl_multi_socket_action(
        multi, events[i].data.fd,
        (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
            (events[i].events & ~(unsigned)EPOLLOUT ? CURL_CSELECT_IN : 0),
        &busy);
}

static void at_once(CURLM *multi, call *all, long concurrency, long calls)
{
  long i, left = calls, running;
  for (i = 0; i < concurrency && left > 0; i++, left--) {
    begin(&all[i]);
    curl_multi_add_handle(multi, all[i].easy);
  }
  for (running = i; running > 0;) {
    long before = left;
    move(multi);
    running -= take_done(multi, &left);
    running += before - left;
  }
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static long rss_kib(void)
{
  char line[128];
  long kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, "VmRSS:", 6))
      kib = strtol(line + 6, NULL, 10);
  if (file)
    fclose(file);
  return kib;
}

int main(int count, char **words)
{
  long i, calls, concurrency, warm;
  double began, used;
  call *all;
  CURLM *multi;
  if (count < 5)
    return die("usage", "bare URL accept|list30|list300 CALLS CONCURRENCY");
  base = words[1], operation = words[2];
  calls = strtol(words[3], NULL, 10);
  concurrency = strtol(words[4], NULL, 10);
  warm = count > 5 ? strtol(words[5], NULL, 10) : 1;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = open_multi(concurrency);
  headers = curl_slist_append(headers, "Accept: application/json");
  if (!strcmp(operation, "accept"))
    headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Authorization: Bearer bench");
  all = calloc((size_t)concurrency, sizeof *all);
  if (!all)
    return die("memory", "none");
  for (i = 0; i < concurrency; i++)
    open_call(&all[i]);
#define RUN(n)                                                                 \
  (concurrency > 1 ? at_once(multi, all, concurrency, n) : one_by_one(all, n))
  RUN(warm);
  began = now(), used = cpu();
  RUN(calls);
  printf("{\"calls\":%ld,\"seconds\":%.6f,\"cpu\":%.6f,\"rss\":%ld}\n", calls,
         now() - began, cpu() - used, rss_kib());
  fflush(stdout);
  for (i = 0; i < concurrency; i++) {
    curl_easy_cleanup(all[i].easy);
    free(all[i].data);
  }
  free(all);
  curl_slist_free_all(headers);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
  return 0;
}
