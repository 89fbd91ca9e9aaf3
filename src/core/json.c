/* json.c: one member out of a JSON object, without building a tree, so that
 * an access token never has to leave this library's own memory. */
#include "text.h"

#include <stdio.h>
#include <string.h>

typedef struct reader {
  const char *at, *end;
} reader;

static void skip_space(reader *in)
{
  while (in->at < in->end && strchr(" \t\r\n", *in->at) && *in->at)
    in->at++;
}

static int take(reader *in, char c)
{
  skip_space(in);
  if (in->at == in->end || *in->at != c)
    return 0;
  in->at++;
  return 1;
}

/* Four hex digits of \uXXXX; -1 when they are not. */
static int read_hex(reader *in)
{
  int i, value = 0;
  for (i = 0; i < 4; i++) {
    char c;
    if (in->at == in->end)
      return -1;
    c = *in->at++;
    if (c >= '0' && c <= '9')
      value = value * 16 + (c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value * 16 + (c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
      value = value * 16 + (c - 'A') + 10;
    else
      return -1;
  }
  return value;
}

/* The character after a backslash; -1 when it is none that fits here: the
 * values read by this file are ASCII. */
static int read_escape(reader *in)
{
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *found;
  int value;
  if (in->at == in->end)
    return -1;
  if (*in->at == 'u') {
    in->at++;
    value = read_hex(in);
    return value > 0 && value < 128 ? value : -1;
  }
  found = *in->at ? strchr(names, *in->at) : NULL;
  in->at++;
  return found ? values[found - names] : -1;
}

/* A string, after its opening quote. A NUL inside is refused. */
static int read_string(reader *in, char *out, size_t capacity)
{
  size_t n = 0;
  out[0] = '\0';
  while (in->at < in->end) {
    int c = (unsigned char)*in->at++;
    if (c == '"')
      return 1;
    if (c == '\\')
      c = read_escape(in);
    if (c <= 0 || n + 1 >= capacity)
      return 0;
    out[n++] = (char)c;
    out[n] = '\0';
  }
  return 0;
}

/* A number or a name such as true, as written. */
static int read_word(reader *in, char *out, size_t capacity)
{
  size_t n = 0;
  skip_space(in);
  while (in->at < in->end && !strchr(",}] \t\r\n", *in->at)) {
    char c = *in->at++;
    if (c == '{' || c == '[' || c == '"' || n + 1 >= capacity)
      return 0;
    out[n++] = c;
  }
  out[n] = '\0';
  return n > 0;
}

/* null, true and false are no value that could be meant. */
static int read_value(reader *in, char *out, size_t capacity)
{
  if (take(in, '"'))
    return read_string(in, out, capacity);
  return read_word(in, out, capacity) &&
         (*out == '-' || (*out >= '0' && *out <= '9'));
}

/* The rest of a string, of any length and with anything in it. */
static int skip_string(reader *in)
{
  while (in->at < in->end) {
    char c = *in->at++;
    if (c == '"')
      return 1;
    if (c == '\\' && in->at < in->end)
      in->at++;
  }
  return 0;
}

/* A value nobody asked for may be anything, objects and arrays included: what
 * Zuora adds to an answer must not hide what is looked for. */
static int skip_value(reader *in)
{
  char word[64];
  int depth = 0;
  do {
    if (take(in, '{') || take(in, '['))
      depth++;
    else if (depth && (take(in, '}') || take(in, ']')))
      depth--;
    else if (depth && (take(in, ',') || take(in, ':')))
      continue;
    else if (!(take(in, '"') ? skip_string(in)
                             : read_word(in, word, sizeof word)))
      return 0;
  } while (depth);
  return 1;
}

/* A name, after its opening quote. */
static int read_name(reader *in, const char *name, int *same)
{
  reader start = *in;
  char key[64];
  *same = read_string(in, key, sizeof key) && !strcmp(key, name);
  if (*same)
    return 1;
  *in = start;
  return skip_string(in);
}

int zuora__json_member(char *out, size_t capacity, const char *json,
                       size_t size, const char *name)
{
  reader in;
  int same, found = 0;
  in.at = json;
  in.end = json + size;
  out[0] = '\0';
  if (!take(&in, '{'))
    return 0;
  do {
    if (!take(&in, '"') || !read_name(&in, name, &same) || !take(&in, ':'))
      return 0;
    if (!(same ? read_value(&in, out, capacity) : skip_value(&in)))
      return 0;
    found |= same;
  } while (take(&in, ','));
  if (!take(&in, '}'))
    return 0;
  skip_space(&in);
  return found && in.at == in.end;
}
