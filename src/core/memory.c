/* memory.c: the functions that memory comes from, the program's or libc's. */
#include "memory.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *(*allocate)(size_t) = malloc;
static void *(*resize)(void *, size_t) = realloc;
static void (*release)(void *) = free;

void zuora_memory_hooks(void *(*malloc_hook)(size_t),
                        void *(*realloc_hook)(void *, size_t),
                        void (*free_hook)(void *))
{
  allocate = malloc_hook;
  resize = realloc_hook;
  release = free_hook;
}

int zuora__memory_is_hooked(void)
{
  return allocate != malloc;
}

int zuora__once(int *done, int (*start)(void))
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  int result;
  pthread_mutex_lock(&lock);
  if (!*done)
    *done = start();
  result = *done;
  pthread_mutex_unlock(&lock);
  return result;
}

void *zuora__malloc(size_t size)
{
  return allocate(size);
}

void *zuora__calloc(size_t count, size_t size)
{
  void *block;
  if (size && count > SIZE_MAX / size)
    return NULL;
  block = allocate(count * size);
  return block ? memset(block, 0, count * size) : NULL;
}

void *zuora__realloc(void *block, size_t size)
{
  return resize(block, size);
}

void zuora__free(void *block)
{
  release(block);
}

char *zuora__strdup(const char *string)
{
  size_t size = strlen(string) + 1;
  char *copy = allocate(size);
  return copy ? memcpy(copy, string, size) : NULL;
}
