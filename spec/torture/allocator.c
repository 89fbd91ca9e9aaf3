#include "allocator.h"

#include <stdlib.h>

allocator core_memory, lua_memory;

static int fails(allocator *a)
{
  long number;
  if (!a->armed)
    return 0;
  number = a->count++;
  if (a->point < 0 || number < a->point || (number > a->point && !a->on))
    return 0;
  a->hit = 1;
  return 1;
}

void *core_malloc(size_t size)
{
  void *block = fails(&core_memory) ? NULL : malloc(size ? size : 1);
  core_memory.live += block != NULL;
  return block;
}

void *core_realloc(void *block, size_t size)
{
  void *moved;
  if (fails(&core_memory))
    return NULL;
  moved = realloc(block, size ? size : 1);
  core_memory.live += moved && !block;
  return moved;
}

void core_free(void *block)
{
  core_memory.live -= block != NULL;
  free(block);
}

/* Lua counts on it that a block never fails to become smaller. */
void *lua_allocate(void *user, void *block, size_t old, size_t size)
{
  void *moved;
  (void)user;
  if (size == 0) {
    lua_memory.live -= block != NULL;
    free(block);
    return NULL;
  }
  if ((!block || size > old) && fails(&lua_memory))
    return NULL;
  moved = realloc(block, size);
  lua_memory.live += moved && !block;
  return moved;
}
