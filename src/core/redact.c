/* redact.c: takes secrets out of what may be shown. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

enum { SECRET_MINIMUM = 4 };

/* The ways in which a text may write a secret's bytes, and what then stands
 * before one that is not written as it is. */
typedef enum form { PLAIN, PERCENT, JSON, HTML, FORMS } form;
static const char marks[] = {'\0', '%', '\\', '&'};

/* How many bytes at the start of `text`, an ampersand, say `c`; 0: none. */
static size_t referred(char c, const char *text, size_t size)
{
  static const char *const names[] = {"&&amp;", "<&lt;", ">&gt;", "\"&quot;",
                                      "'&apos;"};
  char number[2][8];
  size_t i, n;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    n = strlen(names[i]) - 1;
    if (c == names[i][0] && size >= n && !memcmp(text, names[i] + 1, n))
      return n;
  }
  snprintf(number[0], sizeof number[0], "&#%d;", (unsigned char)c);
  snprintf(number[1], sizeof number[1], "&#x%x;", (unsigned char)c);
  for (i = 0; i < 2; i++) {
    n = strlen(number[i]);
    if (size >= n && zuora__same(text, n, number[i]))
      return n;
  }
  return c == '&';
}

static int is_hex_of(unsigned char c, const char *digits)
{
  char hex[3];
  snprintf(hex, sizeof hex, "%02x", c);
  return zuora__same(digits, 2, hex);
}

/* How many bytes at the start of `text` say `c`; 0: none. */
static size_t said(char c, const char *text, size_t size, form f)
{
  if (size == 0)
    return 0;
  if (f == PLAIN || *text != marks[f])
    return *text == c || (f == PERCENT && c == ' ' && *text == '+');
  if (f == HTML)
    return referred(c, text, size);
  if (f == PERCENT)
    return size >= 3 && is_hex_of((unsigned char)c, text + 1) ? 3 : 0;
  if (size >= 6 && !memcmp(text, "\\u00", 4) &&
      is_hex_of((unsigned char)c, text + 4))
    return 6;
  return size >= 2 && text[1] == c && strchr("\"\\/", c) ? 2 : 0;
}

/* Likewise for all of a secret. */
static size_t says(const zuora_text *secret, const char *text, size_t size,
                   form f)
{
  size_t i, n = 0;
  for (i = 0; i < secret->size; i++) {
    size_t step = said(secret->data[i], text + n, size - n, f);
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
