/* redact.c: takes secrets out of what may be shown. */
#include <stddef.h>
#include <string.h>

#include "engine.h"

enum { SECRET_MINIMUM = 4 };

/* The ways in which a text may write a secret's bytes, and what then stands
 * before one that is not written as it is. */
typedef enum form { PLAIN, PERCENT, JSON, HTML, FORMS } form;
static const char marks[] = {'\0', '%', '\\', '&'};

enum { NO_CHARACTER = 0x110000 };

/* The character that a secret begins with, and its size: 1, too, for a byte
 * that begins none. */
static size_t read_character(const char *secret, size_t size, int *character)
{
  const unsigned char *s = (const unsigned char *)secret;
  size_t n = *s < 0xc2 || *s > 0xf4 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4, i;
  int c = n == 1 ? *s : *s & (0x7f >> n);
  for (i = 1; i < n && i < size && (s[i] & 0xc0) == 0x80; i++)
    c = c << 6 | (s[i] & 0x3f);
  *character = i == n ? c : *s;
  return i == n ? n : 1;
}

static int digit_of(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* The digits at the start of `text`; sets how many. */
static int read_number(const char *text, size_t size, int base, size_t *digits)
{
  int number = 0;
  size_t n;
  for (n = 0; n < size && digit_of(text[n]) < base; n++)
    if (number < NO_CHARACTER)
      number = number * base + digit_of(text[n]);
  *digits = n;
  return number < NO_CHARACTER ? number : NO_CHARACTER;
}

/* How many bytes at the start of `text`, an ampersand, say it in HTML. */
static size_t referred(int character, const char *text, size_t size)
{
  static const char *const names[] = {"&&amp;", "<&lt;", ">&gt;", "\"&quot;",
                                      "'&apos;"};
  size_t i, n, at;
  int hex;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    n = strlen(names[i]) - 1;
    if (character == names[i][0] && size >= n && !memcmp(text, names[i] + 1, n))
      return n;
  }
  hex = size > 2 && (text[2] | 32) == 'x';
  at = hex ? 3 : 2;
  if (size > at && text[1] == '#' &&
      read_number(text + at, size - at, hex ? 16 : 10, &n) == character &&
      n > 0 && at + n < size && text[at + n] == ';')
    return at + n + 1;
  return character == '&';
}

/* The four digits of \uXXXX. */
static int read_unit(const char *text, size_t size)
{
  size_t digits;
  int unit;
  if (size < 6 || text[0] != '\\' || text[1] != 'u')
    return NO_CHARACTER;
  unit = read_number(text + 2, 4, 16, &digits);
  return digits == 4 ? unit : NO_CHARACTER;
}

/* How many bytes at the start of `text`, a backslash, say it in JSON. */
static size_t escaped(int character, const char *text, size_t size)
{
  int unit = read_unit(text, size), low;
  if (unit == character)
    return 6;
  if (unit >= 0xd800 && unit < 0xdc00) {
    low = read_unit(text + 6, size - 6);
    return low >= 0xdc00 && low < 0xe000 &&
                   character == 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff))
               ? 12
               : 0;
  }
  return size >= 2 && text[1] == character && strchr("\"\\/", text[1]) ? 2 : 0;
}

/* How many bytes at the start of `text` say what the secret begins with, of
 * which *used bytes are meant; 0: none. A server that takes UTF-8 for Latin-1
 * writes each byte as a character. */
static size_t said(const char *secret, size_t left, size_t *used,
                   const char *text, size_t size, form f)
{
  size_t (*const write)(int, const char *, size_t) =
      f == HTML ? referred : escaped;
  int c = (unsigned char)*secret, character;
  size_t n;
  *used = 1;
  if (size == 0)
    return 0;
  if (f == PLAIN || *text != marks[f])
    return *text == *secret || (f == PERCENT && c == ' ' && *text == '+');
  if (f == PERCENT)
    return size >= 3 && read_number(text + 1, 2, 16, &n) == c && n == 2 ? 3 : 0;
  *used = read_character(secret, left, &character);
  n = write(character, text, size);
  if (!n) {
    *used = 1;
    n = write(c, text, size);
  }
  return n;
}

/* Likewise for all of a secret. */
static size_t says(const zuora_text *secret, const char *text, size_t size,
                   form f)
{
  size_t i, n = 0, used;
  for (i = 0; i < secret->size; i += used) {
    size_t step =
        said(secret->data + i, secret->size - i, &used, text + n, size - n, f);
    if (!step)
      return 0;
    n += step;
  }
  return n;
}

/* Whether a text has what is told apart by that form alone. */
static int is_used(form f, const char *text, size_t size)
{
  return f == PLAIN || memchr(text, marks[f], size) ||
         (f == PERCENT && memchr(text, '+', size));
}

/* Where at or behind `i` the secret may begin: at its first byte, or at one
 * that is not written as it is. */
static size_t next_start(char first, const char *text, size_t size, size_t i,
                         form f)
{
  const char *found;
  if (f == PLAIN) {
    found = memchr(text + i, first, size - i);
    return found ? (size_t)(found - text) : size;
  }
  while (i < size && text[i] != first && text[i] != marks[f] && first != ' ')
    i++;
  return i;
}

static void mask(const zuora_text *secret, char *text, size_t size, form f)
{
  size_t i = 0, n;
  while ((i = next_start(*secret->data, text, size, i, f)) < size) {
    n = says(secret, text + i, size - i, f);
    memset(text + i, '*', n);
    i += n ? n : 1;
  }
}

int zuora__is_masked(zuora_secret secret)
{
  return secret != ZUORA_CLIENT_ID && secret != ZUORA_API_ACCESS_KEY_ID;
}

/* The secrets of an engine, the longest first: another may be a part of it. */
typedef struct masked {
  const zuora_text *secrets[ZUORA_SECRET_COUNT + ZUORA_REPLACED];
  int count;
} masked;

/* Not where what is very short would mask everything. */
static void add_masked(masked *all, const zuora_text *secret)
{
  int k;
  if (secret->size < SECRET_MINIMUM)
    return;
  for (k = all->count++; k > 0 && all->secrets[k - 1]->size < secret->size; k--)
    all->secrets[k] = all->secrets[k - 1];
  all->secrets[k] = secret;
}

static void find_masked(masked *all, const zuora_engine *engine)
{
  int i;
  all->count = 0;
  for (i = 0; i < ZUORA_SECRET_COUNT; i++)
    if (zuora__is_masked((zuora_secret)i))
      add_masked(all, &engine->secrets[i]);
  for (i = 0; i < ZUORA_REPLACED && engine->replaced[i].size; i++)
    add_masked(all, &engine->replaced[i]);
}

static void redact(const masked *all, char *text, size_t size)
{
  int used[FORMS] = {0}, first = 0, i, f;
  while (first < all->count && all->secrets[first]->size > size)
    first++;
  for (f = PLAIN; f < FORMS && first < all->count; f++)
    used[f] = is_used((form)f, text, size);
  for (i = first; i < all->count; i++)
    for (f = PLAIN; f < FORMS; f++)
      if (used[f])
        mask(all->secrets[i], text, size, (form)f);
}

void zuora_engine_redact(const zuora_engine *engine, char *text, size_t size)
{
  masked all;
  find_masked(&all, engine);
  redact(&all, text, size);
}

/* The texts of a head stand side by side, and a NUL ends each. */
void zuora__redact_head(zuora_response *response, zuora_engine *engine)
{
  zuora_error error;
  masked all;
  char *texts = (char *)response + offsetof(zuora_response, request_id);
  if (*response->session)
    zuora_engine_set_secret(engine, ZUORA_GIVEN_SECRET, response->session,
                            strlen(response->session), &error);
  find_masked(&all, engine);
  redact(&all, texts,
         offsetof(zuora_response, rate_limit) -
             offsetof(zuora_response, request_id));
}
