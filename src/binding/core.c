/* core.c: the module zuora.core and its engines. */
#include <string.h>
#include <unistd.h>

#include "binding.h"

#if defined(__GNUC__)
#define ZUORA_EXPORT __attribute__((visibility("default")))
#else
#define ZUORA_EXPORT
#endif

ZUORA_EXPORT int luaopen_zuora_core(lua_State *L);

static engine_box *check_box(lua_State *L)
{
  return zuora__check_self(L, ZUORA_LUA_ENGINE);
}

zuora_secret zuora__check_secret(lua_State *L, int index)
{
  const char *name = luaL_checkstring(L, index);
  int i;
  for (i = ZUORA_NO_SECRET + 1; i < ZUORA_SECRET_COUNT; i++)
    if (!strcmp(name, zuora_secret_name((zuora_secret)i)))
      return (zuora_secret)i;
  luaL_argerror(L, index, "no such secret");
  return ZUORA_NO_SECRET;
}

/* The engine of a method that cannot go without. */
static zuora_engine *check_open(lua_State *L)
{
  zuora_engine *engine = check_box(L)->engine;
  if (!engine)
    luaL_error(L, "the client is closed");
  return engine;
}

/* ---- making ------------------------------------------------------------- */

/* A field of the options at index 1, or NULL. It stays anchored in them. */
static const char *string_option(lua_State *L, const char *name)
{
  const char *value;
  size_t size;
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "%s must be a string, not a %s", name, luaL_typename(L, -1));
  value = lua_tolstring(L, -1, &size);
  if (value && memchr(value, '\0', size))
    luaL_error(L, "%s may not hold a NUL byte", name);
  lua_pop(L, 1);
  return value;
}

static double number_option(lua_State *L, const char *name, double otherwise)
{
  const double most = 1e9; /* seconds, bytes, calls: fits an int */
  double value = otherwise;
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      luaL_error(L, "%s must be a number, not a %s", name,
                 luaL_typename(L, -1));
    value = (double)lua_tonumber(L, -1);
    if (!(value > 0 && value <= most))
      luaL_error(L, "%s must be more than 0 and at most %f", name, most);
  }
  lua_pop(L, 1);
  return value;
}

static int boolean_option(lua_State *L, const char *name)
{
  int value;
  lua_getfield(L, 1, name);
  value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

/* core.engine(options) -> engine | failure */
static int new_engine(lua_State *L)
{
  zuora_engine_options o;
  zuora_error error;
  engine_box *box;
  luaL_checktype(L, 1, LUA_TTABLE);
  zuora_engine_options_init(&o);
  o.base_url = string_option(L, "base_url");
  luaL_argcheck(L, o.base_url != NULL, 1, "base_url is required");
  o.user_agent = string_option(L, "user_agent");
  o.ca_file = string_option(L, "ca_file");
  o.proxy = string_option(L, "proxy");
  o.connect_timeout = number_option(L, "connect_timeout", o.connect_timeout);
  o.timeout = number_option(L, "timeout", o.timeout);
  o.max_body = (size_t)number_option(L, "max_body", (double)o.max_body);
  o.max_concurrency =
      (int)number_option(L, "max_concurrency", o.max_concurrency);
  o.allow_insecure = boolean_option(L, "allow_insecure");
  o.timings = boolean_option(L, "timings");
  box = lua_newuserdata(L, sizeof *box);
  box->engine = NULL;
  luaL_getmetatable(L, ZUORA_LUA_ENGINE);
  lua_setmetatable(L, -2);
  if (zuora_engine_new(&box->engine, &o, &error))
    return zuora__push_failure(L, &error);
  return 1;
}

/* ---- methods ------------------------------------------------------------ */

/* engine:close(): may be called twice. */
static int close_engine(lua_State *L)
{
  engine_box *box = check_box(L);
  zuora_engine *engine = box->engine;
  box->engine = NULL;
  zuora_engine_free(engine);
  return 0;
}

/* engine:closed() -> boolean */
static int is_closed(lua_State *L)
{
  lua_pushboolean(L, !check_box(L)->engine);
  return 1;
}

/* Wherever Lua takes memory, a finalizer may close the engine: it is looked for
 * behind that, and what belongs to it is copied before. */

/* Longer than any secret and any base URL. */
enum { COPIED = 8192 + 1 };

/* [0, +1] */
static void push_copy(lua_State *L, const char *data, size_t size)
{
  char copy[COPIED];
  if (size > sizeof copy)
    luaL_error(L, "it is too long");
  memcpy(copy, data, size);
  lua_pushlstring(L, copy, size);
}

/* engine:set_secret(name, value | nil) -> true | failure */
static int set_secret(lua_State *L)
{
  zuora_secret secret = zuora__check_secret(L, 2);
  size_t size;
  const char *value = luaL_optlstring(L, 3, "", &size);
  zuora_error error;
  if (zuora_engine_set_secret(check_open(L), secret, value, size, &error))
    return zuora__push_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* engine:secret(name) -> its value, for a store that the program gave, or nil */
static int get_secret(lua_State *L)
{
  zuora_secret secret = zuora__check_secret(L, 2);
  size_t size;
  const char *value = zuora_engine_secret(check_open(L), secret, &size);
  if (!value)
    return 0;
  push_copy(L, value, size);
  return 1;
}

/* engine:set_default(parameter, value) -> true | failure */
static int set_default(lua_State *L)
{
  size_t size;
  const char *name = luaL_checkstring(L, 2);
  const char *value = luaL_checklstring(L, 3, &size);
  zuora_error error;
  if (zuora_engine_set_default(check_open(L), name, value, size, &error))
    return zuora__push_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* engine:redact(text) -> the text without the engine's secrets; "****" once it
 * is closed, for then nobody knows them any more */
static int redact(lua_State *L)
{
  engine_box *box = check_box(L);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  char *copy = lua_newuserdata(L, size + 1);
  if (!box->engine) {
    lua_pushliteral(L, "****");
    return 1;
  }
  memcpy(copy, text, size);
  zuora_engine_redact(box->engine, copy, size);
  lua_pushlstring(L, copy, size);
  return 1;
}

/* engine:step(seconds) -> how many exchanges ended */
static int step(lua_State *L)
{
  int ended;
  zuora_engine *engine = check_open(L);
  if (zuora_engine_step(&ended, engine, (double)luaL_optnumber(L, 2, 0)))
    return luaL_error(L, "not enough memory");
  lua_pushinteger(L, ended);
  return 1;
}

/* engine:ended() -> the id of an exchange that ended since this was last
 * asked, in the order of their ends; nil when there is none */
static int ended(lua_State *L)
{
  unsigned long id = zuora_engine_ended(check_open(L));
  if (!id)
    return 0;
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}

/* engine:fd() -> descriptor, -1 when there is none yet */
static int descriptor(lua_State *L)
{
  lua_pushinteger(L, zuora_engine_fd(check_open(L)));
  return 1;
}

/* engine:timeout() -> seconds, -1 for ever */
static int timeout(lua_State *L)
{
  lua_pushnumber(L, zuora_engine_timeout(check_open(L)));
  return 1;
}

/* engine:busy() -> exchanges in flight or waiting */
static int busy(lua_State *L)
{
  lua_pushinteger(L, zuora_engine_busy(check_open(L)));
  return 1;
}

/* engine:cancel(): ends all that is in flight. */
static int cancel(lua_State *L)
{
  zuora_engine_cancel(check_open(L));
  return 0;
}

/* engine:base_url() -> string */
static int base_url(lua_State *L)
{
  const char *url = zuora_engine_base_url(check_open(L));
  push_copy(L, url, strlen(url));
  return 1;
}

static const luaL_Reg functions[] = {{"exchange", zuora__lua_exchange},
                                     {"send", zuora__lua_send},
                                     {"set_secret", set_secret},
                                     {"secret", get_secret},
                                     {"set_default", set_default},
                                     {"redact", redact},
                                     {"step", step},
                                     {"ended", ended},
                                     {"fd", descriptor},
                                     {"timeout", timeout},
                                     {"busy", busy},
                                     {"cancel", cancel},
                                     {"base_url", base_url},
                                     {"closed", is_closed},
                                     {"close", close_engine},
                                     {NULL, NULL}};

/* core.clock() -> seconds on a clock that only goes forward */
static int read_clock(lua_State *L)
{
  lua_pushnumber(L, zuora_clock());
  return 1;
}

/* core.chance() -> a random number from 0 to 1 */
static int chance(lua_State *L)
{
  lua_pushnumber(L, zuora_chance());
  return 1;
}

/* core.uuid() -> a random UUID */
static int uuid(lua_State *L)
{
  char text[37];
  zuora_uuid(text);
  lua_pushstring(L, text);
  return 1;
}

/* core.is_terminal(fd) -> whether that descriptor is a terminal */
static int is_terminal(lua_State *L)
{
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

static void set_function(lua_State *L, const char *name, lua_CFunction f)
{
  lua_pushcfunction(L, f);
  lua_setfield(L, -2, name);
}

/* How exchange:submit is told to sign, by name. */
static void push_signs(lua_State *L)
{
  static const char *const names[] = {"none", "token", "keys", "session"};
  int i;
  lua_createtable(L, 0, 4);
  for (i = ZUORA_SIGN_NONE; i <= ZUORA_SIGN_SESSION; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, names[i]);
  }
}

int luaopen_zuora_core(lua_State *L)
{
  zuora__register_exchange(L);
  zuora__register(L, ZUORA_LUA_ENGINE, functions, ZUORA_LUA_EXCHANGE,
                  close_engine);
  lua_createtable(L, 0, 8);
  lua_pushliteral(L, ZUORA_VERSION);
  lua_setfield(L, -2, "version");
  zuora__push_operations(L);
  lua_setfield(L, -2, "operations");
  zuora__push_rules(L);
  lua_setfield(L, -2, "rules");
  push_signs(L);
  lua_setfield(L, -2, "sign");
  set_function(L, "engine", new_engine);
  set_function(L, "clock", read_clock);
  set_function(L, "chance", chance);
  set_function(L, "uuid", uuid);
  set_function(L, "is_terminal", is_terminal);
  set_function(L, "quote_numbers", zuora__lua_quote_numbers);
  return 1;
}
