/* server.h: a tiny HTTP server for the tests: one thread, a free port of
 * 127.0.0.1, answers laid down beforehand. */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>

typedef struct server server;

/* What becomes of the connection after an answer. */
typedef enum server_end { SERVER_KEEP, SERVER_CLOSE, SERVER_RESET } server_end;

/* What a request is answered with. */
typedef struct server_answer {
  const char *bytes; /* NULL: nothing at all */
  size_t size;       /* 0: until the NUL */
  server_end end;
} server_answer;

/* The request that comes first gets the first answer, and so on; those that
 * come after the last answer get that again. Their bytes stay the caller's and
 * are looked at until they are sent. */
server *server_start(const server_answer *answers, size_t count);
/* Closes all connections and forgets what came. */
void server_stop(server *s);

/* "http://127.0.0.1:PORT" */
const char *server_url(const server *s);
/* How many requests came, and over how many connections. */
size_t server_requests(server *s);
size_t server_connections(server *s);
/* How many of those the server has closed again. */
size_t server_closed(server *s);
/* Request number `i` from 0, whole; it must have come. */
const char *server_request(server *s, size_t i);

#endif
