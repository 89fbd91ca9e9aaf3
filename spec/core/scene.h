/* scene.h: a server, an engine that calls it, and one exchange. */
#ifndef SCENE_H
#define SCENE_H

#include "server.h"
#include "support.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

typedef struct scene_state {
  server *server;
  zuora_engine *engine;
  zuora_exchange *x;
  zuora_error error;
} scene_state;

extern scene_state scene;

/* Set-up and tear-down of a test: all empty; all freed. */
int scene_open(void **state);
int scene_close(void **state);

/* A server with these answers, an engine for it, and a call that reads, or
 * one that writes. */
void arrange(const server_answer *answers, size_t count, int writes);
/* The same with one answer that is always given. */
void arrange_one(const char *bytes, server_end end, int writes);
/* A call that reads, answered so, ends with this code; the server is gone
 * afterwards. */
void answered(const char *bytes, server_end end, zuora_code code);
/* Another engine for the scene's server, which takes the place of the first,
 * and an exchange for it. */
void arrange_engine(const zuora_engine_options *options);

/* Submits with a delay and a limit; steps once: how many ended; steps until the
 * server has seen so many requests; how one that is done ended. */
void submit_with(zuora_exchange *exchange, double delay, double limit);
int step(double seconds);
void until_seen(size_t count);
zuora_code code_of(const zuora_exchange *exchange);

/* The body of the answer, which must hold no NUL. */
const char *body_of(const zuora_exchange *exchange);
/* That a text begins so. */
void begins(const char *text, const char *start);

#endif
