/* numbers.c: JSON text, made ready for a decoder that knows no number but
 * Lua's.
 *
 * What a decoder makes of a whole number that a double does not hold depends on
 * the Lua and on the lua-cjson: rounded, cut off at the largest integer, exact.
 * So its digits are made a string before the decoder sees them; and those of an
 * id always, which would otherwise be one or the other. */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* ---- the usual case: no number at all ----------------------------------- */

#ifdef __SSE2__
typedef unsigned long long bits; /* of 64 bytes, the first the lowest */

static inline bits tops(__m128i bytes)
{
  return (unsigned)_mm_movemask_epi8(bytes);
}

/* The top bits of 64 bytes. */
static inline bits join(__m128i a, __m128i b, __m128i c, __m128i d)
{
  return (tops(d) << 16 | tops(c)) << 32 | (tops(b) << 16 | tops(a));
}

/* Each bit from a quote to before the next: what is within strings. */
static inline bits between(bits quotes)
{
  quotes ^= quotes << 1;
  quotes ^= quotes << 2;
  quotes ^= quotes << 4;
  quotes ^= quotes << 8;
  quotes ^= quotes << 16;
  return quotes ^ quotes << 32;
}

/* Which of 64 bytes stand outside of strings and are one from '-' to '9': each
 * number begins with such. *inside: all bits where they begin in a string, else
 * none; then likewise of those that follow. */
static inline bits outside(const char *at, bits *inside)
{
  const __m128i *blocks = (const __m128i *)(const void *)at;
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i up = _mm_set1_epi8(127 - '9');
  const __m128i low = _mm_set1_epi8(127 - '9' + '-' - 1);
  __m128i a = _mm_loadu_si128(blocks), b = _mm_loadu_si128(blocks + 1);
  __m128i c = _mm_loadu_si128(blocks + 2), d = _mm_loadu_si128(blocks + 3);
  bits strings =
      *inside ^
      between(join(_mm_cmpeq_epi8(a, quote), _mm_cmpeq_epi8(b, quote),
                   _mm_cmpeq_epi8(c, quote), _mm_cmpeq_epi8(d, quote)));
  *inside = 0 - (strings >> 63);
  return ~strings & join(_mm_cmpgt_epi8(_mm_add_epi8(a, up), low),
                         _mm_cmpgt_epi8(_mm_add_epi8(b, up), low),
                         _mm_cmpgt_epi8(_mm_add_epi8(c, up), low),
                         _mm_cmpgt_epi8(_mm_add_epi8(d, up), low));
}

/* Whether there is certainly no number. Where a text has a backslash, a quote
 * may end no string, and nothing is certain. */
static int has_none(const char *text, size_t size)
{
  char rest[64] = {0};
  bits inside = 0;
  size_t i;
  if (memchr(text, '\\', size))
    return 0;
  for (i = 0; i + sizeof rest <= size; i += sizeof rest)
    if (outside(text + i, &inside))
      return 0;
  memcpy(rest, text + i, size - i);
  return !outside(rest, &inside);
}
#else
/* Byte for byte it would take as long as what it could save. */
static int has_none(const char *text, size_t size)
{
  (void)text, (void)size;
  return 0;
}
#endif

/* core.quote_numbers(text) -> the text with the digits of ids, and of whole
 * numbers beyond 2^53, made strings; whether other numbers are in it */
int zuora__lua_quote_numbers(lua_State *L)
{
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size), *copied = text;
  reader in;
  luaL_Buffer out;
  int others = 0;
  if (has_none(text, size)) {
    lua_settop(L, 1);
    lua_pushboolean(L, 0);
    return 2;
  }
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
