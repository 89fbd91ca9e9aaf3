/* allocator.h: allocators that count, and fail when they are told to. One for the
 * core and libcurl, one for Lua; of one thread. */
#ifndef TORTURE_ALLOCATOR_H
#define TORTURE_ALLOCATOR_H

#include <stddef.h>

typedef struct allocator {
  long live;  /* blocks */
  long count; /* allocations since the last point began */
  long point; /* the number of the one that fails, from 0; -1: none */
  int on;     /* whether all that follow it fail as well */
  int armed;  /* else nothing is counted and nothing fails */
  int hit;    /* whether something has failed */
} allocator;

extern allocator core_memory, lua_memory;

void *core_malloc(size_t size);
void *core_realloc(void *block, size_t size);
void core_free(void *block);

void *lua_allocate(void *user, void *block, size_t old, size_t size);

#endif
