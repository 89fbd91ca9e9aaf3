/* memory.h: where all of the core's memory comes from. Private. */
#ifndef ZUORA_MEMORY_H
#define ZUORA_MEMORY_H

#include "zuora.h"

void *zuora__malloc(size_t size);
void *zuora__calloc(size_t count, size_t size);
void *zuora__realloc(void *block, size_t size);
void zuora__free(void *block);
char *zuora__strdup(const char *string);

/* Calls `start`, under a lock, until it has returned 1, which `done` is set to:
 * what failed for want of memory is tried again. Returns whether it has. */
int zuora__once(int *done, int (*start)(void));

/* Whether the program has given functions of its own. */
int zuora__memory_is_hooked(void);

#endif
