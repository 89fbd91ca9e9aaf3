/* engine.h: what engine.c, exchange.c and settings.c share. Private. Knows no
 * libcurl: its handles are void pointers here. */
#ifndef ZUORA_ENGINE_H
#define ZUORA_ENGINE_H

#include "poller.h"
#include "request.h"
#include "response.h"

enum {
  ZUORA_DEFAULTS = 8,
  ZUORA_REPLACED = 32,
  ZUORA_HEAD_LIMIT = 256 * 1024,
  ZUORA_LONGEST = 1000000 /* seconds; in milliseconds it fits a long */
};

/* engine.c: a handle of libcurl and what belongs to it. */
typedef struct zuora_slot zuora_slot;

/* A value that calls take where they give none. */
typedef struct zuora_default {
  const zuora_parameter *parameter;
  zuora_text value;
} zuora_default;

typedef enum zuora_state {
  ZUORA_IDLE,    /* never submitted */
  ZUORA_WAITING, /* in the engine's queue */
  ZUORA_RUNNING, /* with libcurl */
  ZUORA_ENDED
} zuora_state;

typedef struct zuora_queue {
  zuora_exchange *first, *last;
} zuora_queue;

struct zuora_exchange {
  zuora_engine *engine;            /* NULL once that is freed */
  zuora_exchange *previous, *next; /* all of the engine's */
  zuora_queue *queue;              /* the one that it is in, or NULL */
  zuora_exchange *queue_previous, *queue_next;
  zuora_request request;
  zuora_response response;
  zuora_text body;
  zuora_error error;
  zuora_state state;
  zuora_sign sign;
  double submitted, due, deadline; /* seconds on the monotonic clock */
  unsigned long id;                /* of the submission */
  zuora_slot *slot;                /* while running */
  size_t head_size;                /* bytes of header lines received */
  int starts;                      /* how often the request began to leave */
};

struct zuora_engine {
  zuora_base base;
  char *user_agent, *ca_file, *proxy;
  double connect_timeout, timeout;
  size_t max_body;
  int max_concurrency, timings;
  zuora_text secrets[ZUORA_SECRET_COUNT];
  /* By others, and still masked: an answer to what was sent before may hold it.
   * None is empty before all that are not. */
  zuora_text replaced[ZUORA_REPLACED];
  int oldest; /* of those; the next to be wiped */
  zuora_default defaults[ZUORA_DEFAULTS];
  int default_count;
  zuora_exchange *all;
  zuora_exchange *spare; /* freed ones, by `next`, kept for reuse */
  int spare_count;
  zuora_queue waits;     /* by due time */
  zuora_queue done;      /* ended, nobody was told yet; in order */
  double queue_deadline; /* none that waits ends before this */
  int waiting, running, ended;
  unsigned long submissions;
  zuora_poller *poller; /* made with the first submission ... */
  void *multi, *share;  /* ... as these are */
  zuora_slot **idle;    /* ready for reuse */
  int idle_count;
  /* Whether kept connections are not to be used: one on which there was no
   * memory to ask would let others wait for it. */
  int fresh;
  /* Whether what comes on idle connections is to be feared: answers come by
   * HTTP/1, where order alone tells what they answer, or a call failed. */
  int wary;
  int lost;           /* whether libcurl ran out of memory and lost track */
  zuora_text fixed;   /* header lines of every request, a NUL after each */
  zuora_text codings; /* and of those that may have a long answer */
  double timer;       /* when libcurl wants to be called; 0: now; -1: not */
};

/* engine.c: makes what needs descriptors; called once, before the first
 * exchange is queued. */
zuora_code zuora__engine_open(zuora_engine *engine, zuora_error *error);
/* fork.c: in a child of the process that opened the engine, closes it without
 * a word to the servers and ends what was in flight. To be called first by all
 * that touches what open made. */
void zuora__engine_own(zuora_engine *engine);
/* engine.c: closes all connections. */
void zuora__engine_close(zuora_engine *engine);
/* engine.c: hands it to libcurl. On failure it has ended. */
void zuora__engine_start(zuora_engine *engine, zuora_exchange *exchange);
/* engine.c: tells libcurl what came on a socket; -1: that its time is due. */
void zuora__engine_act(zuora_engine *engine, int fd, int events);
/* engine.c: ends those that libcurl is done with. */
void zuora__engine_collect(zuora_engine *engine);
/* settings.c: a secret that a call brings is redacted like the engine's own. */
void zuora__keep_given(zuora_engine *engine, zuora_secret secret,
                       const zuora_value *value);
/* settings.c: whether there is no proxy: then libcurl need not look for one
 * before each request. */
int zuora__engine_direct(const zuora_engine *engine);
/* settings.c: writes the lines that all requests have; what libcurl adds by
 * itself it writes twice. Of the codings that it knows, deflate means different
 * things to different servers. */
void zuora__engine_write_fixed(zuora_engine *engine, int brotli, int zstd);
/* engine.c: takes a running exchange back from libcurl. */
void zuora__engine_stop(zuora_engine *engine, zuora_exchange *exchange);

/* queue.c: puts it among those that wait. */
void zuora__queue_wait(zuora_engine *engine, zuora_exchange *exchange);
/* queue.c: puts it among those that ended. */
void zuora__queue_done(zuora_engine *engine, zuora_exchange *exchange);
/* queue.c: takes it out of whichever it is in. */
void zuora__queue_remove(zuora_exchange *exchange);
/* exchange.c: adds its header lines, a NUL after each, with the credentials.
 * Those may be gone since the submission: then they are empty. */
void zuora__exchange_lines(zuora_text *lines, const zuora_exchange *exchange);
/* exchange.c: whether its request may leave now. libcurl sends a request again
 * by itself when a kept connection breaks before the answer. Whether the first
 * was carried out nobody knows, so what changes something leaves once only. */
int zuora__exchange_leaves(zuora_exchange *exchange);
/* exchange.c: takes a header line; returns its size, or 0 when the head is too
 * large. */
size_t zuora__exchange_head(zuora_exchange *exchange, const char *data,
                            size_t size);
/* exchange.c: notes why it failed: `words`, unless a bound was passed. */
void zuora__exchange_fail(zuora_exchange *exchange, zuora_code code,
                          const char *words);
/* exchange.c: marks the end. */
void zuora__exchange_end(zuora_exchange *exchange);
/* redact.c: takes the secrets out of what is kept of the headers. The session
 * that comes with them is one from then on, kept or not. */
void zuora__redact_head(zuora_response *response, zuora_engine *engine);
/* redact.c: whether it is not to be shown: ids of logins are. */
int zuora__is_masked(zuora_secret secret);
/* exchange.c: frees those kept for reuse. */
void zuora__exchange_drop_spare(zuora_engine *engine);

#endif
