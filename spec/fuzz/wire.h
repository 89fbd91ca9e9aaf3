/* wire.h: a server without a network: each socket that the core opens is one
 * end of a pair on which the answer lies ready. */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stddef.h>

enum { WIRE_MOST = 100000 }; /* bytes that a pair takes for sure */

/* What the sockets opened from now on bring before they end. Borrowed. */
void wire_answer(const void *data, size_t size);
/* Closes the far ends. */
void wire_close(void);
/* How many were opened since. */
int wire_count(void);

#endif
