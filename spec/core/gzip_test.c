/* Bodies in gzip form, read back by zlib. */
#include "request.h"
#include "support.h"

#include <stdlib.h>
#include <zlib.h>

static zuora_text text;

static void check_round_trip(const char *data, size_t size)
{
  char *back = malloc(size + 1);
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  assert_non_null(back);
  zuora__text_init(&text, size + 100);
  zuora__text_add(&text, data, size);
  assert_int_equal(zuora__gzip(&text), ZUORA_OK);
  assert_int_equal(text.data[text.size], 0);
  assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = (unsigned char *)text.data;
  stream.avail_in = (unsigned)text.size;
  stream.next_out = (unsigned char *)back;
  stream.avail_out = (unsigned)size + 1;
  assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
  assert_int_equal(stream.total_out, size);
  assert_int_equal(stream.avail_in, 0);
  assert_memory_equal(back, data, size);
  inflateEnd(&stream);
  free(back);
  zuora__text_free(&text);
}

static void comes_back_as_it_was(void **state)
{
  (void)state;
  check_round_trip("{}", 2);
  check_round_trip("a\0b", 3);
  check_round_trip("", 0);
}

/* More than one chunk of output, so of what can hardly be compressed. */
static void large_ones_too(void **state)
{
  enum { SIZE = 100000 };
  char *data = malloc(SIZE);
  unsigned seed = 1;
  size_t i;
  (void)state;
  assert_non_null(data);
  for (i = 0; i < SIZE; i++) {
    seed = seed * 1103515245 + 12345;
    data[i] = (char)(seed >> 16);
  }
  check_round_trip(data, SIZE);
  memset(data, 'a', SIZE);
  check_round_trip(data, SIZE);
  free(data);
}

static void stays_as_it_was_when_it_does_not_fit(void **state)
{
  (void)state;
  zuora__text_init(&text, 10);
  zuora__text_put(&text, "abc");
  assert_int_equal(zuora__gzip(&text), ZUORA_ARGUMENT);
  assert_string_equal(text.data, "abc");
  assert_int_equal(text.failed, ZUORA_OK);
  zuora__text_free(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_back_as_it_was), cmocka_unit_test(large_ones_too),
      cmocka_unit_test(stays_as_it_was_when_it_does_not_fit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
