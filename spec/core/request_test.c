/* What is made of an operation and its values. */
#include "request.h"
#include "support.h"

static zuora_base base;
static zuora_request request;
static zuora_error error;

static int setup(void **state)
{
  (void)state;
  memset(&error, 0, sizeof error);
  zuora__request_init(&request);
  return (int)zuora__base_read(&base, "https://rest.zuora.com/", 0, &error);
}

static int teardown(void **state)
{
  (void)state;
  zuora__request_free(&request);
  return 0;
}

static zuora_code build(const call *c)
{
  zuora__request_free(&request);
  zuora__request_init(&request);
  memset(&error, 0, sizeof error);
  return zuora__request_build(&request, &base, c->operation, c->values, &error);
}

static void must_build(const call *c)
{
  if (build(c))
    fail_msg("%s: %s", c->operation->name, error.message);
}

static int has_header(const char *line)
{
  const char *header;
  size_t i;
  for (i = 0; (header = zuora_request_header(&request, i)) != NULL; i++)
    if (!strcmp(header, line))
      return 1;
  return 0;
}

static size_t header_count(void)
{
  size_t n = 0;
  while (zuora_request_header(&request, n))
    n++;
  return n;
}

static void check_body(const char *body)
{
  size_t size;
  const char *data = zuora_request_body(&request, &size);
  if (!body) {
    assert_null(data);
    assert_int_equal(size, 0);
    return;
  }
  assert_int_equal(size, strlen(body));
  assert_memory_equal(data, body, size);
}

/* ---- every operation ---------------------------------------------------- */

typedef struct shape {
  const char *operation, *given[3][2], *method, *path, *body, *type;
  int writes, headers;
} shape;

#define JSON "Content-Type: application/json"
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define LIST "/v1/entity-connections"

static const shape shapes[] = {
    {"connections.list", {{0}}, "GET", LIST, NULL, NULL, 0, 1},
    {"connections.list",
     {{"type", "inbound"}},
     "GET",
     LIST "?type=inbound",
     NULL,
     NULL,
     0,
     1},
    {"connections.list",
     {{"next_page", "https://rest.zuora.com/v1/entity-connections?page=2"}},
     "GET",
     LIST "?page=2",
     NULL,
     NULL,
     0,
     1},
    {"connections.initiate",
     {{"target_entity_id", "8a80"}, {"idempotency_key", "k 1"}},
     "POST",
     LIST,
     "{\"targetEntityId\":\"8a80\"}",
     JSON,
     1,
     3},
    {"connections.accept",
     {{"connection_id", "c1"}},
     "PUT",
     LIST "/c1/accept",
     "{}",
     JSON,
     1,
     2},
    {"connections.deny",
     {{"connection_id", "c1"}},
     "PUT",
     LIST "/c1/deny",
     "{}",
     JSON,
     1,
     2},
    {"connections.disconnect",
     {{"connection_id", "c1"}},
     "PUT",
     LIST "/c1/disconnect",
     "{}",
     JSON,
     1,
     2},
    {"session.establish",
     {{"api_access_key_id", "me"}, {"api_secret_access_key", "pass"}},
     "POST",
     "/v1/connections",
     "{}",
     JSON,
     0,
     4},
    {"entities.list", {{0}}, "GET", "/v1/entities", NULL, NULL, 0, 1},
    {"entities.get",
     {{"id", "e1"}},
     "GET",
     "/v1/entities/e1",
     NULL,
     NULL,
     0,
     1},
    {"oauth.token",
     {{"client_id", "a b"},
      {"client_secret", "+/="},
      {"grant_type", "client_credentials"}},
     "POST",
     "/oauth/token",
     "client_id=a%20b&client_secret=%2B%2F%3D&grant_type=client_credentials",
     FORM,
     0,
     2},
    {"request", {{"path", "/v1/x"}}, "GET", "/v1/x", NULL, NULL, 0, 1},
    {"request",
     {{"path", "/v1/x"}, {"method", "POST"}, {"body", "[1]"}},
     "POST",
     "/v1/x",
     "[1]",
     JSON,
     1,
     2},
    {"request",
     {{"path", "/v1/x"}, {"method", "PUT"}},
     "PUT",
     "/v1/x",
     NULL,
     JSON,
     1,
     2},
    {"request",
     {{"path", "/v1/x"}, {"method", "PATCH"}, {"body", "{}"}},
     "PATCH",
     "/v1/x",
     "{}",
     JSON,
     1,
     2},
    {"request",
     {{"path", "/v1/x"}, {"method", "DELETE"}},
     "DELETE",
     "/v1/x",
     NULL,
     NULL,
     1,
     1},
    {"request",
     {{"path", "/v1/x"}, {"method", "DELETE"}, {"body", "1"}},
     "DELETE",
     "/v1/x",
     "1",
     JSON,
     1,
     2}};

static void check_shape(const shape *s)
{
  call c = call_of(s->operation);
  char url[200];
  size_t i;
  for (i = 0; i < COUNT(s->given) && s->given[i][0]; i++)
    give(&c, s->given[i][0], string_value(s->given[i][1]));
  must_build(&c);
  assert_string_equal(zuora_request_method(&request), s->method);
  snprintf(url, sizeof url, "https://rest.zuora.com%s", s->path);
  assert_string_equal(zuora_request_url(&request), url);
  check_body(s->body);
  assert_true(has_header("Accept: application/json"));
  if (s->type)
    assert_true(has_header(s->type));
  assert_int_equal(header_count(), s->headers);
  assert_int_equal(zuora_request_writes(&request), s->writes);
  assert_false(zuora_request_names_entity(&request));
}

static void each_operation_has_its_shape(void **state)
{
  size_t i, k, count;
  const zuora_operation *rows = zuora_operations(&count);
  (void)state;
  for (i = 0; i < COUNT(shapes); i++)
    check_shape(&shapes[i]);
  for (i = 0; i < count; i++) {
    int found = 0;
    for (k = 0; k < COUNT(shapes); k++)
      found |= !strcmp(rows[i].name, shapes[k].operation);
    if (!found)
      fail_msg("no shape for %s", rows[i].name);
  }
  assert_null(zuora_operation_find("connections"));
  assert_null(zuora_operation_find("connections.accept2"));
}

static void options_go_where_their_row_says(void **state)
{
  call c = call_of("connections.list");
  (void)state;
  give(&c, "type", string_value("outbound"));
  give(&c, "page_size", number_value(300));
  give(&c, "page", number_value(1e9));
  give(&c, "zuora_track_id", string_value("t 1"));
  give(&c, "zuora_entity_ids", string_value("e"));
  give(&c, "timeout", number_value(3));
  must_build(&c);
  assert_string_equal(zuora_request_url(&request),
                      "https://rest.zuora.com" LIST
                      "?type=outbound&pageSize=300&page=1000000000");
  assert_true(has_header("Zuora-Track-Id: t 1"));
  assert_true(has_header("Zuora-Entity-Ids: e"));
  assert_int_equal(header_count(), 3);
  assert_true(zuora_request_names_entity(&request));
  c = call_of("entities.list");
  give(&c, "provisioned", number_value(1));
  must_build(&c);
  assert_non_null(strstr(zuora_request_url(&request), "?provisioned=true"));
  give(&c, "provisioned", number_value(0));
  must_build(&c);
  assert_non_null(strstr(zuora_request_url(&request), "?provisioned=false"));
}

static void path_parameters_are_encoded_whole(void **state)
{
  call c = call_of("connections.accept");
  (void)state;
  give(&c, "connection_id", string_value("../a b/?x=1#%2e\xc3\xa9&;"));
  must_build(&c);
  assert_string_equal(zuora_request_url(&request),
                      "https://rest.zuora.com" LIST
                      "/..%2Fa%20b%2F%3Fx%3D1%23%252e%C3%A9%26%3B/accept");
}

static void json_members_are_escaped(void **state)
{
  call c = call_of("connections.initiate");
  (void)state;
  give(&c, "target_entity_id", string_value("\",\"x\":\"\\"));
  must_build(&c);
  check_body("{\"targetEntityId\":\"\\\",\\\"x\\\":\\\"\\\\\"}");
}

/* ---- targets ------------------------------------------------------------ */

static void check_target(const char *target, const char *url)
{
  call c = call_of("request");
  give(&c, "path", string_value(target));
  must_build(&c);
  assert_string_equal(zuora_request_url(&request), url);
}

static void refuses_target(const char *target, const char *message)
{
  call c = call_of("request");
  give(&c, "path", string_value(target));
  assert_int_equal(build(&c), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "path", message);
}

static void targets_stay_at_the_origin(void **state)
{
  static const char elsewhere[] = "leads to another origin than "
                                  "https://rest.zuora.com, where no "
                                  "credentials are sent";
  static const char begin[] = "must begin with / or be a URL of "
                              "https://rest.zuora.com";
  (void)state;
  check_target("/v1/x?y=%20", "https://rest.zuora.com/v1/x?y=%20");
  check_target("//evil.example/x", "https://rest.zuora.com//evil.example/x");
  check_target("HTTPS://REST.ZUORA.COM:443/x", "https://rest.zuora.com/x");
  check_target("https://rest.zuora.com", "https://rest.zuora.com");
  check_target("https://rest.zuora.com?a=1", "https://rest.zuora.com?a=1");
  refuses_target("https://rest.zuora.com.evil.example/x", elsewhere);
  refuses_target("https://rest.zuora.com:8443/x", elsewhere);
  refuses_target("http://rest.zuora.com/x", elsewhere);
  refuses_target("https://rest.na.zuora.com/x", elsewhere);
  refuses_target("https://rest.zuora.com@evil.example/x", begin);
  refuses_target("v1/x", begin);
  refuses_target("javascript:x", begin);
  refuses_target("\\\\evil.example", begin);
  refuses_target("/v1/../x", "may not hold '.' or '..' as a step");
  refuses_target("https://rest.zuora.com/%2e%2e/x", "as a step");
  refuses_target("/v1/x y", "may hold only printable ASCII");
  refuses_target("/v1#x", "may not hold a backslash or a fragment");
}

static void a_prefix_is_kept(void **state)
{
  call c = call_of("entities.get");
  (void)state;
  assert_int_equal(
      zuora__base_read(&base, "https://gw.example:8443/a/b//", 0, &error),
      ZUORA_OK);
  assert_string_equal(base.url, "https://gw.example:8443/a/b");
  give(&c, "id", string_value("x"));
  must_build(&c);
  assert_string_equal(zuora_request_url(&request),
                      "https://gw.example:8443/a/b/v1/entities/x");
  check_target("/v1/x", "https://gw.example:8443/a/b/v1/x");
  check_target("https://gw.example:8443/v1/x", "https://gw.example:8443/v1/x");
}

static void a_target_stands_for_the_query(void **state)
{
  call c = call_of("connections.list");
  (void)state;
  give(&c, "next_page", string_value("/v1/entity-connections?page=2"));
  give(&c, "type", string_value("inbound"));
  assert_int_equal(build(&c), ZUORA_ARGUMENT);
  check_error(&error, ZUORA_ARGUMENT, "type",
              "may not be given together with next_page");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {TEST(each_operation_has_its_shape),
                                     TEST(options_go_where_their_row_says),
                                     TEST(path_parameters_are_encoded_whole),
                                     TEST(json_members_are_escaped),
                                     TEST(targets_stay_at_the_origin),
                                     TEST(a_prefix_is_kept),
                                     TEST(a_target_stands_for_the_query)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
