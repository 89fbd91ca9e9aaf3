/* exchange.c: one call in flight, for Lua. */
#include <string.h>

#include "binding.h"

static exchange_box *check_box(lua_State *L)
{
  return zuora__check_self(L, ZUORA_LUA_EXCHANGE);
}

static zuora_exchange *check(lua_State *L)
{
  exchange_box *box = check_box(L);
  if (!box->exchange)
    luaL_error(L, "the exchange was freed");
  return box->exchange;
}

zuora_sign zuora__check_sign(lua_State *L, int index)
{
  lua_Integer sign = luaL_checkinteger(L, index);
  luaL_argcheck(L, sign >= ZUORA_SIGN_NONE && sign <= ZUORA_SIGN_SESSION, index,
                "not one of core.sign");
  return (zuora_sign)sign;
}

/* exchange:submit(sign, delay, limit) -> its id, which no other submission of
 * the engine's has | failure
 *
 * sign: one of core.sign. */
static int submit(lua_State *L)
{
  zuora_exchange *exchange = check(L);
  zuora_sign sign = zuora__check_sign(L, 2);
  double delay = (double)luaL_optnumber(L, 3, 0);
  double limit = (double)luaL_optnumber(L, 4, 0);
  zuora_error error;
  if (zuora_exchange_submit(exchange, sign, delay, limit, &error))
    return zuora__push_failure(L, &error);
  lua_pushnumber(L, (lua_Number)zuora_exchange_id(exchange));
  return 1;
}

/* exchange:done() -> boolean */
static int done(lua_State *L)
{
  lua_pushboolean(L, zuora_exchange_done(check(L)));
  return 1;
}

/* exchange:wait(seconds) -> whether it is done, after one step of its engine */
static int wait_for(lua_State *L)
{
  zuora_exchange *exchange = check(L);
  if (zuora_exchange_wait(exchange, (double)luaL_checknumber(L, 2)))
    return luaL_error(L, "not enough memory");
  lua_pushboolean(L, zuora_exchange_done(exchange));
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

static void push_body(lua_State *L, const zuora_exchange *exchange)
{
  size_t size;
  const char *data = zuora_exchange_body(exchange, &size);
  lua_pushlstring(L, data, size);
}

/* Pushes the head of the answer, which outlives the exchange. [0, +1] */
static zuora_response *push_head(lua_State *L, const zuora_response *response)
{
  zuora_response *copy = lua_newuserdata(L, ZUORA_HEAD_SIZE);
  memcpy(copy, response, ZUORA_HEAD_SIZE);
  zuora__push_made(L);
  lua_setmetatable(L, -2);
  return copy;
}

/* [0, +3] */
static void push_limits(lua_State *L, const zuora_response *response)
{
  lua_pushnumber(L, (lua_Number)response->rate_remaining);
  lua_pushnumber(L, (lua_Number)response->rate_limit);
  lua_pushnumber(L, (lua_Number)response->rate_reset);
}

/* exchange:head() -> head */
static int head(lua_State *L)
{
  push_head(L, zuora_exchange_response(check(L)));
  return 1;
}

/* exchange:answer(attempts) -> status, body, head, remaining, limit, reset
 *                            | nil, kind, message when no whole answer came
 *
 * attempts: how often the call was sent, for the head; body: its text, or true
 * for {"success": true} and no more; the last three: RateLimit-Remaining,
 * -Limit and -Reset, -1 where they were not told. */
static int answer(lua_State *L)
{
  zuora_exchange *exchange = check(L);
  const zuora_error *error = zuora_exchange_error(exchange);
  const zuora_response *response = zuora_exchange_response(exchange);
  if (error->code)
    return zuora__push_failure(L, error);
  lua_pushinteger(L, (lua_Integer)response->status);
  if (zuora_exchange_succeeded(exchange))
    lua_pushboolean(L, 1);
  else
    push_body(L, exchange);
  push_head(L, response)->attempts = (double)lua_tonumber(L, 2);
  push_limits(L, response);
  return 6;
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

/* exchange:succeeded() -> head, remaining, limit, reset, body: of a first
 * attempt that was answered with status 200; of any other nothing.
 *
 * body: its text; or nil for {"success": true} and no more, and then the
 * exchange is freed. */
static int succeeded(lua_State *L)
{
  exchange_box *box = check_box(L);
  zuora_exchange *exchange = box->exchange;
  const zuora_response *response;
  if (!exchange)
    return luaL_error(L, "the exchange was freed");
  response = zuora_exchange_response(exchange);
  if (!zuora_exchange_done(exchange) || zuora_exchange_error(exchange)->code ||
      response->status != 200)
    return 0;
  push_head(L, response)->attempts = 1;
  push_limits(L, response);
  if (!zuora_exchange_succeeded(exchange)) {
    push_body(L, exchange);
    return 5;
  }
  box->exchange = NULL;
  zuora_exchange_free(exchange);
  return 4;
}

/* exchange:failure() -> kind; nil when a whole answer came */
static int failure(lua_State *L)
{
  const zuora_error *error = zuora_exchange_error(check(L));
  if (!error->code)
    return 0;
  lua_pushstring(L, zuora_code_name(error->code));
  return 1;
}

static double number_field(lua_State *L, int index, const char *name)
{
  double value;
  lua_getfield(L, index, name);
  value = (double)lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

/* exchange:decide(policy, number, left, category, doubtful)
 * -> verdict, wait, uncertain, retryable
 *
 * policy: max_attempts, backoff_base, backoff_cap, max_retry_wait, chance;
 * number: of the attempt; left: seconds to the deadline; category: of the
 * answer's code, or nil; doubtful: the answer could not be read. */
static int decide(lua_State *L)
{
  static const char *const verdicts[] = {"stop", "repeat", "settle"};
  zuora_attempt attempt;
  zuora_policy policy;
  zuora_decision decision;
  zuora_exchange_attempt(&attempt, check(L));
  luaL_checktype(L, 2, LUA_TTABLE);
  policy.max_attempts = (int)number_field(L, 2, "max_attempts");
  policy.backoff_base = number_field(L, 2, "backoff_base");
  policy.backoff_cap = number_field(L, 2, "backoff_cap");
  policy.max_retry_wait = number_field(L, 2, "max_retry_wait");
  attempt.chance = number_field(L, 2, "chance");
  attempt.number = (int)luaL_checkinteger(L, 3);
  attempt.left = (double)luaL_checknumber(L, 4);
  attempt.category = (int)luaL_optinteger(L, 5, -1);
  if (lua_toboolean(L, 6))
    attempt.code = ZUORA_PROTOCOL;
  zuora_decide(&decision, &attempt, &policy);
  lua_pushstring(L, verdicts[decision.verdict]);
  lua_pushnumber(L, decision.wait);
  lua_pushboolean(L, decision.effect == ZUORA_UNCERTAIN);
  lua_pushboolean(L, decision.retryable);
  return 4;
}

/* exchange:status() -> integer, -1 when no whole answer came */
static int status(lua_State *L)
{
  const zuora_exchange *exchange = check(L);
  const zuora_response *response = zuora_exchange_response(exchange);
  lua_pushinteger(L, zuora_exchange_error(exchange)->code
                         ? -1
                         : (lua_Integer)response->status);
  return 1;
}

/* head:table() -> table, see zuora_fields */
static int head_table(lua_State *L)
{
  zuora__push_response(L, zuora__check_self(L, ZUORA_LUA_HEAD));
  return 1;
}

/* exchange:timings() -> table, see zuora_timings */
static int timings(lua_State *L)
{
  zuora__push_timings(L, zuora_exchange_response(check(L)));
  return 1;
}

/* exchange:request() -> method, URL, array of header lines, body or nil. The
 * credentials that it would be signed with are not among them. */
static int request(lua_State *L)
{
  const zuora_request *built = zuora_exchange_request(check(L));
  const char *line, *data;
  size_t size;
  int i;
  lua_pushstring(L, zuora_request_method(built));
  lua_pushstring(L, zuora_request_url(built));
  lua_newtable(L);
  for (i = 0; (line = zuora_request_header(built, (size_t)i)) != NULL; i++) {
    lua_pushstring(L, line);
    lua_rawseti(L, -2, i + 1);
  }
  data = zuora_request_body(built, &size);
  if (data)
    lua_pushlstring(L, data, size);
  else
    lua_pushnil(L);
  return 4;
}

/* exchange:body() -> string */
static int body(lua_State *L)
{
  push_body(L, check(L));
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

static const luaL_Reg functions[] = {
    {"submit", submit},   {"done", done},
    {"wait", wait_for},   {"sent", sent},
    {"writes", writes},   {"names_entity", names_entity},
    {"answer", answer},   {"succeeded", succeeded},
    {"failure", failure}, {"status", status},
    {"head", head},       {"timings", timings},
    {"request", request}, {"body", body},
    {"decide", decide},   {"keep", keep},
    {"cancel", cancel},   {"free", release},
    {NULL, NULL}};

static const luaL_Reg head_functions[] = {{"table", head_table}, {NULL, NULL}};

void zuora__register_exchange(lua_State *L)
{
  zuora__register(L, ZUORA_LUA_HEAD, head_functions, NULL, NULL);
  zuora__register(L, ZUORA_LUA_EXCHANGE, functions, ZUORA_LUA_HEAD, release);
}
