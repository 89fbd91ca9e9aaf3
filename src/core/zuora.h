/* zuora.h: the one public header of libzuora, a client core for Zuora's REST
 * API over libcurl.
 *
 * Tables, pure functions, and the engine that carries exchanges. Nothing
 * prints, aborts or calls back. What can fail returns a zuora_code, 0 is
 * success; out parameters stand first; `x_new` pairs with `x_free`, which
 * takes NULL; a returned pointer is borrowed; strings handed in are copied;
 * times are in seconds. An engine belongs to one thread at a time. */
#ifndef ZUORA_H
#define ZUORA_H

#include <stddef.h>

#define ZUORA_VERSION "0.1.0"

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- codes and errors --------------------------------------------------- */

typedef enum zuora_code {
  ZUORA_OK = 0,
  ZUORA_MISUSE,    /* the program is wrong: a type, a name, a closed engine */
  ZUORA_ARGUMENT,  /* a value breaks a rule; nothing was sent */
  ZUORA_NETWORK,   /* no connection, or it broke */
  ZUORA_TIMEOUT,   /* the time given to the exchange is over */
  ZUORA_TLS,       /* no trusted connection */
  ZUORA_PROTOCOL,  /* the answer is not HTTP as agreed, or too large */
  ZUORA_CANCELLED, /* ended by zuora_exchange_cancel or zuora_engine_free */
  ZUORA_MEMORY     /* out of memory */
} zuora_code;

/* What went wrong, in the caller's own memory. */
typedef struct zuora_error {
  zuora_code code;
  const char *parameter; /* the parameter at fault (static), or NULL */
  char message[240];     /* no full stop, no operation name, no secret */
} zuora_error;
/* The lower-case name of a code ("network"), never NULL. */
const char *zuora_code_name(zuora_code code);

/* ---- memory ------------------------------------------------------------- */

/* Takes all memory, libcurl's and zlib's included, from these functions, which
 * must do as malloc, realloc and free do; NULL may come from the first two at
 * any time. To be called before anything else of this library, and before the
 * program itself has libcurl start, which else keeps what it has. */
void zuora_memory_hooks(void *(*malloc_hook)(size_t size),
                        void *(*realloc_hook)(void *block, size_t size),
                        void (*free_hook)(void *block));

/* ---- operations --------------------------------------------------------- */

typedef enum zuora_kind {
  ZUORA_STRING,
  ZUORA_INTEGER, /* a whole number */
  ZUORA_NUMBER,
  ZUORA_BOOLEAN,
  ZUORA_PAIRS,  /* names with string values; see zuora_request_add */
  ZUORA_WINDOWS /* only in fields: an array of zuora_window */
} zuora_kind;

typedef enum zuora_place {
  ZUORA_IN_PATH,
  ZUORA_IN_QUERY,
  ZUORA_IN_HEADER,
  ZUORA_IN_BODY,    /* a member of the JSON object in the body */
  ZUORA_IN_FORM,    /* a field of the form in the body */
  ZUORA_AS_METHOD,  /* the method itself */
  ZUORA_AS_TARGET,  /* path and query, or a URL of the same origin */
  ZUORA_AS_CONTENT, /* the whole body, JSON text */
  ZUORA_IN_CALL     /* steers the call, is not sent */
} zuora_place;

/* Values that are kept in the engine's memory, wiped when it is freed. */
typedef enum zuora_secret {
  ZUORA_NO_SECRET,
  ZUORA_CLIENT_ID,
  ZUORA_CLIENT_SECRET,
  ZUORA_ACCESS_TOKEN,
  ZUORA_API_ACCESS_KEY_ID,
  ZUORA_API_SECRET_ACCESS_KEY,
  ZUORA_SESSION,
  ZUORA_GIVEN_SECRET, /* the last that a call brought, to be redacted */
  ZUORA_SECRET_COUNT
} zuora_secret;

/* The snake_case name of a secret ("client_secret"), or NULL. */
const char *zuora_secret_name(zuora_secret secret);

enum { ZUORA_REQUIRED = 1, ZUORA_POSITIONAL = 2 }; /* zuora_parameter.flags */
/* A parameter: where it goes and the rule that its value must keep. */
typedef struct zuora_parameter {
  const char *name;    /* "page_size" */
  const char *wire;    /* "pageSize" */
  const char *about;   /* one line for the manual */
  const char *choices; /* "inbound|outbound", or NULL */
  const char *refused; /* characters that may not stand in it, or NULL */
  const char *needs;   /* the parameter it may not stand without, or NULL */
  const char *group;   /* of the parameters of a group one may be given */
  zuora_kind kind;
  zuora_place place;
  unsigned flags;
  int minimum;         /* of the length in bytes, or of the number */
  int maximum;         /* likewise; 0: none */
  zuora_secret secret; /* stands in when no value is given */
} zuora_parameter;

/* zuora_operation.flags: it changes something; cannot be undone; carries its
 * own credentials; its answer is a secret, so it is not for users. */
enum {
  ZUORA_WRITES = 1,
  ZUORA_FINAL = 2,
  ZUORA_UNSIGNED = 4,
  ZUORA_INTERNAL = 8
};

enum { ZUORA_PARAMETERS = 24 };

/* One row of the table of operations. */
typedef struct zuora_operation {
  const char *name;   /* "connections.accept" */
  const char *method; /* NULL: given by a parameter */
  const char *path;   /* "/v1/.../{connection_id}/accept"; NULL: likewise */
  const char *about;  /* one line for the manual */
  const char *items;  /* the list in the answer that has pages, or NULL */
  unsigned flags;
  /* Positional ones first, in order; ends with NULL. */
  const zuora_parameter *parameters[ZUORA_PARAMETERS];
} zuora_operation;

/* The table; returns its first row and sets *count. */
const zuora_operation *zuora_operations(size_t *count);
/* The row of that name, or NULL. */
const zuora_operation *zuora_operation_find(const char *name);
/* A value for a parameter; `present` is 0 where none was given. */
typedef struct zuora_value {
  const char *data; /* ZUORA_STRING: `size` bytes */
  size_t size;
  double number; /* the other kinds; a boolean is 0 or 1 */
  int present;
} zuora_value;

/* ---- requests (pure) ---------------------------------------------------- */

typedef struct zuora_request zuora_request;
const char *zuora_request_method(const zuora_request *request);
const char *zuora_request_url(const zuora_request *request);
/* Header line number `i` from 0 ("Name: value"), or NULL past the last.
 * Credentials are not among them: the engine adds those when it sends. */
const char *zuora_request_header(const zuora_request *request, size_t i);
const char *zuora_request_body(const zuora_request *request, size_t *size);
int zuora_request_writes(const zuora_request *request);
int zuora_request_names_entity(const zuora_request *request);

/* ---- answers ------------------------------------------------------------ */

enum { ZUORA_WINDOW_COUNT = 8 };
typedef struct zuora_window {
  double quota, seconds;
} zuora_window;

/* The head of an answer. Numbers are -1 and strings empty when the header
 * was absent or not understood. */
typedef struct zuora_response {
  double status;
  int complete;        /* the head is over; trailers count for nothing */
  char request_id[64]; /* Zuora-Request-Id, 36 characters */
  char track_id[80];   /* Zuora-Track-Id, as sent */
  char content_type[80];
  char concurrency_type[40]; /* Concurrency-Limit-Type */
  double rate_limit;         /* RateLimit-Limit: the window nearest its end */
  double rate_remaining;
  double rate_reset;                        /* seconds */
  zuora_window windows[ZUORA_WINDOW_COUNT]; /* of RateLimit-Limit */
  size_t window_count;
  double concurrency_limit;
  double concurrency_remaining;
  double retry_after; /* seconds, dates made relative by the Date header */
  double retry_at;    /* Retry-After as a date, Unix time */
  double date;        /* the Date header, Unix time */
  double seconds;     /* from submission to the end of the exchange */
  double attempts;    /* how often the call was sent, as its maker noted */
  double name_lookup, connect, tls, first_byte, total; /* since its start */
  double bytes_sent, bytes_received; /* heads included, as on the wire */
  char session[520]; /* the ZSession cookie: a secret; last, to be left out */
} zuora_response;

/* A field of zuora_response that may be shown, for bindings to walk. */
typedef struct zuora_field {
  const char *group; /* "rate_limit", or NULL */
  const char *name;  /* "zuora_request_id" */
  zuora_kind kind;
  size_t offset;
} zuora_field;

/* The fields, those of one group side by side. */
const zuora_field *zuora_fields(size_t *count);
/* How long its parts took and how large it was; 0 without options.timings. */
const zuora_field *zuora_timings(size_t *count);
void zuora_response_clear(zuora_response *response);
/* Reads a header line. A status line starts the response anew, an empty line
 * ends it unless its status is a provisional one. */
void zuora_response_read(zuora_response *response, const char *data,
                         size_t size);

/* ---- what to do after an attempt (pure) --------------------------------- */

/* Nothing was changed, or it may have been. */
typedef enum zuora_effect { ZUORA_NO_EFFECT, ZUORA_UNCERTAIN } zuora_effect;
/* ZUORA_ALWAYS: as often as the policy allows. */
typedef enum zuora_again { ZUORA_NEVER, ZUORA_ONCE, ZUORA_ALWAYS } zuora_again;

/* A row of the table of retries. The first that matches counts. */
typedef struct zuora_rule {
  const char *name;   /* "rate limited" */
  const char *source; /* why so, for the manual */
  zuora_code code;    /* ZUORA_OK: there was an answer */
  int sent;           /* whether the request may have left; -1: either */
  int low, high;      /* statuses; 0, 0: any or none */
  int category;       /* last two digits of the code; -1: any or none */
  zuora_effect effect;
  zuora_again again;
  int told; /* whether the answer's own headers say how long to wait */
} zuora_rule;
/* The table; returns its first row and sets *count. */
const zuora_rule *zuora_rules(size_t *count);
/* What is known after an attempt that brought no result. */
typedef struct zuora_attempt {
  zuora_code code;    /* how the exchange ended */
  int sent;           /* zuora_exchange_sent */
  int writes;         /* zuora_request_writes */
  int keyed;          /* it carries an idempotency key */
  int status;         /* 0: none */
  int category;       /* -1: none */
  int number;         /* of the attempt, from 1 */
  double retry_after; /* seconds; -1: not told */
  double rate_reset;  /* seconds, where nothing remains; -1: not told */
  double left;        /* seconds to the deadline */
  double chance;      /* from 0 to 1, for the jitter */
} zuora_attempt;

typedef struct zuora_policy {
  int max_attempts;
  double backoff_base, backoff_cap; /* seconds */
  double max_retry_wait;            /* seconds */
} zuora_policy;
/* Defaults: 4 attempts, back-off from 1 s to 60 s, waits of 60 s at most. */
void zuora_policy_init(zuora_policy *policy);

typedef enum zuora_verdict {
  ZUORA_STOP,
  ZUORA_REPEAT, /* the same request again, after `wait` */
  ZUORA_SETTLE  /* find out first whether it took effect */
} zuora_verdict;

typedef struct zuora_decision {
  zuora_verdict verdict;
  double wait; /* seconds */
  zuora_effect effect;
  int retryable; /* the same call may be made again as it is */
  const zuora_rule *rule;
} zuora_decision;

/* Decides. Never waits longer than policy and deadline allow: where it would
 * have to, it stops. */
void zuora_decide(zuora_decision *out, const zuora_attempt *attempt,
                  const zuora_policy *policy);

/* ---- chance and time ---------------------------------------------------- */

/* Seconds on a clock that only goes forward. */
double zuora_clock(void);
/* From 0 to 1. */
double zuora_chance(void);
/* A random UUID (version 4) and its NUL. */
void zuora_uuid(char out[37]);

/* ---- the engine --------------------------------------------------------- */

typedef struct zuora_engine zuora_engine;
typedef struct zuora_exchange zuora_exchange;
typedef struct zuora_engine_options {
  const char *base_url;   /* required; a path prefix is kept */
  const char *user_agent; /* NULL: "zuora/VERSION" */
  const char *ca_file;    /* PEM; NULL: what libcurl trusts */
  const char *proxy;      /* NULL: libcurl's variables; "": none */
  double connect_timeout; /* seconds */
  double timeout;         /* seconds for an exchange, queue included */
  size_t max_body;        /* decoded bytes of an answer */
  int max_concurrency;    /* exchanges in flight */
  int allow_insecure;     /* http:// to other hosts than loopback */
  int timings;            /* measure exchanges; see zuora_timings */
} zuora_engine_options;

/* Defaults: 10 s to connect, 130 s in all (Zuora's own limit is 120), 64 MiB,
 * 32 in flight (Zuora allows 40 an entity). */
void zuora_engine_options_init(zuora_engine_options *options);
/* Makes an engine. Does no I/O. ZUORA_ARGUMENT: a base URL that will not do. */
zuora_code zuora_engine_new(zuora_engine **out,
                            const zuora_engine_options *options,
                            zuora_error *error);
/* Cancels what is in flight, closes all connections, wipes the secrets. Its
 * exchanges stay valid and are to be freed by their owner. */
void zuora_engine_free(zuora_engine *engine);
const char *zuora_engine_base_url(const zuora_engine *engine);
/* Keeps a secret; size 0 forgets it. */
zuora_code zuora_engine_set_secret(zuora_engine *engine, zuora_secret secret,
                                   const char *data, size_t size,
                                   zuora_error *error);
int zuora_engine_has_secret(const zuora_engine *engine, zuora_secret secret);
/* The secret itself, or NULL: it has to be wiped by whoever copies it. */
const char *zuora_engine_secret(const zuora_engine *engine, zuora_secret secret,
                                size_t *size);
/* Overwrites each secret that stands in `text` with asterisks, in place, also
 * where it is percent-encoded or written as in JSON or HTML. */
void zuora_engine_redact(const zuora_engine *engine, char *text, size_t size);
/* Sets the value that a header parameter ("zuora_entity_ids") takes where a
 * call gives none of its group. */
zuora_code zuora_engine_set_default(zuora_engine *engine, const char *name,
                                    const char *data, size_t size,
                                    zuora_error *error);
/* Moves everything for at most `timeout` seconds (0 does not wait), less where
 * an exchange ends or a signal comes. Sets *ended to how many ended. */
zuora_code zuora_engine_step(int *ended, zuora_engine *engine, double timeout);
/* The id of an exchange that ended since one was last asked for, in the order
 * of their ends; 0 when there is none. */
unsigned long zuora_engine_ended(zuora_engine *engine);
/* A descriptor that is readable when a step has something to do. Ask for it
 * before each wait: asking brings it up to date. -1 where there is none. */
int zuora_engine_fd(zuora_engine *engine);
/* Seconds until a step is due although no descriptor is ready; -1: never. */
double zuora_engine_timeout(const zuora_engine *engine);
/* Exchanges in flight or waiting for their turn. */
int zuora_engine_busy(const zuora_engine *engine);
/* Ends all of those, with ZUORA_CANCELLED. */
void zuora_engine_cancel(zuora_engine *engine);
/* How an exchange is signed: not; by Authorization: Bearer; by apiAccessKeyId
 * and apiSecretAccessKey; by Cookie: ZSession. */
typedef enum zuora_sign {
  ZUORA_SIGN_NONE,
  ZUORA_SIGN_TOKEN,
  ZUORA_SIGN_KEYS,
  ZUORA_SIGN_SESSION
} zuora_sign;
/* Makes an exchange from an operation and its values (ZUORA_PARAMETERS of them,
 * in its parameters' order), checked: ZUORA_MISUSE, ZUORA_ARGUMENT. */
zuora_code zuora_exchange_new(zuora_exchange **out, zuora_engine *engine,
                              const zuora_operation *operation,
                              const zuora_value *values, zuora_error *error);
/* Adds one pair to a ZUORA_PAIRS parameter: a query parameter or a header. */
zuora_code zuora_exchange_add(zuora_exchange *exchange,
                              const zuora_parameter *parameter,
                              const zuora_value *name, const zuora_value *value,
                              zuora_error *error);
void zuora_exchange_free(zuora_exchange *exchange);
/* Queues it, to be started after `delay` seconds and to end within `limit`
 * seconds of that (0: the engine's timeout). It is signed when it starts. May
 * be called again once it has ended: a retry is a submission with a delay. */
zuora_code zuora_exchange_submit(zuora_exchange *exchange, zuora_sign sign,
                                 double delay, double limit,
                                 zuora_error *error);
/* The number of its last submission, unique in its engine; 0: none yet. */
unsigned long zuora_exchange_id(const zuora_exchange *exchange);
/* Moves its engine, as zuora_engine_step does, unless it has ended. */
zuora_code zuora_exchange_wait(zuora_exchange *exchange, double seconds);
/* Ends it now, with ZUORA_CANCELLED. */
void zuora_exchange_cancel(zuora_exchange *exchange);
int zuora_exchange_done(const zuora_exchange *exchange);
/* Whether the request may have reached the server. */
int zuora_exchange_sent(const zuora_exchange *exchange);
const zuora_request *zuora_exchange_request(const zuora_exchange *exchange);
/* How it ended: code ZUORA_OK when a whole answer came. */
const zuora_error *zuora_exchange_error(const zuora_exchange *exchange);
/* What it says of itself for zuora_decide: everything but category, number,
 * left and chance, which are set to -1, 1, the time left and 1. */
void zuora_exchange_attempt(zuora_attempt *out, const zuora_exchange *exchange);
const zuora_response *zuora_exchange_response(const zuora_exchange *exchange);
/* The body of the answer, decoded; never NULL. */
const char *zuora_exchange_body(const zuora_exchange *exchange, size_t *size);
/* Whether it is {"success": true}, however spaced, and no more. */
int zuora_exchange_succeeded(const zuora_exchange *exchange);
/* What came with a secret. */
typedef struct zuora_grant {
  double expires_in; /* seconds; -1: not told */
  char scope[4096];  /* of a token; empty: not told */
} zuora_grant;

/* Takes a secret out of the answer into the engine: the token of a token
 * call, or the session that a cookie carries. ZUORA_PROTOCOL when the answer
 * has none. */
zuora_code zuora_exchange_keep(zuora_exchange *exchange, zuora_secret secret,
                               zuora_grant *grant, zuora_error *error);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
