/* objects.c: userdata with a metatable, and how they are known again. */
#include "binding.h"

void zuora__push_made(lua_State *L)
{
  lua_rawgeti(L, lua_upvalueindex(1), 1);
}

void zuora__register(lua_State *L, const char *type, const luaL_Reg *functions,
                     const char *made, lua_CFunction collect)
{
  luaL_newmetatable(L, type);
  lua_newtable(L);
  for (; functions->name; functions++) {
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, functions->func, 1);
    lua_setfield(L, -2, functions->name);
  }
  lua_setfield(L, -2, "__index");
  if (collect) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, collect, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__gc");
    lua_setfield(L, -2, "__close");
  }
  if (made) {
    luaL_getmetatable(L, made);
    lua_rawseti(L, -2, 1);
  }
  lua_pushliteral(L, "private");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

/* What luaL_checkudata does, without looking for the metatable by name. */
void *zuora__check_self(lua_State *L, const char *type)
{
  void *box = lua_touserdata(L, 1);
  if (box && lua_getmetatable(L, 1)) {
    int ours = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (ours)
      return box;
  }
  return luaL_checkudata(L, 1, type);
}

void *zuora__check_made(lua_State *L, int index, const char *type)
{
  void *box = lua_touserdata(L, index);
  int top = lua_gettop(L), ours = 0;
  if (box && lua_getmetatable(L, index)) {
    zuora__push_made(L);
    ours = lua_rawequal(L, -1, -2);
  }
  lua_settop(L, top);
  return ours ? box : luaL_checkudata(L, index, type);
}
