/* engine.h: what engine.c and exchange.c share. Private. Knows no libcurl:
 * its handles are void pointers here. */
#ifndef ZUORA_ENGINE_H
#define ZUORA_ENGINE_H

#include "poller.h"
#include "request.h"
#include "response.h"

enum { ZUORA_DEFAULTS = 8 };

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

struct zuora_exchange {
  zuora_engine *engine;                        /* NULL once that is freed */
  zuora_exchange *previous, *next;             /* all of the engine's */
  zuora_exchange *queue_previous, *queue_next; /* those that wait */
  zuora_request request;
  zuora_response response;
  zuora_text body;
  zuora_error error;
  zuora_state state;
  zuora_sign sign;
  double submitted, due, deadline; /* seconds on the monotonic clock */
  void *easy, *headers;            /* while running */
  size_t head_size;                /* bytes of header lines received */
  int starts;                      /* how often the request began to leave */
  char detail[256];                /* libcurl's own words */
};

struct zuora_engine {
  zuora_base base;
  char *user_agent, *ca_file, *proxy;
  double connect_timeout, timeout;
  size_t max_body;
  int max_concurrency;
  zuora_text secrets[ZUORA_SECRET_COUNT];
  zuora_default defaults[ZUORA_DEFAULTS];
  zuora_exchange *all;
  zuora_exchange *first, *last; /* the queue, by due time */
  double queue_deadline;        /* none in the queue ends before this */
  int waiting, running, ended;
  zuora_poller *poller; /* made with the first submission ... */
  void *multi, *share;  /* ... as these are */
  void **idle;          /* easy handles ready for reuse */
  int idle_count;
  double timer; /* when libcurl wants to be called; -1: not */
};

/* engine.c: makes what needs descriptors; called once, before the first
 * exchange is queued. */
zuora_code zuora__engine_open(zuora_engine *engine, zuora_error *error);
/* engine.c: closes all connections. */
void zuora__engine_close(zuora_engine *engine);
/* engine.c: hands it to libcurl. On failure it has ended. */
void zuora__engine_start(zuora_engine *engine, zuora_exchange *exchange);
/* engine.c: takes a running exchange back from libcurl. */
void zuora__engine_stop(zuora_engine *engine, zuora_exchange *exchange);

/* exchange.c: starts what is due, ends what waited too long. */
void zuora__queue_move(zuora_engine *engine, double now);
/* exchange.c: the time when the queue has something to do; -1: never. */
double zuora__queue_due(const zuora_engine *engine);
/* exchange.c: adds header lines with the credentials, a NUL after each. The
 * secrets may be gone since the submission: then they are empty. */
void zuora__sign(zuora_text *lines, const zuora_engine *engine,
                 zuora_sign sign);
/* exchange.c: marks the end. */
void zuora__exchange_end(zuora_exchange *exchange);

#endif
