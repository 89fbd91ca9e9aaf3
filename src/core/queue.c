/* queue.c: the exchanges that wait for their time or their turn, those that
 * ended and of which nobody was told yet, and the steps that move them on. */
#include <poll.h>

#include "engine.h"

/* Seconds that a step takes, beside its wait, to start what is due and to read
 * what has come, at least some of either: to begin a handshake takes half a
 * millisecond and more, as does to go on with it, and whoever steps has others
 * waiting. While it starts it lets libcurl act and looks at the clock every so
 * often. */
static const double SLICE = 0.003;
enum { OFTEN = 4 };

/* Puts x behind `after`, or first where that is NULL. */
static void insert(zuora_queue *queue, zuora_exchange *after, zuora_exchange *x)
{
  x->queue = queue;
  x->queue_previous = after;
  x->queue_next = after ? after->queue_next : queue->first;
  if (x->queue_next)
    x->queue_next->queue_previous = x;
  else
    queue->last = x;
  if (after)
    after->queue_next = x;
  else
    queue->first = x;
}

void zuora__queue_remove(zuora_exchange *x)
{
  zuora_queue *queue = x->queue;
  if (!queue)
    return;
  if (x->queue_previous)
    x->queue_previous->queue_next = x->queue_next;
  else
    queue->first = x->queue_next;
  if (x->queue_next)
    x->queue_next->queue_previous = x->queue_previous;
  else
    queue->last = x->queue_previous;
  x->queue = NULL;
  x->queue_previous = x->queue_next = NULL;
}

void zuora__queue_wait(zuora_engine *engine, zuora_exchange *x)
{
  zuora_exchange *after = engine->waits.last;
  while (after && after->due > x->due)
    after = after->queue_previous;
  zuora__queue_remove(x);
  insert(&engine->waits, after, x);
  if (!engine->waiting++ || x->deadline < engine->queue_deadline)
    engine->queue_deadline = x->deadline;
  x->state = ZUORA_WAITING;
}

void zuora__queue_done(zuora_engine *engine, zuora_exchange *x)
{
  insert(&engine->done, engine->done.last, x);
}

unsigned long zuora_engine_ended(zuora_engine *engine)
{
  zuora_exchange *x = engine->done.first;
  if (!x)
    return 0;
  zuora__queue_remove(x);
  return x->id;
}

static void end_late(zuora_engine *engine, double now)
{
  zuora_exchange *x = engine->waits.first, *next;
  double earliest = 0;
  for (; x; x = next) {
    next = x->queue_next;
    if (x->deadline <= now) {
      zuora__queue_remove(x);
      engine->waiting--;
      zuora__fail(&x->error, ZUORA_TIMEOUT, NULL,
                  "its time was over before its turn came");
      zuora__exchange_end(x);
    } else if (earliest == 0 || x->deadline < earliest) {
      earliest = x->deadline;
    }
  }
  engine->queue_deadline = earliest;
}

/* Lets libcurl do what its timer asks for: that is how a new exchange gets
 * going, and takes a connection. Bounded, since a timer may be set again at
 * once. */
static void run_timer(zuora_engine *engine)
{
  int rounds = 4;
  while (rounds-- > 0 && engine->timer >= 0 &&
         (engine->timer == 0 || engine->timer <= zuora_clock())) {
    engine->timer = -1;
    zuora__poller_sweep(engine->poller, engine->wary);
    zuora__engine_act(engine, -1, 0);
  }
}

static void move_queue(zuora_engine *engine, double now, double until)
{
  int count = 0;
  if (engine->queue_deadline <= now)
    end_late(engine, now);
  while (engine->waits.first && engine->waits.first->due <= now &&
         engine->running < engine->max_concurrency) {
    zuora_exchange *x = engine->waits.first;
    zuora__queue_remove(x);
    engine->waiting--;
    zuora__engine_start(engine, x);
    if (++count % OFTEN)
      continue;
    run_timer(engine);
    if (zuora_clock() > until)
      break;
  }
}

static double queue_due(const zuora_engine *engine)
{
  const zuora_exchange *first = engine->waits.first;
  double due = engine->queue_deadline;
  if (!first)
    return -1;
  if (engine->running < engine->max_concurrency && first->due < due)
    due = first->due;
  return due;
}

double zuora_engine_timeout(const zuora_engine *engine)
{
  double due = queue_due(engine), left;
  if (engine->timer >= 0 && (due < 0 || engine->timer < due))
    due = engine->timer;
  if (due < 0)
    return -1;
  left = due - zuora_clock();
  return left > 0 ? left : 0;
}

/* ---- moving ------------------------------------------------------------- */

/* Rounded up, or the last fraction of one would be spun. */
static int milliseconds(double seconds)
{
  if (seconds > 3600)
    seconds = 3600;
  return seconds > 0 ? (int)(seconds * 1000 + 0.999) : 0;
}

static void run_sockets(zuora_engine *engine, double timeout, double *until)
{
  zuora_ready ready[64];
  double due = zuora_engine_timeout(engine);
  int i, n;
  if (timeout > 0 && due >= 0 && due < timeout)
    timeout = due;
  n = zuora__poller_wait(engine->poller, ready, 64, milliseconds(timeout));
  if (timeout > 0)
    *until = zuora_clock() + SLICE;
  for (i = 0; i < n && (i == 0 || zuora_clock() < *until); i++)
    zuora__engine_act(engine, ready[i].fd, ready[i].events);
}

/* libcurl may have lost a socket or a timer and does not say whose: all that it
 * has is ended, lest one waits for ever, and it begins anew. */
static void start_over(zuora_engine *engine)
{
  zuora_exchange *x;
  for (x = engine->all; x; x = x->next) {
    if (x->state != ZUORA_RUNNING)
      continue;
    zuora__engine_stop(engine, x);
    zuora__exchange_fail(x, ZUORA_MEMORY, "out of memory");
    zuora__exchange_end(x);
  }
  zuora__engine_close(engine);
  engine->timer = -1;
  engine->fresh = engine->lost = 0;
}

zuora_code zuora_engine_step(int *ended, zuora_engine *engine, double timeout)
{
  zuora_error error;
  double now = zuora_clock(), until = now + SLICE;
  *ended = 0;
  zuora__engine_own(engine);
  if (engine->waiting && zuora__engine_open(engine, &error))
    return error.code;
  if (engine->multi) {
    if (engine->waiting)
      move_queue(engine, now, until);
    run_timer(engine);
    zuora__engine_collect(engine);
    /* An answer may have come at once; then there is nothing to wait for. */
    if (!engine->ended || engine->running || engine->lost) {
      run_sockets(engine, engine->ended || engine->lost ? 0 : timeout, &until);
      run_timer(engine);
      zuora__engine_collect(engine);
    }
    if (engine->lost) {
      start_over(engine);
    } else if (engine->waiting && (now = zuora_clock()) < until) {
      move_queue(engine, now, until);
      /* Or some may have ended whom no time and no descriptor tells of. */
      zuora__engine_collect(engine);
    }
  } else if (timeout > 0 && !engine->ended) {
    poll(NULL, 0, milliseconds(timeout));
  }
  *ended = engine->ended;
  engine->ended = 0;
  return ZUORA_OK;
}

zuora_code zuora_exchange_wait(zuora_exchange *exchange, double seconds)
{
  int ended;
  if (!exchange->engine || zuora_exchange_done(exchange))
    return ZUORA_OK;
  return zuora_engine_step(&ended, exchange->engine, seconds);
}
