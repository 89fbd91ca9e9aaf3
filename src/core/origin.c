#include "origin.h"

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int is_alpha(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 127.x.y.z, each part written plainly, with nothing after the last: whatever
 * else looks like it ("127.evil.example", "127.0.0.1.") may be a name. */
static int is_loopback_address(const char *host)
{
  int parts;
  if (strncmp(host, "127.", 4))
    return 0;
  for (parts = 1; *host; parts++) {
    const char *start = host;
    int value = 0;
    while (is_digit(*host) && host - start < 3)
      value = value * 10 + (*host++ - '0');
    if (host == start || value > 255 || (*start == '0' && host - start > 1))
      return 0;
    if (!*host)
      return parts == 4;
    if (*host++ != '.')
      return 0;
  }
  return 0;
}

/* The length of the host at the start of an authority, 0 when it is none. A
 * bracketed address may hold what an IPv6 address may. */
static size_t host_size(const char *text, size_t size)
{
  size_t n = 0;
  if (size && text[0] == '[') {
    n = 1;
    while (n < size && (is_digit(text[n]) || strchr(":.", text[n]) ||
                        strchr("abcdefABCDEF", text[n])))
      n++;
    return n > 2 && n < size && text[n] == ']' ? n + 1 : 0;
  }
  while (n < size &&
         (is_digit(text[n]) || is_alpha(text[n]) || strchr("-._", text[n])))
    n++;
  return n;
}

/* ":8443" at the end of an authority. 0: the scheme's own; -1: not a port. */
static long read_port(const char *text, size_t size)
{
  long port = 0;
  size_t i;
  if (size == 0)
    return 0;
  if (text[0] != ':' || size < 2 || size > 6)
    return -1;
  for (i = 1; i < size; i++) {
    if (!is_digit(text[i]))
      return -1;
    port = port * 10 + (text[i] - '0');
  }
  return port > 0 && port <= 65535 ? port : -1;
}

static const char *read_scheme(zuora_origin *origin, size_t *length,
                               const char *url, size_t size)
{
  origin->secure = size > 8 && zuora__same(url, 8, "https://");
  if (!origin->secure && !(size > 7 && zuora__same(url, 7, "http://")))
    return "must begin with https:// (or http://)";
  *length = origin->secure ? 8 : 7;
  return NULL;
}

const char *zuora__origin_read(zuora_origin *origin, const char **rest,
                               const char *url, size_t size)
{
  char host[ZUORA_ORIGIN_SIZE - 20];
  size_t scheme, authority = 0, n, i;
  long port;
  const char *fault = read_scheme(origin, &scheme, url, size);
  if (fault)
    return fault;
  url += scheme;
  size -= scheme;
  while (authority < size && !strchr("/?#", url[authority]))
    authority++;
  if (memchr(url, '@', authority))
    return "may not hold a user name or password";
  n = host_size(url, authority);
  if (n == 0 || n >= sizeof host)
    return "has no valid host name";
  port = read_port(url + n, authority - n);
  if (port < 0)
    return "has no valid host name or port";
  for (i = 0; i < n; i++)
    host[i] = (char)(is_alpha(url[i]) ? url[i] | 32 : url[i]);
  host[n] = '\0';
  origin->loopback = !strcmp(host, "localhost") || !strcmp(host, "[::1]") ||
                     is_loopback_address(host);
  n = (size_t)snprintf(origin->text, sizeof origin->text, "http%s://%s",
                       origin->secure ? "s" : "", host);
  if (port && port != (origin->secure ? 443 : 80))
    snprintf(origin->text + n, sizeof origin->text - n, ":%ld", port);
  *rest = url + authority;
  return NULL;
}

int zuora__is_dots(const char *segment, size_t size)
{
  size_t dots = 0;
  while (size > 0) {
    size_t step = segment[0] == '.'                             ? 1
                  : size >= 3 && zuora__same(segment, 3, "%2e") ? 3
                                                                : 0;
    if (step == 0)
      return 0;
    segment += step;
    size -= step;
    dots++;
  }
  return dots == 1 || dots == 2;
}

const char *zuora__path_fault(const char *path, size_t size)
{
  size_t i, start = 0, end = 0;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)path[i];
    if (c <= 32 || c >= 127)
      return "may hold only printable ASCII; percent-encode the rest";
    if (c == '\\' || c == '#')
      return "may not hold a backslash or a fragment";
  }
  while (end < size && path[end] != '?')
    end++;
  for (i = 0; i <= end; i++) {
    if (i < end && path[i] != '/')
      continue;
    if (zuora__is_dots(path + start, i - start))
      return "may not hold '.' or '..' as a step";
    start = i + 1;
  }
  return NULL;
}

zuora_code zuora__base_read(zuora_base *base, const char *url,
                            int allow_insecure, zuora_error *error)
{
  const char *rest, *fault;
  size_t size = strlen(url);
  fault = zuora__origin_read(&base->origin, &rest, url, size);
  if (!fault && strchr(rest, '?'))
    fault = "may not hold a query";
  if (!fault)
    fault = zuora__path_fault(rest, strlen(rest));
  if (!fault && strlen(rest) > 255)
    fault = "is too long";
  if (!fault && !base->origin.secure && !base->origin.loopback &&
      !allow_insecure)
    fault = "must be https: http would send credentials in the clear "
            "(allow_insecure = true permits it)";
  if (fault)
    return zuora__fail(error, ZUORA_ARGUMENT, "base_url", "%s", fault);
  snprintf(base->url, sizeof base->url, "%s%s", base->origin.text, rest);
  for (size = strlen(base->url); base->url[size - 1] == '/';)
    base->url[--size] = '\0';
  return ZUORA_OK;
}
