/* torture [every]: runs a scenario over and over, each time failing another
 * allocation, until one passes with none hit; TAP, a test a sweep. With a
 * number, only every so manieth allocation fails.
 *
 * Not in these hands: what OpenSSL, the resolver and lua-cjson's own buffers
 * take (they call malloc themselves, or end the process). */
#include <curl/curl.h>
#include <dlfcn.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allocator.h"
#include "server.h"
#include "zuora.h"

int luaopen_zuora_core(lua_State *L);

enum { PATIENCE = 12 }; /* seconds for a point, after which it hangs */

typedef struct sweep {
  const char *name;
  allocator *memory;
  int on;         /* all from the point on to the end of the step */
  int first_step; /* those before it run with memory */
  int last_step;  /* 0: to the end */
} sweep;

static int port;
static char where[256]; /* for the one who has to say so */
static size_t where_size;

static void die(int signal_number)
{
  static const char what[] = "# crashed or hung at ";
  (void)!write(STDOUT_FILENO, what, sizeof what - 1);
  (void)!write(STDOUT_FILENO, where, where_size);
  signal(signal_number, SIG_DFL);
  _exit(1);
}

static void say_where(const sweep *s, long point, const char *step)
{
  int n = snprintf(where, sizeof where, "%s, point %ld, step %s\n", s->name,
                   point, step);
  where_size = n < (int)sizeof where ? (size_t)n : sizeof where - 1;
}

static int fail(const sweep *s, long point, const char *step, const char *why)
{
  printf("# %s, point %ld, step %s: %s\n", s->name, point, step, why);
  return 0;
}

/* ---- Lua ---------------------------------------------------------------- */

static int count_changes(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)server_changes());
  return 1;
}

static int open_core(lua_State *L)
{
  return luaopen_zuora_core(L);
}

static int load(lua_State *L)
{
  if (luaL_loadfile(L, "spec/torture/scenario.lua"))
    return lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

/* lua-cjson loses its buffer where Lua's memory fails in the middle of a text.
 * Its leaks are named here; for that it has to stay where it is. */
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
  return "leak:cjson\n";
}

static void keep_cjson(lua_State *L)
{
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchpath");
  if (lua_isfunction(L, -1)) {
    lua_pushliteral(L, "cjson");
    lua_getfield(L, -3, "cpath");
    if (!lua_pcall(L, 2, 1, 0) && lua_isstring(L, -1))
      dlopen(lua_tostring(L, -1), RTLD_NOW | RTLD_NODELETE);
  }
  lua_settop(L, 0);
}

/* Libraries, the module's own C part where `require` finds it. */
static lua_State *open_state(void)
{
  lua_State *L = lua_newstate(lua_allocate, NULL);
  if (!L)
    return NULL;
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open_core);
  lua_setfield(L, -2, "zuora.core");
  lua_settop(L, 0);
  /* LuaJIT does not survive it where compiled code is left for want of memory.
   * Lua 5.4 keeps the metatable of its large buffers also where it could not
   * be finished, and fails ever after: it is made now. */
  if (luaL_dostring(L, "if jit then jit.off() end return #('x'):rep(100000)") ||
      luaL_dostring(L, "package.path = 'lua/?.lua;lua/?/init.lua;' .. "
                       "package.path"))
    return NULL;
  lua_settop(L, 0);
  keep_cjson(L);
  return L;
}

/* ---- one point ---------------------------------------------------------- */

/* Leaves the scenario at index 1. */
static int load_scenario(lua_State *L, const sweep *s, long point)
{
  say_where(s, point, "load");
  lua_pushcfunction(L, load);
  if (lua_pcall(L, 0, 1, 0))
    return fail(s, point, "load", lua_tostring(L, -1));
  lua_getfield(L, 1, "begin");
  lua_pushinteger(L, port);
  lua_pushcfunction(L, count_changes);
  lua_call(L, 2, 0);
  return 1;
}

/* Runs the step at the top, judges it. [-1, +0] */
static int run_once(lua_State *L, const sweep *s, long point, int armed,
                    int *done)
{
  int top = lua_gettop(L), ok;
  const char *name;
  lua_getfield(L, top, "name");
  name = lua_tostring(L, -1);
  say_where(s, point, name);
  lua_getfield(L, 1, "judge");
  lua_pushboolean(L, !armed);
  lua_getfield(L, top, "run");
  s->memory->armed = armed;
  ok = !lua_pcall(L, 0, 2, 0);
  s->memory->armed = 0;
  if (!ok)
    lua_pushnil(L);
  lua_pushboolean(L, ok);
  lua_insert(L, -3);
  if (lua_pcall(L, 4, 2, 0))
    return fail(s, point, name, lua_tostring(L, -1));
  *done = lua_toboolean(L, -1);
  if (lua_isstring(L, -2))
    return fail(s, point, name, lua_tostring(L, -2));
  lua_settop(L, top - 1);
  return 1;
}

static int run_steps(lua_State *L, const sweep *s, long point)
{
  int i, done;
  lua_getfield(L, 1, "steps");
  for (i = 1;; i++) {
    int armed = i >= s->first_step && (!s->last_step || i <= s->last_step);
    lua_rawgeti(L, 2, i);
    if (lua_isnil(L, -1))
      return 1;
    lua_pushvalue(L, -1);
    if (!run_once(L, s, point, armed, &done) ||
        (!done && !run_once(L, s, point, 0, &done)))
      return 0;
    lua_settop(L, 2);
  }
}

/* What hangs on the state is gone with it; what libcurl keeps for the whole
 * process is there from the first run on, whose count is `kept`. */
static int run_point(const sweep *s, long point, long kept)
{
  lua_State *L;
  int ok;
  alarm(PATIENCE);
  s->memory->point = point;
  s->memory->count = s->memory->hit = 0;
  s->memory->on = s->on;
  L = open_state();
  if (!L)
    return fail(s, point, "start", "no memory");
  ok = load_scenario(L, s, point) && run_steps(L, s, point);
  say_where(s, point, "the end");
  lua_close(L);
  alarm(0);
  if (ok && lua_memory.live != 0)
    return fail(s, point, "the end", "blocks of Lua are left");
  if (ok && kept >= 0 && core_memory.live != kept) {
    printf("# %ld blocks of C\n", core_memory.live - kept);
    return fail(s, point, "the end", "blocks of C are left");
  }
  return ok;
}

/* ---- sweeps ------------------------------------------------------------- */

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In a process of its own, where nothing has been started yet; -1 when it
 * failed, else whether memory was hit. */
static int run_apart(const sweep *s, long point)
{
  int status;
  pid_t pid;
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    int ok = run_point(s, point, -1);
    curl_global_cleanup();
    if (ok && core_memory.live != 0)
      ok = fail(s, point, "the end", "blocks of C are left");
    fflush(stdout);
    _exit(!ok ? 1 : s->memory->hit ? 2 : 0);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
    return -1;
  return WEXITSTATUS(status) == 2 ? 1 : WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int run_here(const sweep *s, long point, long kept)
{
  return run_point(s, point, kept) ? s->memory->hit : -1;
}

static int run_sweep(const sweep *s, int number, int every, int apart,
                     long kept)
{
  double began = now();
  long point = 0, points = 0;
  int hit = 1;
  while (hit > 0) {
    hit = apart ? run_apart(s, point) : run_here(s, point, kept);
    point += every;
    points += hit != 0;
  }
  printf("%s %d - %s: %ld points\n# %.1f s\n", hit ? "not ok" : "ok", number,
         s->name, points, now() - began);
  fflush(stdout);
  return hit == 0;
}

static const sweep first = {"the first call of a process, C, one failure",
                            &core_memory, 0, 1, 4};

static const sweep sweeps[] = {
    {"C, one failure", &core_memory, 0, 1, 0},
    {"C, failing to the end of the step", &core_memory, 1, 1, 0},
    {"Lua, one failure", &lua_memory, 0, 1, 0},
    {"Lua, failing to the end of the step", &lua_memory, 1, 1, 0}};

enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

int main(int count, char **arguments)
{
  int every = count > 1 ? atoi(arguments[1]) : 1, i, ok;
  long kept;
  if (every < 1)
    return 2;
  port = server_start();
  if (!port)
    return 2;
  signal(SIGALRM, die);
  signal(SIGPIPE, SIG_IGN);
  zuora_memory_hooks(core_malloc, core_realloc, core_free);
  printf("1..%d\n", SWEEPS + 1);
  ok = run_sweep(&first, 1, every, 1, 0);
  if (!run_point(&first, -1, -1))
    return 1;
  kept = core_memory.live;
  printf("# libcurl keeps %ld blocks for the process\n", kept);
  for (i = 0; i < SWEEPS; i++)
    ok &= run_sweep(&sweeps[i], i + 2, every, 0, kept);
  curl_global_cleanup();
  if (core_memory.live != 0)
    printf("# %ld blocks of C are left\n", core_memory.live);
  return ok && core_memory.live == 0 ? 0 : 1;
}
