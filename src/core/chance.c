/* chance.c: the system's random numbers. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* getentropy */
#endif
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "zuora.h"

/* Never fails for so few bytes, but for a kernel without the call: then the
 * clock has to do, which still differs from call to call. Its digits are mixed
 * (by Knuth's generator), since few of them do. */
static void fill(unsigned char *bytes, size_t size)
{
  struct timespec t;
  uint64_t x;
  if (!getentropy(bytes, size))
    return;
  clock_gettime(CLOCK_MONOTONIC, &t);
  x = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
  while (size-- > 0) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    *bytes++ = (unsigned char)(x >> 56);
  }
}

double zuora_chance(void)
{
  unsigned char bytes[4];
  double value = 0;
  size_t i;
  fill(bytes, sizeof bytes);
  for (i = 0; i < sizeof bytes; i++)
    value = (value + bytes[i]) / 256;
  return value;
}

void zuora_uuid(char out[37])
{
  unsigned char b[16];
  fill(b, sizeof b);
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  snprintf(out, 37,
           "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x"
           "%02x",
           b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
           b[11], b[12], b[13], b[14], b[15]);
}
