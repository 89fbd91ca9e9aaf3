-- Calls that Zuora does not have: one that tells what it was sent, and one
-- that answers in each shape that an error of Zuora's can have.
local answer = require "zuora_sandbox.answer"
local journal = require "zuora_sandbox.journal"
local json = require "zuora_sandbox.json"

local samples = {}

local SHOWN = { "accept", "content-type", "zuora-version", "zuora-track-id",
  "zuora-entity-ids", "zuora-org-ids", "idempotency-key", "user-agent",
  "content-encoding", "accept-encoding" }

--- Any method on /v1/_echo/...
function samples.echo(x)
  local headers = {}
  for _, name in ipairs(SHOWN) do
    headers[name] = x.headers[name]
  end
  local body = json.null
  if x.body ~= "" then
    body = json.decode(x.body) ~= nil and json.raw(x.body) or x.body
  end
  if x.method ~= "GET" then
    journal.effect(x, "echoed")
  end
  return answer.ok { method = x.method, path = x.path, query = x.query,
    target = x.target, headers = headers, body = body }
end

local HTML = "text/html"

local function page(title)
  return ("<HTML><HEAD><TITLE>%s</TITLE></HEAD><BODY><H1>%s</H1>" ..
    "<P>Something is not right.</P></BODY></HTML>"):format(title, title)
end

-- Each: name, status, body, type (JSON where none is given).
local SHAPES = {
  { "rest", 200, '{"success":false,"processId":"CBCFED6580B4E076","reasons":' ..
    '[{"code":53100320,"message":"\'termType\' value should be one of: ' ..
    'TERMED, EVERGREEN"}]}' },
  { "rest_several", 200, '{"success":false,"processId":"CBCFED6580B4E076",' ..
    '"reasons":[{"code":53100320,"message":"one"},' ..
    '{"code":53100322,"message":"two"}]}' },
  { "login", 401, '{"success":false,"reasons":[{"code":90000011,"message":' ..
    '"this resource is protected, please sign in first"}]}' },
  { "bad_entity", 400, '{"success":false,"reasons":[{"code":90000020,' ..
    '"message":"Invalid entity"}]}' },
  { "string_code", 400, '{"reasons":[{"code":"53400070","message":' ..
    '"The limit is exceeded"}]}' },
  { "word_code", 500, '{"reasons":[{"code":"SystemError","message":' ..
    '"An internal error"}]}' },
  { "rate_limit", 429, '{"reasons":[{"code":70,"message":"API Rate limit ' ..
    'exceeded for the minute, retry after 600 seconds"}]}' },
  { "concurrency", 429, '{"success":false,"reasons":[{"code":50000070,' ..
    '"message":"Too many calls at once"}]}' },
  { "message", 401, '{"message":"Authentication error"}' },
  { "user_info", 401, '{"message":"Failed to get user info"}' },
  { "unknown_fields", 400, '{"message":"Error - unrecognised fields"}' },
  { "no_token", 400, '{"message":"No bearer token"}' },
  { "gateway_limit", 429, '{"message":"request exceeded limit"}' },
  { "crud", 400, '{"Success":false,"Errors":[{"Code":"INVALID_VALUE",' ..
    '"Message":"The account number is invalid"}]}' },
  { "actions", 200, '[{"Success":false,"Errors":[{"Code":"INVALID_VALUE",' ..
    '"Message":"The account number is invalid"}]}]' },
  { "fault", 400, '{"faultcode":"fns:INVALID_SESSION","faultstring":' ..
    '"Invalid session. Session may have timed out."}' },
  { "errors", 400, '{"errors":[{"code":"invalid","status":400,' ..
    '"title":"The workflow is not right"}]}' },
  { "code_message", 400, '{"code":40001,"message":"The object is not right",' ..
    '"details":["a field"]}' },
  { "error_message", 400, '{"errorMessage":"The template is not right"}' },
  { "error_object", 400, '{"error":{"code":"invalid",' ..
    '"message":"The query is not right"}}' },
  { "gateway", 401, '{"timestamp":"2026-01-02T03:04:05.678+00:00",' ..
    '"status":401,"error":"Unauthorized","message":"Access is denied",' ..
    '"path":"/v1/_shape/gateway"}' },
  { "deactivated", 403, '{"status":403,"error":"Forbidden","message":' ..
    '"The user is deactivated","path":"/oauth/token"}' },
  { "html_503", 503, page "Service Unavailable", HTML },
  { "html_400", 400, page "Bad Request", HTML },
  { "html_403", 403, page "403 Forbidden", HTML },
  { "html_414", 414, page "414 Request-URI Too Large", HTML },
  { "html_200", 200, page "Maintenance", HTML },
  { "text_500", 500, "We're sorry, but something went wrong.", "text/plain" },
  { "empty_500", 500, "", "text/plain" },
}

local BY_NAME = {}
for _, row in ipairs(SHAPES) do
  BY_NAME[row[1]] = row
end

local function list_shapes()
  local names = {}
  for i, row in ipairs(SHAPES) do
    names[i] = row[1]
  end
  return answer.ok { names = json.array(names) }
end

--- /v1/_shape/ lists them, /v1/_shape/NAME answers so.
function samples.shape(x)
  local name = x.params.id
  if not name or name == "" then
    return list_shapes()
  end
  local row = BY_NAME[name]
  if not row then
    return answer.failure(404, 50000040, "no shape " .. name)
  end
  local given = answer.text(row[2],
    row[4] or "application/json;charset=utf-8", row[3])
  if row[4] == HTML then
    given.headers.Server = "AkamaiGHost"
  end
  return given
end

return samples
