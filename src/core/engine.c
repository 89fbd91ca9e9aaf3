/* engine.c: exchanges over one curl_multi. The one file that knows libcurl.
 * Its callbacks append to buffers and note what they are told; no more. */
#include "engine.h"

#include <curl/curl.h>
#include <string.h>
#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80.0 or later is needed"
#endif
/* A handle and what it was last told, so that a call like the one before has
 * little to tell. The lines hold credentials: they are wiped when others take
 * their place, and when the engine closes. */
struct zuora_slot {
  CURL *easy;
  zuora_exchange *exchange;   /* NULL while idle */
  zuora_text lines, next;     /* header lines, a NUL after each; to be */
  struct curl_slist *headers; /* of those lines; an array */
  const char *method;         /* one of a few constants, or NULL */
  const char *body;           /* NULL: none */
  size_t size;
  char detail[CURL_ERROR_SIZE];
};

/* ---- libcurl's callbacks ------------------------------------------------ */

/* `one` is 1. */
static size_t on_header(char *data, size_t one, size_t size, void *user)
{
  return zuora__exchange_head(((zuora_slot *)user)->exchange, data, one * size);
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
  zuora_exchange *x = ((zuora_slot *)user)->exchange;
  zuora__text_add(&x->body, data, one * size);
  return x->body.failed ? 0 : size;
}

static int on_request(void *user, char *local, char *remote, int local_port,
                      int remote_port)
{
  (void)local, (void)remote, (void)local_port, (void)remote_port;
  return zuora__exchange_leaves(((zuora_slot *)user)->exchange)
             ? CURL_PREREQFUNC_OK
             : CURL_PREREQFUNC_ABORT;
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
  return zuora__poller_close(((zuora_engine *)user)->poller, fd);
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
  engine->timer =
      timeout <= 0 ? (double)timeout : zuora_clock() + (double)timeout / 1000;
  return 0;
}

/* ---- opening and closing ------------------------------------------------- */

static int init_global(void)
{
  if (!zuora__memory_is_hooked())
    return !curl_global_init(CURL_GLOBAL_DEFAULT);
  return !curl_global_init_mem(CURL_GLOBAL_DEFAULT, zuora__malloc, zuora__free,
                               zuora__realloc, zuora__strdup, zuora__calloc);
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

static void free_slot(zuora_slot *slot)
{
  curl_easy_cleanup(slot->easy);
  zuora__free(slot->headers);
  zuora__text_free(&slot->lines);
  zuora__text_free(&slot->next);
  zuora__free(slot);
}

void zuora__engine_close(zuora_engine *engine)
{
  while (engine->idle && engine->idle_count > 0)
    free_slot(engine->idle[--engine->idle_count]);
  curl_multi_cleanup(engine->multi);
  curl_share_cleanup(engine->share);
  zuora__poller_free(engine->poller);
  zuora__free(engine->idle);
  engine->multi = engine->share = NULL;
  engine->idle = NULL;
  engine->poller = NULL;
}

zuora_code zuora__engine_open(zuora_engine *engine, zuora_error *error)
{
  static int started;
  zuora_code code;
  int features;
  if (engine->multi)
    return ZUORA_OK;
  features = curl_version_info(CURLVERSION_NOW)->features;
  zuora__engine_write_fixed(engine, features & CURL_VERSION_BROTLI,
                            features & CURL_VERSION_ZSTD);
  engine->idle = zuora__calloc((size_t)engine->max_concurrency, sizeof(void *));
  code = engine->idle ? zuora__poller_new(&engine->poller) : ZUORA_MEMORY;
  if (!code && !engine->fixed.failed && !engine->codings.failed &&
      zuora__once(&started, init_global) && open_multi(engine))
    return ZUORA_OK;
  zuora__engine_close(engine);
  return zuora__fail(error, code ? code : ZUORA_MEMORY, NULL,
                     "no memory or descriptors to start with");
}

/* ---- one exchange ------------------------------------------------------- */

#define SET(option, value) (!curl_easy_setopt(easy, option, value))
/* What is the same for all engines. */
static const struct {
  CURLoption option;
  long value;
} settings[] = {{CURLOPT_NOSIGNAL, 1},
#if LIBCURL_VERSION_NUM >= 0x075700
                /* A name server that is silent must not hold up the closing. */
                {CURLOPT_QUICK_EXIT, 1},
#endif
                {CURLOPT_FOLLOWLOCATION, 0},
                {CURLOPT_PATH_AS_IS, 1},
                {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
                {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
                {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}};

static long milliseconds(double seconds)
{
  return seconds > 0.001 ? (long)(seconds * 1000) : 1L; /* 0 means no limit */
}

/* Done once a handle. Without TLS, only an answer would end PIPEWAIT. */
static int set_up(zuora_engine *engine, zuora_slot *slot)
{
  int secure = engine->base.origin.secure;
  int direct = zuora__engine_direct(engine);
  CURL *easy = slot->easy;
  size_t i;
  for (i = 0; i < sizeof settings / sizeof *settings; i++)
    if (!SET(settings[i].option, settings[i].value))
      return 0;
  return SET(CURLOPT_SHARE, engine->share) &&
#if LIBCURL_VERSION_NUM >= 0x075500
         SET(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http") &&
#else
         SET(CURLOPT_PROTOCOLS,
             secure ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP) &&
#endif
         SET(CURLOPT_PIPEWAIT, (long)secure) &&
         SET(CURLOPT_ACCEPT_ENCODING, "") &&
         (!engine->ca_file || SET(CURLOPT_CAINFO, engine->ca_file)) &&
         SET(CURLOPT_PROXY, direct ? "" : engine->proxy) &&
         SET(CURLOPT_NOPROXY, direct ? "*" : NULL) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS,
             milliseconds(engine->connect_timeout)) &&
         SET(CURLOPT_OPENSOCKETFUNCTION, on_open) &&
         SET(CURLOPT_OPENSOCKETDATA, engine) &&
         SET(CURLOPT_CLOSESOCKETFUNCTION, on_close) &&
         SET(CURLOPT_CLOSESOCKETDATA, engine) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) &&
         SET(CURLOPT_HEADERDATA, slot) && SET(CURLOPT_WRITEFUNCTION, on_body) &&
         SET(CURLOPT_WRITEDATA, slot) &&
         SET(CURLOPT_PREREQFUNCTION, on_request) &&
         SET(CURLOPT_PREREQDATA, slot) && SET(CURLOPT_PRIVATE, slot) &&
         SET(CURLOPT_ERRORBUFFER, slot->detail);
}

static zuora_slot *take_slot(zuora_engine *engine)
{
  zuora_slot *slot;
  if (engine->idle_count > 0)
    return engine->idle[--engine->idle_count];
  if (!(slot = zuora__calloc(1, sizeof *slot)))
    return NULL;
  zuora__text_init(&slot->lines, ZUORA_HEAD_LIMIT);
  zuora__text_init(&slot->next, ZUORA_HEAD_LIMIT);
  slot->easy = curl_easy_init();
  if (slot->easy && set_up(engine, slot))
    return slot;
  free_slot(slot);
  return NULL;
}

/* Makes a list of libcurl's of the lines, which stay where they are. */
static int list_lines(zuora_slot *slot)
{
  const zuora_text *lines = &slot->lines;
  size_t at, count = zuora__text_lines(lines), i = 0;
  struct curl_slist *headers =
      zuora__realloc(slot->headers, count * sizeof *headers);
  if (!headers)
    return 0;
  slot->headers = headers;
  for (at = 0; i < count; at += strlen(lines->data + at) + 1, i++) {
    headers[i].data = lines->data + at;
    headers[i].next = i + 1 < count ? &headers[i + 1] : NULL;
  }
  return 1;
}

static int set_headers(zuora_slot *slot)
{
  zuora_text swap = slot->lines, *next = &slot->next;
  CURL *easy = slot->easy;
  zuora__exchange_lines(next, slot->exchange);
  if (next->failed)
    return 0;
  if (next->size == swap.size && !memcmp(next->data, swap.data, swap.size))
    return 1;
  slot->lines = *next;
  *next = swap;
  if (list_lines(slot) && SET(CURLOPT_HTTPHEADER, slot->headers))
    return 1;
  zuora__text_wipe(&slot->lines); /* or they would count as told */
  return 0;
}

/* libcurl reads the body where it is. */
static int set_method(zuora_slot *slot, const zuora_request *request)
{
  CURL *easy = slot->easy;
  const char *method = request->method, *body = request->body.data;
  size_t size = request->body.size;
  int get = !strcmp(method, "GET");
  body = get || (!size && !strcmp(method, "DELETE")) ? NULL : size ? body : "";
  if (slot->method == method && slot->body == body && slot->size == size)
    return 1;
  slot->method = NULL;
  if (!(body ? SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size) &&
                   SET(CURLOPT_POSTFIELDS, body)
             : SET(CURLOPT_HTTPGET, 1L)) ||
      !SET(CURLOPT_CUSTOMREQUEST, get ? NULL : method))
    return 0;
  slot->method = method;
  slot->body = body;
  slot->size = size;
  return 1;
}

static int prepare(zuora_slot *slot)
{
  const zuora_exchange *x = slot->exchange;
  CURL *easy = slot->easy;
  slot->detail[0] = '\0';
  return set_headers(slot) && set_method(slot, &x->request) &&
         SET(CURLOPT_FRESH_CONNECT, (long)x->engine->fresh) &&
         SET(CURLOPT_URL, x->request.url.data) &&
         SET(CURLOPT_TIMEOUT_MS, milliseconds(x->deadline - zuora_clock()));
}

/* Takes the exchange off its slot and keeps that. */
static void release(zuora_engine *engine, zuora_exchange *x)
{
  zuora_slot *slot = x->slot;
  if (!slot)
    return;
  x->slot = NULL;
  slot->exchange = NULL;
  zuora__text_wipe(&slot->next);
  if (engine->idle_count < engine->max_concurrency)
    engine->idle[engine->idle_count++] = slot;
  else
    free_slot(slot);
}

void zuora__engine_start(zuora_engine *engine, zuora_exchange *x)
{
  zuora_slot *slot = x->slot = take_slot(engine);
  if (slot)
    slot->exchange = x;
  if (slot && prepare(slot) &&
      !curl_multi_add_handle(engine->multi, slot->easy)) {
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
  curl_multi_remove_handle(engine->multi, exchange->slot->easy);
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
  if (code == CURLE_OUT_OF_MEMORY)
    return x->head_size ? ZUORA_PROTOCOL : ZUORA_MEMORY;
  return ZUORA_NETWORK;
}

static void fail(zuora_exchange *x, CURLcode code)
{
  const char *detail = x->slot->detail;
  const char *words = detail[0] ? detail : curl_easy_strerror(code);
  if (code == CURLE_OUT_OF_MEMORY && x->head_size && !x->response.complete)
    words = "a line in the head of the answer is too long";
  if (code == CURLE_ABORTED_BY_CALLBACK)
    words = "the connection broke before the answer";
  zuora__exchange_fail(x, code_of(code, x), words);
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

void zuora__engine_collect(zuora_engine *engine)
{
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
    zuora_slot *slot = NULL;
    zuora_exchange *x;
    CURLcode code = message->data.result;
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
    x = slot->exchange;
    if (engine->timings)
      measure(&x->response, slot->easy);
    engine->fresh = code == CURLE_OUT_OF_MEMORY || (code && engine->fresh);
    if (code)
      fail(x, code);
    zuora__engine_stop(engine, x);
    zuora__exchange_end(x);
  }
}

void zuora__engine_act(zuora_engine *engine, int fd, int events)
{
  int running;
  if (!engine->lost)
    engine->lost = curl_multi_socket_action(
        engine->multi, fd < 0 ? CURL_SOCKET_TIMEOUT : fd, events, &running);
}
