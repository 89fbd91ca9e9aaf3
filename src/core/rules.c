/* rules.c: what a value must keep to, checked before anything is sent. */
#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

zuora_code zuora__fail(zuora_error *error, zuora_code code,
                       const char *parameter, const char *format, ...)
{
  va_list arguments;
  error->code = code;
  error->parameter = parameter;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return code;
}

static int is_choice(const char *choices, const char *data, size_t size)
{
  while (*choices) {
    size_t length = strcspn(choices, "|");
    if (length == size && !memcmp(choices, data, size))
      return 1;
    choices += length + (choices[length] == '|');
  }
  return 0;
}

/* "inbound|outbound" as a person reads it. */
static zuora_code fail_choice(const zuora_parameter *p, zuora_error *error)
{
  char list[100];
  size_t n = 0;
  const char *c;
  for (c = p->choices; *c && n + 6 < sizeof list; c++) {
    if (*c == '|')
      n += (size_t)snprintf(list + n, sizeof list - n, " or ");
    else
      list[n++] = *c;
  }
  list[n] = '\0';
  return zuora__fail(error, ZUORA_ARGUMENT, p->name, "must be %s", list);
}

static zuora_code check_length(const zuora_parameter *p, size_t size,
                               zuora_error *error)
{
  if (!size && p->minimum)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name, "may not be empty");
  if (size < (size_t)p->minimum)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "must be at least %d bytes long, not %lu", p->minimum,
                       (unsigned long)size);
  if (p->maximum && size > (size_t)p->maximum)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "may be at most %d bytes long, not %lu", p->maximum,
                       (unsigned long)size);
  return ZUORA_OK;
}

/* The track id alone names refused characters, and is US-ASCII. */
static zuora_code check_characters(const zuora_parameter *p,
                                   const zuora_value *v, zuora_error *error)
{
  size_t i;
  for (i = 0; i < v->size; i++) {
    unsigned char c = (unsigned char)v->data[i];
    if (c >= 128)
      return zuora__fail(error, ZUORA_ARGUMENT, p->name, "must be US-ASCII");
    if (c && strchr(p->refused, c))
      return zuora__fail(error, ZUORA_ARGUMENT, p->name, "may not hold %c", c);
  }
  return ZUORA_OK;
}

/* libcurl leaves out a header of which nothing but blanks is to be seen. */
static int is_blank(const zuora_value *v)
{
  size_t n = 0;
  while (n < v->size && v->data[n] == ' ')
    n++;
  return n == v->size;
}

static zuora_code check_string(const zuora_parameter *p, const zuora_value *v,
                               zuora_error *error)
{
  zuora_code code = check_length(p, v->size, error);
  int fault;
  if (!code && p->choices && !is_choice(p->choices, v->data, v->size))
    code = fail_choice(p, error);
  if (!code && p->refused)
    code = check_characters(p, v, error);
  if (code)
    return code;
  if (p->place == ZUORA_AS_CONTENT)
    return ZUORA_OK;
  fault = zuora__header_fault(v->data, v->size);
  if (fault >= 0)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "may not hold control characters (found byte %d)",
                       fault);
  if (p->place == ZUORA_IN_HEADER && is_blank(v))
    return zuora__fail(error, ZUORA_ARGUMENT, p->name, "may not be blank");
  if (p->place == ZUORA_IN_PATH && zuora__is_dots(v->data, v->size))
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "may not be . or .., which would name another resource");
  return ZUORA_OK;
}

static zuora_code check_number(const zuora_parameter *p, double number,
                               zuora_error *error)
{
  if (p->kind == ZUORA_NUMBER) {
    if (number > p->minimum && number <= p->maximum)
      return ZUORA_OK;
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "must be more than %d and at most %d", p->minimum,
                       p->maximum);
  }
  if (!(number > -9e15 && number < 9e15) || (double)(long long)number != number)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "must be a whole number");
  if (p->maximum && (number < p->minimum || number > p->maximum))
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "must be from %d to %d, not %.0f", p->minimum,
                       p->maximum, number);
  if (number < p->minimum)
    return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                       "must be at least %d, not %.0f", p->minimum, number);
  return ZUORA_OK;
}

zuora_code zuora__value_check(const zuora_parameter *parameter,
                              const zuora_value *value, zuora_error *error)
{
  switch (parameter->kind) {
  case ZUORA_STRING:
    return check_string(parameter, value, error);
  case ZUORA_INTEGER:
  case ZUORA_NUMBER:
    return check_number(parameter, value->number, error);
  default:
    return ZUORA_OK;
  }
}

static int is_given(const zuora_operation *operation, const zuora_value *values,
                    const char *name)
{
  size_t i;
  for (i = 0; operation->parameters[i]; i++)
    if (values[i].present && !strcmp(operation->parameters[i]->name, name))
      return 1;
  return 0;
}

/* That no other parameter of the same group is given. */
static zuora_code check_group(const zuora_operation *operation,
                              const zuora_value *values, size_t i,
                              zuora_error *error)
{
  const zuora_parameter *p = operation->parameters[i];
  while (i-- > 0) {
    const zuora_parameter *other = operation->parameters[i];
    if (values[i].present && other->group && !strcmp(other->group, p->group))
      return zuora__fail(error, ZUORA_ARGUMENT, p->name,
                         "may not be given together with %s", other->name);
  }
  return ZUORA_OK;
}

zuora_code zuora__values_check(const zuora_operation *operation,
                               const zuora_value *values, zuora_error *error)
{
  size_t i;
  zuora_code code = ZUORA_OK;
  for (i = 0; !code && operation->parameters[i]; i++) {
    const zuora_parameter *p = operation->parameters[i];
    if (!values[i].present) {
      if (p->flags & ZUORA_REQUIRED)
        code = zuora__fail(error, ZUORA_MISUSE, p->name, "is required");
      continue;
    }
    code = zuora__value_check(p, &values[i], error);
    if (!code && p->needs && !is_given(operation, values, p->needs))
      code = zuora__fail(error, ZUORA_ARGUMENT, p->name,
                         "may only be given together with %s", p->needs);
    if (!code && p->group)
      code = check_group(operation, values, i, error);
  }
  return code;
}

/* ---- headers given by name ---------------------------------------------- */

/* Headers that this library or libcurl sets, or that would let one request
 * pass for another. */
static int is_reserved(const char *name, size_t size)
{
  static const char *const reserved[] = {"Accept",
                                         "Accept-Encoding",
                                         "apiAccessKeyId",
                                         "Authorization",
                                         "apiSecretAccessKey",
                                         "Connection",
                                         "Content-Length",
                                         "Content-Type",
                                         "Cookie",
                                         "Expect",
                                         "Host",
                                         "HTTP2-Settings",
                                         "Keep-Alive",
                                         "Proxy-Authorization",
                                         "Proxy-Connection",
                                         "TE",
                                         "Trailer",
                                         "Transfer-Encoding",
                                         "Upgrade"};
  size_t i;
  for (i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (zuora__same(name, size, reserved[i]))
      return 1;
  return 0;
}

zuora_code zuora__header_check(const zuora_operation *operation,
                               const zuora_parameter *parameter,
                               const zuora_value *name,
                               const zuora_value *value, zuora_error *error)
{
  int shown = name->size < 60 ? (int)name->size : 60;
  size_t i;
  if (!zuora__is_token(name->data, name->size))
    return zuora__fail(error, ZUORA_ARGUMENT, parameter->name,
                       "holds a name that no header can have");
  if (zuora__header_fault(value->data, value->size) >= 0)
    return zuora__fail(error, ZUORA_ARGUMENT, parameter->name,
                       "may not hold control characters (in %.*s)", shown,
                       name->data);
  if (is_blank(value))
    return zuora__fail(error, ZUORA_ARGUMENT, parameter->name,
                       "may not be blank (%.*s is)", shown, name->data);
  if (is_reserved(name->data, name->size))
    return zuora__fail(error, ZUORA_ARGUMENT, parameter->name,
                       "may not hold %.*s, which the library sets", shown,
                       name->data);
  for (i = 0; operation->parameters[i]; i++) {
    const zuora_parameter *p = operation->parameters[i];
    if (p->place == ZUORA_IN_HEADER && p->wire &&
        zuora__same(name->data, name->size, p->wire))
      return zuora__fail(error, ZUORA_ARGUMENT, parameter->name,
                         "may not hold %s; it is the option %s", p->wire,
                         p->name);
  }
  return ZUORA_OK;
}
