/* poller.h: one pollable descriptor for many sockets. Private. epoll on
 * Linux, kqueue on BSD and macOS. */
#ifndef ZUORA_POLLER_H
#define ZUORA_POLLER_H

#include "zuora.h"

/* With the values that libcurl gives the same events. */
enum { ZUORA_READ = 1, ZUORA_WRITE = 2, ZUORA_BROKEN = 4 };

typedef struct zuora_poller zuora_poller;

typedef struct zuora_ready {
  int fd;
  int events; /* ZUORA_READ, ... */
} zuora_ready;

zuora_code zuora__poller_new(zuora_poller **out);
void zuora__poller_free(zuora_poller *poller);

/* What to wait for on a socket; 0: nothing. Told to the kernel only when it
 * matters, since libcurl takes a socket off at the end of each transfer and
 * puts it back at the start of the next: that nothing is wanted, when something
 * comes all the same. */
zuora_code zuora__poller_want(zuora_poller *poller, int fd, int events);

/* Opens a socket, -1 on failure, and closes one. The number of a closed one
 * may come back as another socket, so only of sockets that begin and end here
 * may the telling be put off. */
int zuora__poller_open(zuora_poller *poller, int family, int type,
                       int protocol);
int zuora__poller_close(zuora_poller *poller, int fd);

/* Gives up the sockets opened here of which nothing is wanted and whose other
 * side has ended; where it is `wary`, also those on which something has come
 * that nobody asked for. In place of each stands one that leads nowhere, which
 * libcurl finds dead: some versions of it send the next request to one that has
 * ended, or take what came for its answer. */
void zuora__poller_sweep(zuora_poller *poller, int wary);

/* Whether the process forked since the poller was made, and this is the
 * child: descriptor and sockets are the parent's. */
int zuora__poller_is_inherited(const zuora_poller *poller);

/* For that child: gives them up. In place of each socket stands one that
 * leads nowhere, so that whatever closes it cannot speak on the parent's. The
 * poller can only be freed after that. */
void zuora__poller_disown(zuora_poller *poller);

/* Tells the kernel what has changed. */
zuora_code zuora__poller_flush(zuora_poller *poller);

/* Flushes and waits, at most `timeout` milliseconds. Returns how many of
 * `ready` were filled, 0 also when a signal came. */
int zuora__poller_wait(zuora_poller *poller, zuora_ready *ready, int size,
                       int timeout);

int zuora__poller_fd(const zuora_poller *poller);

#endif
