/* host.c: a program that holds many Lua states, in threads and one after the
 * other.
 *
 *   zuora_host THREADS ROUNDS SCRIPT
 *
 * Each thread runs SCRIPT that often, each time in a state of its own, which
 * it closes. Leaves with 0 when no script raised. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { THREADS = 64 };

static const char *script;
static int rounds;

/* Returns NULL, or the argument when a round failed. */
static void *run(void *argument)
{
  int i;
  for (i = 0; i < rounds; i++) {
    lua_State *L = luaL_newstate();
    if (!L)
      return argument;
    luaL_openlibs(L);
    if (luaL_dofile(L, script)) {
      fprintf(stderr, "%s\n", lua_tostring(L, -1));
      lua_close(L);
      return argument;
    }
    lua_close(L);
  }
  return NULL;
}

int main(int argc, char **argv)
{
  pthread_t threads[THREADS];
  int count, i, failed = 0;
  if (argc != 4)
    return 2;
  count = atoi(argv[1]);
  rounds = atoi(argv[2]);
  script = argv[3];
  if (count < 1 || count > THREADS)
    return 2;
  for (i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, run, argv))
      return 2;
  for (i = 0; i < count; i++) {
    void *result = NULL;
    pthread_join(threads[i], &result);
    failed |= result != NULL;
  }
  return failed;
}
