/* fork.c: an engine in a child of the process that opened it. Its sockets, the
 * state of TLS and the descriptor to poll are shared with the parent, so the
 * child may neither write to them, nor end them properly, nor change what the
 * kernel was told: it lets go of them, and opens its own when it needs to. */
#include "engine.h"

void zuora__engine_own(zuora_engine *engine)
{
  zuora_exchange *x;
  if (!engine->poller || !zuora__poller_is_inherited(engine->poller))
    return;
  zuora__poller_disown(engine->poller);
  for (x = engine->all; x; x = x->next) {
    if (x->state != ZUORA_WAITING && x->state != ZUORA_RUNNING)
      continue;
    x->starts = 1; /* if it has not left yet, the parent may send it */
    zuora_exchange_cancel(x);
    zuora__fail(&x->error, ZUORA_CANCELLED, NULL,
                "the process forked in the middle of it; it is the parent's");
  }
  zuora__engine_close(engine);
}
