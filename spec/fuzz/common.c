#include "common.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *condition, const char *file, int line)
{
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
  abort();
}

/* ---- fields ------------------------------------------------------------- */

enum { FIELDS = 64 };

static char *fields[FIELDS];
static int field_count;

input input_of(const uint8_t *data, size_t size)
{
  input in;
  in.at = data;
  in.end = data + size;
  return in;
}

int take_byte(input *in)
{
  return in->at < in->end ? *in->at++ : 0;
}

static char *take(input *in, size_t *size, size_t more)
{
  size_t left = (size_t)(in->end - in->at);
  const uint8_t *stop = left ? memchr(in->at, 0xFF, left) : NULL;
  char *field;
  *size = stop ? (size_t)(stop - in->at) : left;
  field = malloc(*size + more > 0 ? *size + more : 1);
  CHECK(field_count < FIELDS && field);
  fields[field_count++] = field;
  if (*size)
    memcpy(field, in->at, *size);
  in->at += *size + (stop != NULL);
  return field;
}

char *take_field(input *in, size_t *size)
{
  return take(in, size, 0);
}

char *take_string(input *in)
{
  size_t size, i;
  char *string = take(in, &size, 1);
  string[size] = '\0';
  for (i = 0; i < size; i++)
    if (!string[i])
      string[i] = ' ';
  return string;
}

void forget_fields(void)
{
  while (field_count > 0)
    free(fields[--field_count]);
}

/* ---- what must hold ----------------------------------------------------- */

int is_printable(const char *text)
{
  for (; *text; text++)
    if (*text < 32 || *text > 126)
      return 0;
  return 1;
}

void check_error(const zuora_error *error)
{
  CHECK(error->code != ZUORA_OK);
  CHECK(memchr(error->message, '\0', sizeof error->message));
  CHECK(error->message[0] && is_printable(error->message));
}

static int is_number(double value)
{
  return value == -1 || (value >= 0 && value < 1e16);
}

void check_response(const zuora_response *r)
{
  size_t i;
  CHECK(is_printable(r->request_id) && is_printable(r->track_id));
  CHECK(is_printable(r->content_type) && is_printable(r->concurrency_type));
  CHECK(is_printable(r->session) && !strpbrk(r->session, " \",;\\"));
  CHECK(r->status >= -1 && r->status <= 999 && is_number(r->rate_limit));
  CHECK(is_number(r->rate_remaining) && is_number(r->rate_reset));
  CHECK(is_number(r->concurrency_limit));
  CHECK(is_number(r->concurrency_remaining));
  CHECK(is_number(r->retry_after) && is_number(r->retry_at));
  CHECK(is_number(r->date));
  CHECK(r->window_count <= ZUORA_WINDOW_COUNT);
  for (i = 0; i < r->window_count; i++)
    CHECK(r->windows[i].quota >= 0 && r->windows[i].seconds > 0);
}

/* A part of a URL, "" where there is none. */
static int part_of(char *out, size_t capacity, CURLU *url, CURLUPart part,
                   unsigned flags)
{
  char *text = NULL;
  CURLUcode code = curl_url_get(url, part, &text, flags);
  snprintf(out, capacity, "%s", text ? text : "");
  curl_free(text);
  return code == CURLUE_OK;
}

int host_of(char *out, size_t capacity, const char *text)
{
  char scheme[16], user[8], host[600], port[8];
  CURLU *url = curl_url();
  int ok = !curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS) &&
           part_of(scheme, sizeof scheme, url, CURLUPART_SCHEME, 0) &&
           !part_of(user, sizeof user, url, CURLUPART_USER, 0) &&
           part_of(host, sizeof host, url, CURLUPART_HOST, 0) &&
           part_of(port, sizeof port, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  curl_url_cleanup(url);
  snprintf(out, capacity, "%s://%s:%s", scheme, host, port);
  for (; *out; out++)
    if (*out >= 'A' && *out <= 'Z')
      *out = (char)(*out | 32);
  return ok;
}
