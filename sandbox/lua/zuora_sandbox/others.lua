-- Entities, an echo for free requests, and a sample of every shape of error.
local answer = require "zuora_sandbox.answer"

local others = {}

-- ---- entities --------------------------------------------------------------

function others.entities(state, request)
  local wanted = request.args.provisioned
  local found = {}
  for _, entity in ipairs(state.entity_order) do
    local is = tostring(entity.status == "Provisioned")
    if wanted == nil or wanted == is then
      found[#found + 1] = entity
    end
  end
  return answer.ok { entities = answer.list(found) }
end

function others.entity(state, id)
  local entity = state.entities[id]
  if not entity then
    return answer.fail(state, 40, ("Cannot find entity by key: '%s'."):format(
      id), state.assumptions.unknown_id)
  end
  local copy = {}
  for key, value in pairs(entity) do
    copy[key] = value
  end
  return answer.ok(copy)
end

-- ---- /v1/_echo/... ---------------------------------------------------------

function others.echo(_, request)
  if request.method ~= "GET" then
    request.effect = "echo"
  end
  return answer.ok {
    method = request.method, target = request.target, body = request.json,
    query = next(request.args) and request.args or nil,
  }
end

-- ---- /v1/_shape/... --------------------------------------------------------

local REASONS = { { code = 53100320, message = "'termType' value should be "
  .. "one of: TERMED, EVERGREEN" } }

-- status, body; and what is not JSON.
local shapes = {
  rest = { 200, { success = false, processId = "CBCFED6580B4E076",
    reasons = REASONS } },
  rest_without_process = { 401, { success = false, reasons = { {
    code = 90000011, message = "this resource is protected" } } } },
  reasons_only = { 400, { reasons = { { code = "53400070",
    message = "limit" } } } },
  reasons_named = { 500, { reasons = { { code = "SystemError",
    message = "An internal error" } } } },
  rate_limit = { 429, { reasons = { { code = 70,
    message = "API Rate limit exceeded for the minute, retry after 600 "
      .. "seconds" } } } },
  message = { 401, { message = "Authentication error" } },
  crud = { 400, { Success = false, Errors = { { Code = "INVALID_VALUE",
    Message = "The value is invalid" } } } },
  actions = { 200, { { Success = false, Errors = { {
    Code = "INVALID_VALUE", Message = "The value is invalid" } } } } },
  actions_in_part = { 200, { { Success = true, Id = "1" },
    { Success = false, Errors = { { Code = "INVALID_VALUE",
      Message = "The value is invalid" } } } } },
  fault = { 200, { faultcode = "fns:INVALID_SESSION",
    faultstring = "Invalid login" } },
  errors = { 400, { errors = { { code = "BadRequest", status = 400,
    title = "Bad request" } } } },
  code = { 400, { code = 400, message = "Bad field", details = { "x" } } },
  error_message = { 400, { errorMessage = "It failed" } },
  error_object = { 404, { error = { code = "NotFound",
    message = "No such record" } } },
  gateway = { 401, { timestamp = "2026-01-01T00:00:00Z", status = 401,
    error = "Unauthorized", message = "Invalid token", path = "/v1/x" } },
  no_bearer = { 400, { message = "No bearer token" } },
  exceeded = { 429, { message = "request exceeded limit" } },
  html = { 503, "<html><h1>Service Unavailable</h1></html>", "text/html" },
  too_large = { 414, "<html><h1>414 Request-URI Too Large</h1></html>",
    "text/html" },
  text = { 500, "We're sorry, but something went wrong.", "text/plain" },
  html_200 = { 200, "<!DOCTYPE html><title>Sign in</title>", "text/html" },
  cut = { 200, '{"success": tr', "application/json" },
  empty_failure = { 400, "" , "application/json" },
  success_only = { 200, { success = false } },
}

function others.shape(_, name)
  if name == "" then
    local names = {}
    for known in pairs(shapes) do
      names[#names + 1] = known
    end
    table.sort(names)
    return answer.ok { names = names }
  end
  local shape = shapes[name]
  if not shape then
    return { status = 404, body = { success = false, reasons = { {
      code = 50000040, message = "no such shape" } } } }
  end
  return { status = shape[1], body = shape[2],
    headers = { ["Content-Type"] = shape[3] } }
end

return others
