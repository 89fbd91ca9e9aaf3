/* numbers.c: JSON text, made ready for a decoder that knows no number but
 * Lua's.
 *
 * What a decoder makes of a whole number that a double does not hold depends on
 * the Lua and on the lua-cjson: rounded, cut off at the largest integer, exact.
 * So its digits are made a string before the decoder sees them; and those of an
 * id always, which would otherwise be one or the other. */
#include <string.h>

#include "binding.h"

#define LARGEST "9007199254740992" /* 2^53: above it a double has gaps */

typedef struct reader {
  const char *at, *end;
  const char *name, *name_end; /* a string before, if a colon at most follows */
} reader;

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* Behind a string, from behind its opening quote. */
static const char *skip_string(const char *at, const char *end)
{
  const char *quote;
  while ((quote = memchr(at, '"', (size_t)(end - at)))) {
    const char *first = quote;
    while (first > at && first[-1] == '\\')
      first--;
    if ((quote - first) % 2 == 0)
      return quote + 1;
    at = quote + 1;
  }
  return end;
}

/* Stands at the next number that is in no string; 0 when there is none. */
static int find_number(reader *in)
{
  while (in->at < in->end) {
    char c = *in->at;
    if (c == '"') {
      in->name = in->at;
      in->at = in->name_end = skip_string(in->at + 1, in->end);
    } else if (is_digit(c) || c == '-') {
      return 1;
    } else {
      if (c == ',' || c == '[')
        in->name = NULL;
      in->at++;
    }
  }
  return 0;
}

/* Whether the member is named id, or by a name that ends in Id. */
static int is_id(const reader *in)
{
  const char *name = in->name, *end = in->name_end;
  return name && end - name >= 4 &&
         (memcmp(end - 3, "Id\"", 3) == 0 || memcmp(name, "\"id\"", 4) == 0);
}

/* Whether a colon comes next: what was read stands where a name has to. */
static int is_name(const reader *in)
{
  const char *at = in->at;
  while (at < in->end && *at && strchr(" \t\r\n", *at))
    at++;
  return at < in->end && *at == ':';
}

/* Goes behind a number. Whether it has to become a string; what is no JSON is
 * left to the decoder as it is. */
static int read_number(reader *in)
{
  const char *digits, *end;
  size_t size;
  int id = is_id(in);
  in->at += *in->at == '-';
  for (digits = in->at; in->at < in->end && is_digit(*in->at);)
    in->at++;
  end = in->at;
  size = (size_t)(end - digits);
  while (in->at < in->end && *in->at && strchr(".eE+-0123456789", *in->at))
    in->at++;
  if (in->at != end || size == 0 || (*digits == '0' && size > 1))
    return 0;
  return (id || size >= sizeof LARGEST ||
          (size == sizeof LARGEST - 1 && memcmp(digits, LARGEST, size) > 0)) &&
         !is_name(in);
}

/* core.quote_numbers(text) -> the text with the digits of ids, and of whole
 * numbers beyond 2^53, made strings; whether other numbers are in it */
int zuora__lua_quote_numbers(lua_State *L)
{
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size), *copied = text;
  reader in;
  luaL_Buffer out;
  int others = 0;
  in.at = text;
  in.end = text + size;
  in.name = in.name_end = NULL;
  luaL_buffinit(L, &out);
  while (find_number(&in)) {
    const char *number = in.at;
    if (!read_number(&in)) {
      others = 1;
      continue;
    }
    luaL_addlstring(&out, copied, (size_t)(number - copied));
    luaL_addchar(&out, '"');
    luaL_addlstring(&out, number, (size_t)(in.at - number));
    luaL_addchar(&out, '"');
    copied = in.at;
  }
  if (copied == text) {
    lua_pushvalue(L, 1);
  } else {
    luaL_addlstring(&out, copied, (size_t)(in.end - copied));
    luaL_pushresult(&out);
  }
  lua_pushboolean(L, others);
  return 2;
}
