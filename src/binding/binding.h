/* binding.h: zuora.core, the Lua face of zuora.h. Private.
 *
 * One source for Lua 5.1 to 5.4 and LuaJIT: only functions that all of them
 * have are used. Every object is a box first: userdata with its metatable and
 * a NULL inside, and only then is the resource taken into it, so that an error
 * in between leaks nothing.
 *
 * What a function cannot do it returns: nil, the kind of failure ("misuse",
 * "option", "argument", ...), a message, and the parameter or nil. */
#ifndef ZUORA_BINDING_H
#define ZUORA_BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include "zuora.h"

#define ZUORA_LUA_ENGINE "zuora.engine"
#define ZUORA_LUA_EXCHANGE "zuora.exchange"
#define ZUORA_LUA_HEAD "zuora.head"

typedef struct engine_box {
  zuora_engine *engine; /* NULL: closed */
} engine_box;

typedef struct exchange_box {
  zuora_exchange *exchange; /* NULL: freed */
} exchange_box;

/* What Lua gets of the head of an answer: all but the secret at its end. */
enum { ZUORA_HEAD_SIZE = offsetof(zuora_response, session) };

/* describe.c: pushes the table of operations as Lua tables. [0, +1] */
void zuora__push_operations(lua_State *L);
/* describe.c: pushes the table of retries likewise. [0, +1] */
void zuora__push_rules(lua_State *L);
/* describe.c: pushes the head of an answer as a table. [0, +1] */
void zuora__push_response(lua_State *L, const zuora_response *response);
/* describe.c: pushes how long its parts took. [0, +1] */
void zuora__push_timings(lua_State *L, const zuora_response *response);

/* values.c: reads the arguments of a call, from `first` on, for the operation;
 * strings stay owned by the stack. Returns 0, or pushes a failure and returns
 * how many values that is. */
int zuora__read_values(lua_State *L, int first,
                       const zuora_operation *operation, zuora_value *values);
/* values.c: hands over the pairs in the options at the top. Like above. */
int zuora__add_pairs(lua_State *L, zuora_exchange *exchange,
                     const zuora_operation *operation);

/* values.c: pushes nil, kind, message, parameter; returns 4. Raises when
 * memory ran out. */
int zuora__push_failure(lua_State *L, const zuora_error *error);
int zuora__push_misuse(lua_State *L, const char *message);

/* send.c: engine:exchange and engine:send. */
int zuora__lua_exchange(lua_State *L);
int zuora__lua_send(lua_State *L);
/* exchange.c: one of core.sign at an index; raises when it is another. */
zuora_sign zuora__check_sign(lua_State *L, int index);
/* exchange.c: the metatables. */
void zuora__register_exchange(lua_State *L);

/* numbers.c: core.quote_numbers */
int zuora__lua_quote_numbers(lua_State *L);

/* objects.c: the object at the first index, whose metatable is the first upvalue
 * of the running function; raises when it is another. */
void *zuora__check_self(lua_State *L, const char *type);
/* objects.c: likewise at another index, an object of the type that the running
 * function makes. */
void *zuora__check_made(lua_State *L, int index, const char *type);
/* core.c: the secret named at an index; raises when there is none. */
zuora_secret zuora__check_secret(lua_State *L, int index);
/* objects.c: pushes the metatable that objects made by the running function get:
 * what zuora__register was told of. [0, +1] */
void zuora__push_made(lua_State *L);
/* objects.c: makes a metatable with `functions` as its __index; each of them has
 * the metatable as its first upvalue. `made`: the type of the objects that they
 * make, registered before; `collect`: its __gc; both may be NULL. */
void zuora__register(lua_State *L, const char *type, const luaL_Reg *functions,
                     const char *made, lua_CFunction collect);

#endif
