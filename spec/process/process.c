/* process.c: the Lua module zuora_process, what specs of the process around
 * the library need of POSIX and Lua does not have. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

__attribute__((visibility("default"))) int luaopen_zuora_process(lua_State *L);

/* fork() -> 0 in the child, its id in the parent */
static int do_fork(lua_State *L)
{
  pid_t id;
  fflush(NULL);
  id = fork();
  if (id < 0)
    return luaL_error(L, "fork: %s", strerror(errno));
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* leave(code): ends the process without any cleaning up. */
static int leave(lua_State *L)
{
  _exit((int)luaL_checkinteger(L, 1));
}

/* wait(id) -> exit code, or 128 + the signal that ended it. At most half a
 * minute: then it is killed. */
static int wait_for(lua_State *L)
{
  pid_t id = (pid_t)luaL_checkinteger(L, 1);
  const struct timespec pause = {0, 10000000};
  int status = 0, i;
  for (i = 0; i < 3000 && waitpid(id, &status, WNOHANG) == 0; i++)
    nanosleep(&pause, NULL);
  if (i == 3000) {
    kill(id, SIGKILL);
    waitpid(id, &status, 0);
  }
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status)
                                       : 128 + WTERMSIG(status));
  return 1;
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
  (void)number;
  caught++;
}

/* storm(microseconds): a signal as often as that, without SA_RESTART; 0 ends
 * it. Returns how many came. */
static int storm(lua_State *L)
{
  struct sigaction action;
  struct itimerval every;
  memset(&action, 0, sizeof action);
  memset(&every, 0, sizeof every);
  action.sa_handler = on_signal;
  sigaction(SIGALRM, &action, NULL);
  every.it_interval.tv_usec = (suseconds_t)luaL_checkinteger(L, 1);
  every.it_value = every.it_interval;
  setitimer(ITIMER_REAL, &every, NULL);
  lua_pushinteger(L, (lua_Integer)caught);
  return 1;
}

/* fragile(): a broken pipe ends the process, whatever its parent set. */
static int fragile(lua_State *L)
{
  (void)L;
  signal(SIGPIPE, SIG_DFL);
  return 0;
}

/* limit("files" | "memory", n): bytes or the highest descriptor, soft. */
static int set_limit(lua_State *L)
{
  static const char *const names[] = {"files", "memory", NULL};
  int which = luaL_checkoption(L, 1, NULL, names) ? RLIMIT_AS : RLIMIT_NOFILE;
  struct rlimit limit;
  getrlimit((__rlimit_resource_t)which, &limit);
  lua_pushnumber(L, (lua_Number)limit.rlim_cur);
  limit.rlim_cur = (rlim_t)luaL_checknumber(L, 2);
  if (limit.rlim_cur > limit.rlim_max)
    limit.rlim_cur = limit.rlim_max;
  if (setrlimit((__rlimit_resource_t)which, &limit))
    return luaL_error(L, "setrlimit: %s", strerror(errno));
  return 1;
}

/* take() -> a descriptor, or nil when there is none; give(descriptor) */
static int take(lua_State *L)
{
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  lua_pushinteger(L, fd);
  return 1;
}

static int give(lua_State *L)
{
  close((int)luaL_checkinteger(L, 1));
  return 0;
}

/* cpu() -> seconds of processor time used */
static int cpu(lua_State *L)
{
  lua_pushnumber(L, (lua_Number)clock() / CLOCKS_PER_SEC);
  return 1;
}

int luaopen_zuora_process(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"fork", do_fork}, {"leave", leave},     {"wait", wait_for},
      {"storm", storm},  {"fragile", fragile}, {"limit", set_limit},
      {"take", take},    {"give", give},       {"cpu", cpu},
      {NULL, NULL}};
  const luaL_Reg *f;
  lua_newtable(L);
  for (f = functions; f->name; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
