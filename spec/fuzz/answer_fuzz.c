/* Answers through the whole of it, Lua included: first byte, which call; then
 * the status, further header lines, the body. What is checked is in
 * answer.lua. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "wire.h"

int luaopen_zuora_core(lua_State *L);

static lua_State *open_state(void)
{
  lua_State *L = luaL_newstate();
  CHECK(L);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_zuora_core);
  lua_setfield(L, -2, "zuora.core");
  lua_settop(L, 0);
  if (luaL_dostring(L, "package.path = 'lua/?.lua;lua/?/init.lua;' .. "
                       "package.path") ||
      luaL_dofile(L, "spec/fuzz/answer.lua")) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  return L;
}

static size_t write_answer(char *out, size_t capacity, input *in)
{
  size_t size;
  const char *status = take_string(in), *lines = take_string(in);
  const char *body = take_field(in, &size);
  int head = snprintf(out, capacity,
                      "HTTP/1.1 %.40s\r\n%s%sContent-Length: %lu\r\n\r\n",
                      status, lines, *lines ? "\r\n" : "", (unsigned long)size);
  if (head < 0 || (size_t)head + size > capacity)
    return 0;
  if (size)
    memcpy(out + head, body, size);
  return (size_t)head + size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static lua_State *L;
  static char wire[WIRE_MOST];
  input in = input_of(data, size);
  int which = take_byte(&in);
  if (!L)
    L = open_state();
  wire_answer(wire, write_answer(wire, sizeof wire, &in));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, which);
  if (lua_pcall(L, 1, 0, 0)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  wire_close();
  forget_fields();
  return 0;
}
