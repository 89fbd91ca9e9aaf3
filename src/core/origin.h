/* origin.h: where credentials may go. Private. */
#ifndef ZUORA_ORIGIN_H
#define ZUORA_ORIGIN_H

#include "zuora.h"

enum { ZUORA_ORIGIN_SIZE = 300 };

/* Scheme, host and port, written one way: lower case, no default port. */
typedef struct zuora_origin {
  char text[ZUORA_ORIGIN_SIZE]; /* "https://rest.zuora.com" */
  int secure;                   /* https */
  int loopback;                 /* localhost, 127.0.0.0/8 or [::1] */
} zuora_origin;

/* Takes a URL apart. Returns NULL and sets *rest to its path, or returns what
 * is wrong with it. */
const char *zuora__origin_read(zuora_origin *origin, const char **rest,
                               const char *url, size_t size);

/* What is wrong with a path and query, or NULL. */
const char *zuora__path_fault(const char *path, size_t size);

/* Whether a path segment means "here" or "up", percent-encoded or not. */
int zuora__is_dots(const char *segment, size_t size);

#endif
