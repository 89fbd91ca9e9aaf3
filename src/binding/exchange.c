/* exchange.c: one call in flight, for Lua. */
#include "binding.h"

static exchange_box *check_box(lua_State *L)
{
  return luaL_checkudata(L, 1, ZUORA_LUA_EXCHANGE);
}

static zuora_exchange *check(lua_State *L)
{
  exchange_box *box = check_box(L);
  if (!box->exchange)
    luaL_error(L, "the exchange was freed");
  return box->exchange;
}

/* engine:exchange(index, ...) -> exchange | failure */
int zuora__lua_exchange(lua_State *L)
{
  zuora_engine *engine = zuora__check_engine(L, 1);
  int index = (int)luaL_checkinteger(L, 2);
  zuora_value values[ZUORA_PARAMETERS];
  zuora_error error;
  exchange_box *box;
  size_t count;
  int fault;
  const zuora_operation *rows = zuora_operations(&count);
  luaL_argcheck(L, index >= 1 && (size_t)index <= count, 2,
                "no such operation");
  if (!engine)
    return zuora__push_misuse(L, "the client is closed");
  fault = zuora__read_values(L, 3, &rows[index - 1], values);
  if (fault)
    return fault;
  box = lua_newuserdata(L, sizeof *box);
  box->exchange = NULL;
  luaL_getmetatable(L, ZUORA_LUA_EXCHANGE);
  lua_setmetatable(L, -2);
  if (zuora_exchange_new(&box->exchange, engine, &rows[index - 1], values,
                         &error))
    return zuora__push_failure(L, &error);
  lua_insert(L, 3);
  if (lua_istable(L, -1)) {
    fault = zuora__add_pairs(L, box->exchange, &rows[index - 1]);
    if (fault)
      return fault;
  }
  lua_settop(L, 3);
  return 1;
}

/* exchange:submit(sign, delay) -> true | failure */
static int submit(lua_State *L)
{
  static const char *const signs[] = {"none", "token", "keys", "session", NULL};
  zuora_exchange *exchange = check(L);
  zuora_sign sign = (zuora_sign)luaL_checkoption(L, 2, "none", signs);
  double delay = (double)luaL_optnumber(L, 3, 0);
  zuora_error error;
  if (zuora_exchange_submit(exchange, sign, delay, &error))
    return zuora__push_failure(L, &error);
  lua_pushboolean(L, 1);
  return 1;
}

/* exchange:done() -> boolean */
static int done(lua_State *L)
{
  lua_pushboolean(L, zuora_exchange_done(check(L)));
  return 1;
}

/* exchange:sent() -> whether the request may have reached the server */
static int sent(lua_State *L)
{
  lua_pushboolean(L, zuora_exchange_sent(check(L)));
  return 1;
}

/* exchange:writes() -> whether it may change something */
static int writes(lua_State *L)
{
  lua_pushboolean(L, zuora_request_writes(zuora_exchange_request(check(L))));
  return 1;
}

/* exchange:names_entity() -> boolean */
static int names_entity(lua_State *L)
{
  lua_pushboolean(L,
                  zuora_request_names_entity(zuora_exchange_request(check(L))));
  return 1;
}

/* exchange:failure() -> kind, message; nothing when a whole answer came */
static int failure(lua_State *L)
{
  const zuora_error *error = zuora_exchange_error(check(L));
  if (error->code == ZUORA_OK)
    return 0;
  if (error->code == ZUORA_MEMORY)
    return luaL_error(L, "not enough memory");
  lua_pushstring(L, zuora_code_name(error->code));
  lua_pushstring(L, error->message);
  return 2;
}

/* exchange:status() -> integer, -1 when there was no answer */
static int status(lua_State *L)
{
  const zuora_response *response = zuora_exchange_response(check(L));
  lua_pushinteger(L, (lua_Integer)response->status);
  return 1;
}

/* exchange:head() -> table, see zuora_fields */
static int head(lua_State *L)
{
  zuora__push_response(L, zuora_exchange_response(check(L)));
  return 1;
}

/* exchange:body() -> string */
static int body(lua_State *L)
{
  size_t size;
  const char *data = zuora_exchange_body(check(L), &size);
  lua_pushlstring(L, data, size);
  return 1;
}

/* exchange:keep(secret) -> { expires_in =, scope = } | failure */
static int keep(lua_State *L)
{
  zuora_exchange *exchange = check(L);
  zuora_secret secret = zuora__check_secret(L, 2);
  zuora_grant grant;
  zuora_error error;
  if (zuora_exchange_keep(exchange, secret, &grant, &error))
    return zuora__push_failure(L, &error);
  lua_createtable(L, 0, 2);
  if (grant.expires_in >= 0) {
    lua_pushnumber(L, grant.expires_in);
    lua_setfield(L, -2, "expires_in");
  }
  lua_pushstring(L, grant.scope);
  lua_setfield(L, -2, "scope");
  return 1;
}

/* exchange:cancel() */
static int cancel(lua_State *L)
{
  zuora_exchange_cancel(check(L));
  return 0;
}

/* exchange:free(): now, not when the collector comes, which does not know how
 * much memory hangs on it. May be called twice. */
static int release(lua_State *L)
{
  exchange_box *box = check_box(L);
  zuora_exchange_free(box->exchange);
  box->exchange = NULL;
  return 0;
}

static const luaL_Reg functions[] = {{"submit", submit},
                                     {"done", done},
                                     {"sent", sent},
                                     {"writes", writes},
                                     {"names_entity", names_entity},
                                     {"failure", failure},
                                     {"status", status},
                                     {"head", head},
                                     {"body", body},
                                     {"keep", keep},
                                     {"cancel", cancel},
                                     {"free", release},
                                     {NULL, NULL}};

void zuora__register_exchange(lua_State *L)
{
  zuora__register(L, ZUORA_LUA_EXCHANGE, functions, release);
}
