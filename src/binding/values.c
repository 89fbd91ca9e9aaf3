/* values.c: the arguments of a Lua call, read by the core's descriptors. */
#include <stdio.h>
#include <string.h>

#include "binding.h"

int zuora__push_failure(lua_State *L, const zuora_error *error)
{
  if (error->code == ZUORA_MEMORY)
    return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushstring(L, zuora_code_name(error->code));
  lua_pushstring(L, error->message);
  if (error->parameter)
    lua_pushstring(L, error->parameter);
  else
    lua_pushnil(L);
  return 4;
}

int zuora__push_misuse(lua_State *L, const char *message)
{
  lua_pushnil(L);
  lua_pushliteral(L, "misuse");
  lua_pushstring(L, message);
  return 3;
}

/* Pushes nil, "misuse", "must be a string, not a table", name. */
static int push_type_fault(lua_State *L, const char *name, const char *wanted,
                           int type)
{
  lua_pushnil(L);
  lua_pushliteral(L, "misuse");
  lua_pushfstring(L, "must be a %s, not %s%s", wanted,
                  type == LUA_TNIL ? "" : "a ", lua_typename(L, type));
  lua_pushstring(L, name);
  return 4;
}

/* Not every reader of a table sees what comes from its metatable. */
static int push_metatable_fault(lua_State *L, const char *name)
{
  lua_pushnil(L);
  lua_pushliteral(L, "misuse");
  lua_pushliteral(L, "must be a plain table, without a metatable");
  lua_pushstring(L, name);
  return 4;
}

/* Reads the value at the top. 0, or what push_type_fault returns. */
static int read_value(lua_State *L, const zuora_parameter *p,
                      zuora_value *value)
{
  int type = lua_type(L, -1);
  value->present = 1;
  switch (p->kind) {
  case ZUORA_STRING:
    if (type != LUA_TSTRING)
      return push_type_fault(L, p->name, "string", type);
    value->data = lua_tolstring(L, -1, &value->size);
    return 0;
  case ZUORA_INTEGER:
  case ZUORA_NUMBER:
    if (type != LUA_TNUMBER)
      return push_type_fault(L, p->name, "number", type);
    value->number = (double)lua_tonumber(L, -1);
    return 0;
  case ZUORA_BOOLEAN:
    if (type != LUA_TBOOLEAN)
      return push_type_fault(L, p->name, "boolean", type);
    value->number = lua_toboolean(L, -1);
    return 0;
  default:
    if (type != LUA_TTABLE)
      return push_type_fault(L, p->name, "table", type);
    return 0;
  }
}

/* The option's place among the parameters; -1 when it is not one. */
static int find_option(const zuora_operation *operation, const char *name,
                       size_t size)
{
  int i;
  if (strlen(name) != size)
    return -1;
  for (i = 0; operation->parameters[i]; i++)
    if (!(operation->parameters[i]->flags & ZUORA_POSITIONAL) &&
        !strcmp(operation->parameters[i]->name, name))
      return i;
  return -1;
}

/* Reads the options table at `index`; its strings stay anchored in it. */
static int read_options(lua_State *L, int index,
                        const zuora_operation *operation, zuora_value *values)
{
  if (lua_getmetatable(L, index))
    return push_metatable_fault(L, "options");
  lua_pushnil(L);
  while (lua_next(L, index)) {
    int i, fault;
    size_t size;
    const char *name;
    if (lua_type(L, -2) != LUA_TSTRING)
      return push_type_fault(L, "the name of an option", "string",
                             lua_type(L, -2));
    name = lua_tolstring(L, -2, &size);
    i = find_option(operation, name, size);
    if (i < 0) {
      lua_pushnil(L);
      lua_pushliteral(L, "option");
      lua_pushliteral(L, "is not an option");
      lua_pushvalue(L, -5);
      return 4;
    }
    fault = read_value(L, operation->parameters[i], &values[i]);
    if (fault)
      return fault;
    lua_pop(L, 1);
  }
  return 0;
}

int zuora__read_values(lua_State *L, int first,
                       const zuora_operation *operation, zuora_value *values)
{
  int i, fault, index = first;
  memset(values, 0, sizeof *values * ZUORA_PARAMETERS);
  for (i = 0; operation->parameters[i]; i++, index++) {
    const zuora_parameter *p = operation->parameters[i];
    if (!(p->flags & ZUORA_POSITIONAL))
      break;
    if (lua_isnoneornil(L, index))
      continue;
    lua_pushvalue(L, index);
    fault = read_value(L, p, &values[i]);
    if (fault)
      return fault;
    lua_pop(L, 1);
  }
  for (i = lua_gettop(L); i > index; i--)
    if (!lua_isnil(L, i))
      return zuora__push_misuse(L, "takes no arguments after the options");
  lua_settop(L, index);
  if (lua_isnil(L, index))
    return 0;
  if (!lua_istable(L, index))
    return push_type_fault(L, "options", "table", lua_type(L, index));
  return read_options(L, index, operation, values);
}

/* A number as text, with all of its digits where it is whole. */
static void write_number(lua_State *L, char digits[32])
{
  const double exact = 9007199254740992.0;
  double number = (double)lua_tonumber(L, -1);
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, -1))
    snprintf(digits, 32, "%lld", (long long)lua_tointeger(L, -1));
  else
#endif
    snprintf(digits, 32,
             number > -exact && number < exact &&
                     number == (double)(long long)number
                 ? "%.0f"
                 : "%.14g",
             number);
}

/* Makes the value at the top into text, `digits` serving for numbers. */
static int read_text(lua_State *L, const char *name, char digits[32],
                     zuora_value *value)
{
  memset(value, 0, sizeof *value);
  value->present = 1;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    value->data = lua_tolstring(L, -1, &value->size);
    return 0;
  case LUA_TNUMBER:
    write_number(L, digits);
    break;
  case LUA_TBOOLEAN:
    strcpy(digits, lua_toboolean(L, -1) ? "true" : "false");
    break;
  default:
    return push_type_fault(L, name, "table of strings", lua_type(L, -1));
  }
  value->data = digits;
  value->size = strlen(digits);
  return 0;
}

/* One table of pairs, at the top. */
static int add_table(lua_State *L, zuora_exchange *exchange,
                     const zuora_parameter *p)
{
  zuora_value name, value;
  zuora_error error;
  char digits[32];
  int fault;
  if (lua_getmetatable(L, -1))
    return push_metatable_fault(L, p->name);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      return push_type_fault(L, p->name, "table with string keys",
                             lua_type(L, -2));
    memset(&name, 0, sizeof name);
    name.data = lua_tolstring(L, -2, &name.size);
    fault = read_text(L, p->name, digits, &value);
    if (fault)
      return fault;
    if (zuora_exchange_add(exchange, p, &name, &value, &error))
      return zuora__push_failure(L, &error);
    lua_pop(L, 1);
  }
  return 0;
}

int zuora__add_pairs(lua_State *L, zuora_exchange *exchange,
                     const zuora_operation *operation)
{
  int i, fault, options = lua_gettop(L);
  for (i = 0; operation->parameters[i]; i++) {
    const zuora_parameter *p = operation->parameters[i];
    if (p->kind != ZUORA_PAIRS)
      continue;
    lua_getfield(L, options, p->name);
    if (!lua_isnil(L, -1)) {
      fault = add_table(L, exchange, p);
      if (fault)
        return fault;
    }
    lua_settop(L, options);
  }
  return 0;
}
