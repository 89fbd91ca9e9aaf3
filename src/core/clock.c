/* clock.c: time; by itself, so that a test can set it. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* clock_gettime */
#endif
#include <time.h>

#include "zuora.h"

double zuora_clock(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
