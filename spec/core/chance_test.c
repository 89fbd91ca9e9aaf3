/* The clock and the system's random numbers, also where it has none. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* getentropy */
#endif
#include "support.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Stands before the system's own, which it asks for the bytes. */
static int broken;
static int fixed = -1;

int getentropy(void *buffer, size_t size)
{
  FILE *file;
  size_t got;
  if (broken)
    return -1;
  if (fixed >= 0) {
    memset(buffer, fixed, size);
    return 0;
  }
  file = fopen("/dev/urandom", "rb");
  if (!file)
    return -1;
  got = fread(buffer, 1, size, file);
  fclose(file);
  return got == size ? 0 : -1;
}

static int setup(void **state)
{
  (void)state;
  broken = 0;
  fixed = -1;
  return 0;
}

static void the_clock_goes_forward(void **state)
{
  struct timespec pause = {0, 2000000};
  double before = zuora_clock(), start = before;
  int i;
  (void)state;
  for (i = 0; i < 10000; i++) {
    double now = zuora_clock();
    assert_true(now >= before);
    before = now;
  }
  nanosleep(&pause, NULL);
  assert_true(zuora_clock() - start >= 0.002);
}

static void chances_are_from_0_to_1_and_differ(void **state)
{
  double sum = 0, first = zuora_chance();
  int i, same = 0;
  (void)state;
  for (i = 0; i < 1000; i++) {
    double chance = zuora_chance();
    assert_true(chance >= 0 && chance < 1);
    same += chance == first;
    sum += chance;
  }
  assert_true(same < 5);
  /* Six standard deviations of the mean. */
  assert_true(sum > 1000 * 0.445 && sum < 1000 * 0.555);
  fixed = 0;
  assert_float_equal(zuora_chance(), 0, 0);
  fixed = 255;
  assert_true(zuora_chance() < 1);
}

static void check_form(const char *uuid)
{
  size_t i;
  assert_int_equal(strlen(uuid), 36);
  for (i = 0; i < 36; i++)
    if (i == 8 || i == 13 || i == 18 || i == 23)
      assert_int_equal(uuid[i], '-');
    else
      assert_true(isdigit((unsigned char)uuid[i]) ||
                  (uuid[i] >= 'a' && uuid[i] <= 'f'));
  assert_int_equal(uuid[14], '4');
  assert_non_null(strchr("89ab", uuid[19]));
}

static int compare(const void *a, const void *b)
{
  return memcmp(a, b, 37);
}

static void uuids_have_their_form_and_differ(void **state)
{
  enum { MANY = 1000 };
  char(*uuids)[37] = calloc(MANY, sizeof *uuids);
  int i;
  (void)state;
  assert_non_null(uuids);
  for (i = 0; i < MANY; i++) {
    zuora_uuid(uuids[i]);
    check_form(uuids[i]);
  }
  qsort(uuids, MANY, sizeof *uuids, compare);
  for (i = 1; i < MANY; i++)
    assert_string_not_equal(uuids[i - 1], uuids[i]);
  free(uuids);
}

static void version_and_variant_are_set_over_any_bytes(void **state)
{
  char uuid[37];
  (void)state;
  fixed = 0;
  zuora_uuid(uuid);
  assert_string_equal(uuid, "00000000-0000-4000-8000-000000000000");
  fixed = 255;
  zuora_uuid(uuid);
  assert_string_equal(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

static void without_random_numbers_the_clock_has_to_do(void **state)
{
  char one[37], two[37];
  double most = 0;
  int i;
  (void)state;
  broken = 1;
  zuora_uuid(one);
  zuora_uuid(two);
  check_form(one);
  check_form(two);
  assert_string_not_equal(one, two);
  for (i = 0; i < 1000; i++) {
    double chance = zuora_chance();
    assert_true(chance >= 0 && chance < 1);
    most = chance > most ? chance : most;
  }
  assert_true(most > 0.5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
  const struct CMUnitTest tests[] = {
      TEST(the_clock_goes_forward), TEST(chances_are_from_0_to_1_and_differ),
      TEST(uuids_have_their_form_and_differ),
      TEST(version_and_variant_are_set_over_any_bytes),
      TEST(without_random_numbers_the_clock_has_to_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
