/* response.h: reading the head of an answer. Private. */
#ifndef ZUORA_RESPONSE_H
#define ZUORA_RESPONSE_H

#include "zuora.h"

/* Unix time of an HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT"), or -1. */
double zuora__date(const char *text, size_t size);

/* Makes a Retry-After that was a date into seconds, by the server's own clock
 * where it told it, else by `now` (Unix time). */
void zuora__response_settle(zuora_response *response, double now);

#endif
