/* describe.c: the core's descriptors and answers as Lua tables. */
#include <string.h>

#include "binding.h"

static const char *const kinds[] = {"string",  "integer", "number",
                                    "boolean", "pairs",   "windows"};

static const char *const places[] = {"path",   "query",   "header",
                                     "body",   "form",    "method",
                                     "target", "content", "call"};

static void set_string(lua_State *L, const char *key, const char *value)
{
  if (value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
  }
}

static void set_number(lua_State *L, const char *key, double value)
{
  lua_Integer integer = (lua_Integer)value;
  if ((double)integer == value)
    lua_pushinteger(L, integer);
  else
    lua_pushnumber(L, value);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, unsigned flag)
{
  lua_pushboolean(L, flag != 0);
  lua_setfield(L, -2, key);
}

static void push_new_parameter(lua_State *L, const zuora_parameter *p)
{
  lua_createtable(L, 0, 12);
  set_string(L, "name", p->name);
  set_string(L, "wire", p->wire);
  set_string(L, "about", p->about);
  set_string(L, "choices", p->choices);
  set_string(L, "refused", p->refused);
  set_string(L, "needs", p->needs);
  set_string(L, "group", p->group);
  set_string(L, "kind", kinds[p->kind]);
  set_string(L, "place", places[p->place]);
  set_number(L, "minimum", p->minimum);
  if (p->maximum)
    set_number(L, "maximum", p->maximum);
  set_flag(L, "required", p->flags & ZUORA_REQUIRED);
  set_flag(L, "positional", p->flags & ZUORA_POSITIONAL);
  set_string(L, "secret", zuora_secret_name(p->secret));
}

/* Operations share most of their parameters, and so their tables: the one at the
 * index `known` finds them by the address. [0, +1] */
static void push_parameter(lua_State *L, int known, const zuora_parameter *p)
{
  lua_pushlightuserdata(L, (void *)p);
  lua_rawget(L, known);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    push_new_parameter(L, p);
    lua_pushlightuserdata(L, (void *)p);
    lua_pushvalue(L, -2);
    lua_rawset(L, known);
  }
}

static void push_operation(lua_State *L, int known,
                           const zuora_operation *operation, size_t index)
{
  int i, positional = 0, keyed = 0;
  for (i = 0; operation->parameters[i]; i++) {
    const zuora_parameter *p = operation->parameters[i];
    positional += (p->flags & ZUORA_POSITIONAL) != 0;
    keyed |= (operation->flags & ZUORA_WRITES) &&
             !strcmp(p->name, "idempotency_key");
  }
  lua_createtable(L, 0, 14);
  set_number(L, "index", (double)index);
  set_number(L, "positional", positional);
  set_flag(L, "keyed", (unsigned)keyed);
  set_string(L, "name", operation->name);
  set_string(L, "method", operation->method);
  set_string(L, "path", operation->path);
  set_string(L, "about", operation->about);
  set_string(L, "items", operation->items);
  set_flag(L, "writes", operation->flags & ZUORA_WRITES);
  set_flag(L, "final", operation->flags & ZUORA_FINAL);
  set_flag(L, "unsigned", operation->flags & ZUORA_UNSIGNED);
  set_flag(L, "internal", operation->flags & ZUORA_INTERNAL);
  lua_newtable(L);
  for (i = 0; operation->parameters[i]; i++) {
    push_parameter(L, known, operation->parameters[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "parameters");
}

void zuora__push_operations(lua_State *L)
{
  size_t i, count;
  const zuora_operation *rows = zuora_operations(&count);
  int known = lua_gettop(L) + 1;
  lua_newtable(L);
  lua_createtable(L, (int)count, 0);
  for (i = 0; i < count; i++) {
    push_operation(L, known, &rows[i], i + 1);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_remove(L, known);
}

static void push_rule(lua_State *L, const zuora_rule *rule)
{
  static const char *const again[] = {"never", "once", "always"};
  lua_createtable(L, 0, 10);
  set_string(L, "name", rule->name);
  set_string(L, "source", rule->source);
  set_string(L, "ended", zuora_code_name(rule->code));
  if (rule->sent >= 0)
    set_flag(L, "sent", (unsigned)rule->sent);
  if (rule->high) {
    set_number(L, "low", rule->low);
    set_number(L, "high", rule->high);
  }
  if (rule->category >= 0)
    set_number(L, "category", rule->category);
  set_flag(L, "uncertain", rule->effect == ZUORA_UNCERTAIN);
  set_string(L, "again", again[rule->again]);
  set_flag(L, "told", (unsigned)rule->told);
}

void zuora__push_rules(lua_State *L)
{
  size_t i, count;
  const zuora_rule *rules = zuora_rules(&count);
  lua_createtable(L, (int)count, 0);
  for (i = 0; i < count; i++) {
    push_rule(L, &rules[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* ---- answers ------------------------------------------------------------ */

static void push_windows(lua_State *L, const zuora_response *response)
{
  size_t i;
  lua_createtable(L, (int)response->window_count, 0);
  for (i = 0; i < response->window_count; i++) {
    lua_createtable(L, 0, 2);
    set_number(L, "quota", response->windows[i].quota);
    set_number(L, "seconds", response->windows[i].seconds);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* Pushes the value of a field, or nothing when it is absent. [0, +0|1] */
static int push_field(lua_State *L, const zuora_response *response,
                      const zuora_field *field)
{
  const char *place = (const char *)response + field->offset;
  double number;
  if (field->kind == ZUORA_STRING) {
    if (!*place)
      return 0;
    lua_pushstring(L, place);
    return 1;
  }
  if (field->kind == ZUORA_WINDOWS) {
    if (!response->window_count)
      return 0;
    push_windows(L, response);
    return 1;
  }
  memcpy(&number, place, sizeof number);
  if (number < 0)
    return 0;
  if (field->kind == ZUORA_INTEGER)
    lua_pushinteger(L, (lua_Integer)number);
  else
    lua_pushnumber(L, number);
  return 1;
}

/* Fields of a group stand side by side: its table is made with the first of
 * them that is there. */
static void push_fields(lua_State *L, const zuora_response *response,
                        const zuora_field *fields, size_t count)
{
  size_t i;
  lua_createtable(L, 0, 8);
  for (i = 0; i < count; i++) {
    const char *group = fields[i].group;
    if (!push_field(L, response, &fields[i]))
      continue;
    if (!group) {
      lua_setfield(L, -2, fields[i].name);
      continue;
    }
    lua_getfield(L, -2, group);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_createtable(L, 0, 4);
      lua_pushvalue(L, -1);
      lua_setfield(L, -4, group);
    }
    lua_insert(L, -2);
    lua_setfield(L, -2, fields[i].name);
    lua_pop(L, 1);
  }
}

void zuora__push_response(lua_State *L, const zuora_response *response)
{
  size_t count;
  const zuora_field *fields = zuora_fields(&count);
  push_fields(L, response, fields, count);
}

void zuora__push_timings(lua_State *L, const zuora_response *response)
{
  size_t count;
  const zuora_field *fields = zuora_timings(&count);
  push_fields(L, response, fields, count);
}
