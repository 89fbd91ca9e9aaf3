/* What a value must keep to. */
#include "request.h"
#include "support.h"

#include <math.h>

static zuora_error error;

static zuora_code check_call(const call *c)
{
  memset(&error, 0, sizeof error);
  return zuora__values_check(c->operation, c->values, &error);
}

/* That the value of one option is taken by an operation that needs no other. */
static void takes(const char *operation, const char *name, zuora_value value)
{
  call c = call_of(operation);
  give(&c, name, value);
  if (check_call(&c))
    fail_msg("%s %s", name, error.message);
}

static void refuses(const char *operation, const char *name, zuora_value value,
                    const char *message)
{
  call c = call_of(operation);
  give(&c, name, value);
  assert_int_equal(check_call(&c), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, name, message);
}

static void required_ones_must_be_there(void **state)
{
  call c = call_of("connections.accept");
  (void)state;
  assert_int_equal(check_call(&c), ZUORA_MISUSE);
  check_error(&error, ZUORA_MISUSE, "connection_id", "is required");
  c = call_of("request");
  check_call(&c);
  check_error(&error, ZUORA_MISUSE, "path", "is required");
}

static void strings_have_lengths(void **state)
{
  static const char letters[] = "0123456789012345678901234567890123456789"
                                "0123456789012345678901234567890123456789";
  (void)state;
  takes("connections.list", "zuora_track_id", bytes_value(letters, 1));
  takes("connections.list", "zuora_track_id", bytes_value(letters, 64));
  refuses("connections.list", "zuora_track_id", bytes_value(letters, 65),
          "may be at most 64 bytes long, not 65");
  refuses("connections.list", "zuora_track_id", string_value(""),
          "may not be empty");
  takes("connections.initiate", "target_entity_id", bytes_value(letters, 32));
  refuses("connections.initiate", "target_entity_id", bytes_value(letters, 33),
          "may be at most 32 bytes long, not 33");
  takes("connections.list", "traceparent", bytes_value(letters, 55));
  refuses("connections.list", "traceparent", bytes_value(letters, 54),
          "must be at least 55 bytes long, not 54");
  refuses("connections.list", "traceparent", string_value(""),
          "may not be empty");
}

static void idempotency_keys_have_255_bytes_at_most(void **state)
{
  char key[256];
  call c = call_of("connections.initiate");
  (void)state;
  memset(key, 'k', sizeof key);
  give(&c, "target_entity_id", string_value("x"));
  give(&c, "idempotency_key", bytes_value(key, 255));
  assert_int_equal(check_call(&c), ZUORA_OK);
  give(&c, "idempotency_key", bytes_value(key, 256));
  check_call(&c);
  check_error(&error, ZUORA_ARGUMENT, "idempotency_key", "at most 255 bytes");
}

static void choices_are_to_the_letter(void **state)
{
  static const char *const wrong[] = {
      "",         "in",       "inbound|outbound", "Inbound",
      "inboundx", "inbound|", "|outbound"};
  size_t i;
  (void)state;
  takes("connections.list", "type", string_value("inbound"));
  takes("connections.list", "type", string_value("outbound"));
  for (i = 0; i < COUNT(wrong); i++)
    refuses("connections.list", "type", string_value(wrong[i]),
            "must be inbound or outbound");
  refuses("connections.list", "type", bytes_value("inbound\0", 8),
          "must be inbound or outbound");
}

static void a_list_of_choices_is_cut_rather_than_overrun(void **state)
{
  char choices[200];
  zuora_parameter p;
  zuora_value value = string_value("x");
  (void)state;
  memset(&p, 0, sizeof p);
  memset(choices, 'a', sizeof choices);
  choices[sizeof choices - 1] = '\0';
  p.name = "p";
  p.choices = choices;
  assert_int_equal(zuora__value_check(&p, &value, &error), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "p", "must be aaaa");
  memset(choices, '|', sizeof choices - 1);
  assert_int_equal(zuora__value_check(&p, &value, &error), ZUORA_ARGUMENT);
  assert_true(strlen(error.message) < 120);
}

/* A message that quotes much is cut, not run over. */
static void messages_are_bounded(void **state)
{
  char long_name[300];
  call c = call_of("request");
  zuora_value value = string_value("x"), name;
  (void)state;
  memset(long_name, 'a', sizeof long_name);
  name = bytes_value(long_name, 299);
  long_name[299] = '\0';
  value = string_value("a\nb");
  assert_int_equal(zuora__header_check(c.operation, parameter_of(&c, "headers"),
                                       &name, &value, &error),
                   ZUORA_ARGUMENT);
  assert_true(strlen(error.message) < 120);
  zuora__fail(&error, ZUORA_NETWORK, NULL, "%s", long_name);
  assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void track_ids_have_their_characters(void **state)
{
  static const char refused[] = ":;\"'";
  char id[4] = "a b";
  size_t i;
  (void)state;
  takes("connections.list", "zuora_track_id",
        string_value("nightly run 42/eu!"));
  for (i = 0; refused[i]; i++) {
    char message[32];
    id[1] = refused[i];
    snprintf(message, sizeof message, "may not hold %c", refused[i]);
    refuses("connections.list", "zuora_track_id", string_value(id), message);
  }
  refuses("connections.list", "zuora_track_id", string_value("\xc3\xa9"),
          "must be US-ASCII");
}

static void nothing_holds_control_characters(void **state)
{
  static const struct {
    const char *operation, *name;
  } all[] = {{"connections.list", "zuora_track_id"},
             {"connections.list", "zuora_entity_ids"},
             {"connections.list", "entity_id"},
             {"connections.list", "entity_name"},
             {"connections.list", "next_page"},
             {"connections.accept", "connection_id"},
             {"connections.initiate", "target_entity_id"},
             {"entities.get", "id"},
             {"request", "path"}};
  static const char bytes[] = {0, '\r', '\n', '\t', 1, 31, 127};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(all); i++)
    for (k = 0; k < sizeof bytes; k++) {
      char value[] = "/a?b", message[64];
      value[2] = bytes[k];
      snprintf(message, sizeof message,
               "may not hold control characters (found byte %d)", bytes[k]);
      refuses(all[i].operation, all[i].name, bytes_value(value, 4), message);
    }
}

/* libcurl leaves out a header whose value is blank: the call would go to
 * another entity than its maker thought of. */
static void header_values_are_not_blank(void **state)
{
  (void)state;
  refuses("connections.list", "zuora_entity_ids", string_value(" "),
          "may not be blank");
  refuses("connections.list", "entity_name", string_value("   "),
          "may not be blank");
  takes("connections.list", "entity_name", string_value(" a "));
}

static void bodies_may_hold_any_byte(void **state)
{
  call c = call_of("request");
  (void)state;
  give(&c, "path", string_value("/x"));
  give(&c, "body", bytes_value("a\0\n\x7f", 4));
  assert_int_equal(check_call(&c), ZUORA_OK);
  give(&c, "body", string_value(""));
  check_call(&c);
  check_error(&error, ZUORA_ARGUMENT, "body", "may not be empty");
}

static void path_parameters_are_no_dots(void **state)
{
  static const char *const dots[] = {".", "..", "%2e", "%2E%2e", ".%2e"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(dots); i++)
    refuses("connections.accept", "connection_id", string_value(dots[i]),
            "may not be . or ..");
  takes("connections.accept", "connection_id", string_value("..."));
  takes("connections.accept", "connection_id", string_value("../x"));
}

static void whole_numbers_have_bounds(void **state)
{
  static const double odd[] = {1.5, -0.5, 1e300, -1e300, 9e15};
  size_t i;
  (void)state;
  takes("connections.list", "page_size", number_value(1));
  takes("connections.list", "page_size", number_value(300));
  refuses("connections.list", "page_size", number_value(0),
          "must be from 1 to 300, not 0");
  refuses("connections.list", "page_size", number_value(301),
          "must be from 1 to 300, not 301");
  refuses("connections.list", "page_size", number_value(-7),
          "must be from 1 to 300, not -7");
  for (i = 0; i < COUNT(odd); i++)
    refuses("connections.list", "page_size", number_value(odd[i]),
            "must be a whole number");
  refuses("connections.list", "page_size", number_value((double)NAN),
          "must be a whole number");
}

static void other_numbers_have_bounds(void **state)
{
  (void)state;
  takes("connections.list", "timeout", number_value(0.001));
  takes("connections.list", "timeout", number_value(86400));
  refuses("connections.list", "timeout", number_value(0),
          "must be more than 0 and at most 86400");
  refuses("connections.list", "timeout", number_value(-1), "must be more than");
  refuses("connections.list", "timeout", number_value(86400.5),
          "must be more than");
  refuses("connections.list", "timeout", number_value((double)NAN),
          "must be more than");
  takes("connections.list", "settle", number_value(0));
}

static void some_need_others(void **state)
{
  call c = call_of("connections.list");
  (void)state;
  give(&c, "page", number_value(2));
  assert_int_equal(check_call(&c), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "page",
              "may only be given together with page_size");
  give(&c, "page_size", number_value(30));
  assert_int_equal(check_call(&c), ZUORA_OK);
  give(&c, "page", number_value(0));
  check_call(&c);
  check_error(&error, ZUORA_ARGUMENT, "page", "must be at least 1, not 0");
}

static void one_of_a_group_is_enough(void **state)
{
  call c = call_of("connections.list");
  (void)state;
  give(&c, "entity_id", string_value("x"));
  assert_int_equal(check_call(&c), ZUORA_OK);
  give(&c, "entity_name", string_value("y"));
  check_call(&c);
  check_error(&error, ZUORA_ARGUMENT, "entity_name",
              "may not be given together with entity_id");
  memset(c.values, 0, sizeof c.values);
  give(&c, "zuora_entity_ids", string_value("x"));
  give(&c, "entity_name", string_value("y"));
  check_call(&c);
  check_error(&error, ZUORA_ARGUMENT, "entity_name",
              "may not be given together with zuora_entity_ids");
}

static zuora_code check_header(const char *name, size_t size, const char *value)
{
  call c = call_of("request");
  zuora_value n = bytes_value(name, size), v = string_value(value);
  memset(&error, 0, sizeof error);
  return zuora__header_check(c.operation, parameter_of(&c, "headers"), &n, &v,
                             &error);
}

static void headers_of_ones_own_are_looked_at(void **state)
{
  (void)state;
  assert_int_equal(check_header("X-Thing", 7, "a b\xc3\xa9"), ZUORA_OK);
  assert_int_equal(check_header("Zuora-Version", 13, "341.0"), ZUORA_OK);
  check_header("X Thing", 7, "a");
  check_error(&error, ZUORA_ARGUMENT, "headers", "no header can have");
  check_header("X:", 2, "a");
  check_error(&error, ZUORA_ARGUMENT, "headers", "no header can have");
  check_header("", 0, "a");
  check_error(&error, ZUORA_ARGUMENT, "headers", "no header can have");
  check_header("X\0Y", 3, "a");
  check_error(&error, ZUORA_ARGUMENT, "headers", "no header can have");
  check_header("X-Thing", 7, "a\r\nHost: b");
  check_error(&error, ZUORA_ARGUMENT, "headers",
              "may not hold control characters (in X-Thing)");
  check_header("X-Thing", 7, " ");
  check_error(&error, ZUORA_ARGUMENT, "headers", "may not be blank");
  check_header("X-Thing", 7, "");
  check_error(&error, ZUORA_ARGUMENT, "headers", "may not be blank");
}

static void some_headers_are_the_librarys(void **state)
{
  static const char *const names[] = {"accept",
                                      "ACCEPT-ENCODING",
                                      "apiaccesskeyid",
                                      "AUTHORIZATION",
                                      "ApiSecretAccessKey",
                                      "connection",
                                      "content-length",
                                      "content-type",
                                      "cookie",
                                      "expect",
                                      "host",
                                      "http2-settings",
                                      "keep-alive",
                                      "proxy-authorization",
                                      "proxy-connection",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(names); i++) {
    check_header(names[i], strlen(names[i]), "x");
    check_error(&error, ZUORA_ARGUMENT, "headers", "which the library sets");
  }
}

static void some_headers_are_options(void **state)
{
  (void)state;
  check_header("zuora-ENTITY-ids", 16, "x");
  check_error(&error, ZUORA_ARGUMENT, "headers",
              "may not hold Zuora-Entity-Ids; it is the option "
              "zuora_entity_ids");
  check_header("Idempotency-Key", 15, "x");
  check_error(&error, ZUORA_ARGUMENT, "headers", "option idempotency_key");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(required_ones_must_be_there),
      cmocka_unit_test(strings_have_lengths),
      cmocka_unit_test(idempotency_keys_have_255_bytes_at_most),
      cmocka_unit_test(choices_are_to_the_letter),
      cmocka_unit_test(a_list_of_choices_is_cut_rather_than_overrun),
      cmocka_unit_test(messages_are_bounded),
      cmocka_unit_test(track_ids_have_their_characters),
      cmocka_unit_test(nothing_holds_control_characters),
      cmocka_unit_test(header_values_are_not_blank),
      cmocka_unit_test(bodies_may_hold_any_byte),
      cmocka_unit_test(path_parameters_are_no_dots),
      cmocka_unit_test(whole_numbers_have_bounds),
      cmocka_unit_test(other_numbers_have_bounds),
      cmocka_unit_test(some_need_others),
      cmocka_unit_test(one_of_a_group_is_enough),
      cmocka_unit_test(headers_of_ones_own_are_looked_at),
      cmocka_unit_test(some_headers_are_the_librarys),
      cmocka_unit_test(some_headers_are_options)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
