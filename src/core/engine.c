/* engine.c: exchanges over one curl_multi. The one file that knows libcurl.
 * Its callbacks append to buffers and note what they are told; no more. */
#include "engine.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80.0 or later is needed"
#endif

enum { HEAD_LIMIT = 256 * 1024, EXPECT_SIZE = 1024 * 1024 };

/* ---- libcurl's callbacks ------------------------------------------------ */

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
  zuora_exchange *x = user;
  x->head_size += size * count;
  if (x->head_size > HEAD_LIMIT)
    return 0;
  zuora_response_read(&x->response, data, size * count);
  return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
  zuora_exchange *x = user;
  zuora__text_add(&x->body, data, size * count);
  return x->body.failed ? 0 : size * count;
}

/* libcurl sends a request again by itself when a kept connection breaks
 * before the answer. Whether the first was carried out nobody knows, so what
 * changes something leaves once only. */
static int on_request(void *user, char *local, char *remote, int local_port,
                      int remote_port)
{
  zuora_exchange *x = user;
  (void)local, (void)remote, (void)local_port, (void)remote_port;
  if (x->request.writes && x->starts > 0)
    return CURL_PREREQFUNC_ABORT;
  x->starts++;
  return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open(void *user, curlsocktype purpose,
                             struct curl_sockaddr *address)
{
  zuora_engine *engine = user;
  (void)purpose;
  return zuora__poller_open(engine->poller, address->family, address->socktype,
                            address->protocol);
}

static int on_close(void *user, curl_socket_t fd)
{
  zuora_engine *engine = user;
  return zuora__poller_close(engine->poller, fd);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *socket_user)
{
  zuora_engine *engine = user;
  (void)easy, (void)socket_user;
  what &= CURL_POLL_IN | CURL_POLL_OUT;
  return zuora__poller_want(engine->poller, fd, what) ? -1 : 0;
}

static int on_timer(CURLM *multi, long timeout, void *user)
{
  zuora_engine *engine = user;
  (void)multi;
  engine->timer = timeout < 0 ? -1 : zuora_clock() + (double)timeout / 1000;
  return 0;
}

/* ---- opening and closing ------------------------------------------------- */

static CURLcode global_code;

static void init_global(void)
{
  global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int open_multi(zuora_engine *engine)
{
  CURLM *multi = engine->multi = curl_multi_init();
  CURLSH *share = engine->share = curl_share_init();
  return multi && share &&
         !curl_share_setopt(share, CURLSHOPT_SHARE,
                            CURL_LOCK_DATA_SSL_SESSION) &&
         !curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
         !curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine) &&
         !curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
         !curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine) &&
         !curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                            (long)engine->max_concurrency);
}

void zuora__engine_close(zuora_engine *engine)
{
  while (engine->idle && engine->idle_count > 0)
    curl_easy_cleanup(engine->idle[--engine->idle_count]);
  if (engine->multi)
    curl_multi_cleanup(engine->multi);
  if (engine->share)
    curl_share_cleanup(engine->share);
  zuora__poller_free(engine->poller);
  free(engine->idle);
  engine->multi = engine->share = NULL;
  engine->idle = NULL;
  engine->poller = NULL;
}

zuora_code zuora__engine_open(zuora_engine *engine, zuora_error *error)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (engine->multi)
    return ZUORA_OK;
  pthread_once(&once, init_global);
  engine->idle = calloc((size_t)engine->max_concurrency, sizeof *engine->idle);
  if (!global_code && engine->idle && !zuora__poller_new(&engine->poller) &&
      open_multi(engine))
    return ZUORA_OK;
  zuora__engine_close(engine);
  return zuora__fail(error, ZUORA_MEMORY, NULL,
                     "no memory or descriptors to start with");
}

/* ---- one exchange ------------------------------------------------------- */

#define SET(option, value) (!curl_easy_setopt(easy, option, value))

/* What is the same for every exchange of the engine; set once a handle. */
static int set_up(zuora_engine *engine, CURL *easy)
{
  const char *protocols = engine->base.origin.secure ? "https" : "http";
  return SET(CURLOPT_SHARE, engine->share) && SET(CURLOPT_NOSIGNAL, 1L) &&
#if LIBCURL_VERSION_NUM >= 0x075500
         SET(CURLOPT_PROTOCOLS_STR, protocols) &&
#else
         SET(CURLOPT_PROTOCOLS,
             protocols[4] ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP) &&
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
         /* A name server that is silent must not hold up the closing. */
         SET(CURLOPT_QUICK_EXIT, 1L) &&
#endif
         SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PATH_AS_IS, 1L) &&
         SET(CURLOPT_ACCEPT_ENCODING, "") &&
         SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) &&
         SET(CURLOPT_PIPEWAIT, 1L) &&
         SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
         SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         SET(CURLOPT_USERAGENT, engine->user_agent) &&
         (!engine->ca_file || SET(CURLOPT_CAINFO, engine->ca_file)) &&
         (!engine->proxy || SET(CURLOPT_PROXY, engine->proxy)) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS,
             (long)(engine->connect_timeout * 1000)) &&
         SET(CURLOPT_OPENSOCKETFUNCTION, on_open) &&
         SET(CURLOPT_OPENSOCKETDATA, engine) &&
         SET(CURLOPT_CLOSESOCKETFUNCTION, on_close) &&
         SET(CURLOPT_CLOSESOCKETDATA, engine) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) &&
         SET(CURLOPT_WRITEFUNCTION, on_body) &&
         SET(CURLOPT_PREREQFUNCTION, on_request);
}

static CURL *take_handle(zuora_engine *engine)
{
  CURL *easy;
  if (engine->idle_count > 0)
    return engine->idle[--engine->idle_count];
  easy = curl_easy_init();
  if (easy && !set_up(engine, easy)) {
    curl_easy_cleanup(easy);
    return NULL;
  }
  return easy;
}

static int append_lines(struct curl_slist **list, const zuora_text *lines)
{
  size_t at = 0;
  int ok = !lines->failed;
  while (ok && at < lines->size) {
    struct curl_slist *longer = curl_slist_append(*list, lines->data + at);
    ok = longer != NULL;
    *list = ok ? longer : *list;
    at += strlen(lines->data + at) + 1;
  }
  return ok;
}

static int set_headers(const zuora_engine *engine, zuora_exchange *x)
{
  struct curl_slist *list = NULL;
  zuora_text more;
  int ok;
  zuora__text_init(&more, HEAD_LIMIT);
  zuora__sign(&more, engine, x->sign);
  if (x->request.body.size >= EXPECT_SIZE)
    zuora__text_add(&more, "Expect:", sizeof "Expect:");
  ok = append_lines(&list, &x->request.headers) && append_lines(&list, &more);
  zuora__text_free(&more);
  x->headers = list;
  return ok;
}

static int set_method(CURL *easy, const zuora_request *request)
{
  int get = !strcmp(request->method, "GET");
  if (get || (!request->body.size && !strcmp(request->method, "DELETE")))
    return SET(CURLOPT_HTTPGET, 1L) &&
           SET(CURLOPT_CUSTOMREQUEST, get ? NULL : request->method);
  return SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size) &&
         SET(CURLOPT_POSTFIELDS,
             request->body.size ? request->body.data : "") &&
         SET(CURLOPT_CUSTOMREQUEST, request->method);
}

static int prepare(zuora_engine *engine, zuora_exchange *x)
{
  CURL *easy = x->easy;
  double left = x->deadline - zuora_clock();
  return set_headers(engine, x) && set_method(easy, &x->request) &&
         SET(CURLOPT_URL, x->request.url.data) &&
         SET(CURLOPT_HTTPHEADER, x->headers) &&
         SET(CURLOPT_TIMEOUT_MS, left > 0.001 ? (long)(left * 1000) : 1L) &&
         SET(CURLOPT_ERRORBUFFER, x->detail) && SET(CURLOPT_PRIVATE, x) &&
         SET(CURLOPT_HEADERDATA, x) && SET(CURLOPT_WRITEDATA, x) &&
         SET(CURLOPT_PREREQDATA, x);
}

/* Takes everything of the exchange off the handle and keeps that. */
static void release(zuora_engine *engine, zuora_exchange *x)
{
  CURL *easy = x->easy;
  struct curl_slist *line;
  if (easy) {
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    if (engine->idle_count < engine->max_concurrency)
      engine->idle[engine->idle_count++] = easy;
    else
      curl_easy_cleanup(easy);
  }
  for (line = x->headers; line; line = line->next)
    zuora__wipe(line->data, strlen(line->data));
  curl_slist_free_all(x->headers);
  x->easy = x->headers = NULL;
}

void zuora__engine_start(zuora_engine *engine, zuora_exchange *exchange)
{
  zuora_exchange *x = exchange;
  x->easy = take_handle(engine);
  if (x->easy && prepare(engine, x) &&
      !curl_multi_add_handle(engine->multi, x->easy)) {
    x->state = ZUORA_RUNNING;
    engine->running++;
    return;
  }
  release(engine, x);
  zuora__fail(&x->error, ZUORA_MEMORY, NULL, "out of memory");
  zuora__exchange_end(x);
}

void zuora__engine_stop(zuora_engine *engine, zuora_exchange *exchange)
{
  curl_multi_remove_handle(engine->multi, exchange->easy);
  release(engine, exchange);
  engine->running--;
}

/* ---- how it ended ------------------------------------------------------- */

static zuora_code code_of(CURLcode code, const zuora_exchange *x)
{
  if (code == CURLE_OPERATION_TIMEDOUT)
    return ZUORA_TIMEOUT;
  if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CERTPROBLEM ||
      code == CURLE_SSL_CIPHER || code == CURLE_PEER_FAILED_VERIFICATION ||
      code == CURLE_SSL_CACERT_BADFILE)
    return ZUORA_TLS;
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
      code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_WRITE_ERROR)
    return ZUORA_PROTOCOL;
  /* libcurl says so, too, of a header line past its bounds. */
  if (code == CURLE_OUT_OF_MEMORY)
    return x->head_size ? ZUORA_PROTOCOL : ZUORA_MEMORY;
  return ZUORA_NETWORK;
}

static void describe(zuora_exchange *x, const zuora_engine *engine,
                     CURLcode code)
{
  const char *words = x->detail[0] ? x->detail : curl_easy_strerror(code);
  if (x->body.failed == ZUORA_MEMORY)
    zuora__fail(&x->error, ZUORA_MEMORY, NULL, "out of memory");
  else if (x->body.failed)
    zuora__fail(&x->error, ZUORA_PROTOCOL, NULL,
                "the answer is larger than %lu bytes",
                (unsigned long)engine->max_body);
  else if (x->head_size > HEAD_LIMIT)
    zuora__fail(&x->error, ZUORA_PROTOCOL, NULL,
                "the head of the answer is larger than %d bytes", HEAD_LIMIT);
  else if (code == CURLE_ABORTED_BY_CALLBACK)
    zuora__fail(&x->error, ZUORA_NETWORK, NULL,
                "the connection broke before the answer");
  else
    zuora__fail(&x->error, code_of(code, x), NULL, "%s", words);
}

static void measure(zuora_response *response, CURL *easy)
{
  curl_off_t down = 0;
  long head = 0, up = 0;
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME, &response->name_lookup);
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &response->connect);
  curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME, &response->tls);
  curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME, &response->first_byte);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME, &response->total);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &up);
  curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
  response->bytes_sent = (double)up;
  response->bytes_received = (double)(head + down);
}

static void collect(zuora_engine *engine)
{
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
    zuora_exchange *x = NULL;
    CURLcode code = message->data.result;
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&x);
    measure(&x->response, message->easy_handle);
    zuora__engine_stop(engine, x);
    if (code)
      describe(x, engine, code);
    zuora__exchange_end(x);
  }
}

/* ---- moving ------------------------------------------------------------- */

/* Lets libcurl do what its timer asks for: that is how a new exchange gets
 * going. Bounded, since a timer may be set again at once. */
static void run_timer(zuora_engine *engine)
{
  int rounds = 4, running;
  while (rounds-- > 0 && engine->timer >= 0 && engine->timer <= zuora_clock()) {
    engine->timer = -1;
    curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

static void run_sockets(zuora_engine *engine, double timeout)
{
  zuora_ready ready[64];
  double due = zuora_engine_timeout(engine);
  int i, n, running;
  if (timeout > 0 && due >= 0 && due < timeout)
    timeout = due;
  if (timeout > 3600)
    timeout = 3600;
  /* Rounded up, or the last fraction of a millisecond would be spun. */
  n = zuora__poller_wait(engine->poller, ready, 64,
                         timeout > 0 ? (int)(timeout * 1000 + 0.999) : 0);
  for (i = 0; i < n; i++)
    curl_multi_socket_action(engine->multi, ready[i].fd, ready[i].events,
                             &running);
}

zuora_code zuora_engine_step(int *ended, zuora_engine *engine, double timeout)
{
  *ended = 0;
  if (!engine->multi)
    return ZUORA_OK;
  zuora__queue_move(engine, zuora_clock());
  run_timer(engine);
  collect(engine);
  run_sockets(engine, engine->ended ? 0 : timeout);
  run_timer(engine);
  collect(engine);
  zuora__queue_move(engine, zuora_clock());
  *ended = engine->ended;
  engine->ended = 0;
  return ZUORA_OK;
}
