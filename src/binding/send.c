/* send.c: exchanges from their making on, as their engine has to do with them.
 */
#include "binding.h"

/* The box for a new exchange goes below the values, at index 3: a spare one
 * that was handed in, or a fresh one. */
static exchange_box *take_box(lua_State *L)
{
  exchange_box *box;
  if (!lua_isnil(L, 3)) {
    box = zuora__check_made(L, 3, ZUORA_LUA_EXCHANGE);
    luaL_argcheck(L, !box->exchange, 3, "the exchange is not freed");
    return box;
  }
  box = lua_newuserdata(L, sizeof *box);
  box->exchange = NULL;
  zuora__push_made(L);
  lua_setmetatable(L, -2);
  lua_replace(L, 3);
  return box;
}

/* Whether one of the values steers the call. */
static int steers(const zuora_operation *row, const zuora_value *values)
{
  int i;
  for (i = 0; row->parameters[i]; i++)
    if (values[i].present && row->parameters[i]->place == ZUORA_IN_CALL)
      return 1;
  return 0;
}

/* Builds an exchange of the engine and the values at 1 to 3 and from `first`
 * on; a plain one is not steered. Returns 1, the box on top at index 3, or
 * pushes a failure or, where it would not be plain, nothing. */
static int build(lua_State *L, int first, int plain)
{
  engine_box *self = zuora__check_self(L, ZUORA_LUA_ENGINE);
  size_t index = (size_t)luaL_checkinteger(L, 2), count;
  const zuora_operation *rows = zuora_operations(&count), *row;
  zuora_value values[ZUORA_PARAMETERS];
  zuora_error error;
  exchange_box *box;
  int fault;
  luaL_argcheck(L, index - 1 < count, 2, "no such operation");
  row = &rows[index - 1];
  luaL_checkany(L, 3);
  fault = zuora__read_values(L, first, row, values);
  if (fault)
    return fault;
  if (plain && lua_istable(L, -1) && steers(row, values))
    return 0;
  box = take_box(L);
  if (!self->engine) /* also when a finalizer closed it just now */
    return zuora__push_misuse(L, "the client is closed");
  if (zuora_exchange_new(&box->exchange, self->engine, row, values, &error))
    return zuora__push_failure(L, &error);
  if (lua_istable(L, -1)) {
    fault = zuora__add_pairs(L, box->exchange, row);
    if (fault) {
      zuora_exchange_free(box->exchange);
      box->exchange = NULL;
      return fault;
    }
  }
  lua_settop(L, 3);
  return 1;
}

/* engine:exchange(index, spare, ...) -> exchange | failure
 *
 * index: of the operation; spare: a freed exchange to be used again, or nil;
 * then what the operation takes. */
int zuora__lua_exchange(lua_State *L)
{
  return build(L, 4, 0);
}

/* engine:send(index, spare, sign, limit, ...) -> exchange, its id
 *
 * engine:exchange and exchange:submit in one. Nothing is returned and nothing
 * sent where one of them fails, which itself tells why, or where a value steers
 * the call: that is not done here. */
int zuora__lua_send(lua_State *L)
{
  zuora_sign sign = zuora__check_sign(L, 4);
  double limit = (double)luaL_checknumber(L, 5);
  zuora_error error;
  exchange_box *box;
  if (build(L, 6, 1) != 1)
    return 0;
  box = lua_touserdata(L, 3);
  if (zuora_exchange_submit(box->exchange, sign, 0, limit, &error)) {
    zuora_exchange_free(box->exchange);
    box->exchange = NULL;
    return 0;
  }
  lua_pushnumber(L, (lua_Number)zuora_exchange_id(box->exchange));
  return 2;
}
