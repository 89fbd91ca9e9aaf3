/* server.h: a process that answers as Zuora would, always the same, over plain
 * HTTP on loopback. It allocates nothing. */
#ifndef TORTURE_SERVER_H
#define TORTURE_SERVER_H

/* Starts it; returns its port, 0 on failure. It ends with this process. */
int server_start(void);

/* How many calls that change something have reached it. */
long server_changes(void);

#endif
