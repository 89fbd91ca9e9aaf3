-- What an answer means: a result, or an error with all that is known.
local errors = require "zuora.errors"
local json = require "zuora.json"
local shapes = require "zuora.shapes"

local answer = {}

-- Categories after which the same call may be made again: lock contention,
-- temporary, limit exceeded, external.
local REPEATABLE = { [50] = true, [61] = true, [70] = true, [99] = true }

-- Categories that leave open how far Zuora came: internal, temporary,
-- external.
local UNCERTAIN = { [60] = true, [61] = true, [99] = true }

local FAILED = {
  network = "no answer",
  timeout = "no answer in time",
  tls = "no trusted connection",
  protocol = "not an answer of Zuora's",
  cancelled = "it was cancelled",
}

local function is_safe(exchange)
  return not exchange:writes()
end

-- Copies what support will ask for from the head of an answer.
local function with_head(err, head)
  err.status = head.status
  err.zuora_request_id = head.zuora_request_id
  err.zuora_track_id = head.zuora_track_id
  err.retry_after = head.retry_after
  return err
end

-- No whole answer came.
local function transport(call, kind, message)
  local exchange = call.exchange
  local sent = exchange:sent()
  local again = kind == "network" or kind == "timeout"
  local err = errors.new {
    kind = kind,
    operation = call.operation.name,
    message = ("%s: %s"):format(FAILED[kind], call.redact(message)),
    attempts = call.attempts,
    retryable = again and (not sent or is_safe(exchange)),
  }
  if exchange:writes() then
    err.outcome = sent and "unknown" or "not_done"
  end
  return with_head(err, exchange:head())
end

local function redact_reasons(call, reasons)
  for _, reason in ipairs(reasons) do
    reason.message = reason.message and call.redact(reason.message)
    if type(reason.code) == "string" then
      reason.code = call.redact(reason.code)
    end
  end
  return reasons
end

local function kind_of(status, category, code, has_reasons)
  if status == 401 or category == 11 or code == 90000011 then
    return "auth"
  end
  if status == 429 or category == 70 then
    return "rate_limit"
  end
  return has_reasons and "api" or "http"
end

local function outcome_of(call, status, category, failed)
  if is_safe(call.exchange) then
    return nil
  end
  if failed == "some" or UNCERTAIN[category] then
    return "unknown"
  end
  if status >= 500 and not (status == 503 and category == 70) then
    return "unknown"
  end
  return "not_done"
end

local function describe(reasons)
  local first = reasons[1]
  if first.message then
    return ('Zuora refused it: "%s"'):format(errors.quote(first.message))
  end
  return ("Zuora refused it with %s"):format(tostring(first.code))
end

-- Zuora, or something before it, said no.
local function refusal(call, head, body, failed)
  local reasons = shapes.reasons(body)
  local code = reasons and tonumber(reasons[1].code) or nil
  local category = code and math.floor(code % 100) or nil
  local status = head.status
  local kind = kind_of(status, category, code, reasons ~= nil)
  local outcome = outcome_of(call, status, category, failed)
  local message
  if reasons then
    message = describe(redact_reasons(call, reasons))
  elseif body then
    message = "Zuora answered that it failed, without a reason"
  else
    message = ("answered %d without a reason"):format(status)
  end
  local process_id = type(body) == "table" and body.processId
  local err = errors.new {
    kind = kind,
    operation = call.operation.name,
    message = message,
    code = code,
    category = category,
    reasons = reasons,
    process_id = type(process_id) == "string" and process_id or nil,
    attempts = call.attempts,
    outcome = outcome,
  }
  err.retryable = outcome ~= "unknown" and (kind == "rate_limit" or
    REPEATABLE[category] or status >= 500) or false
  return with_head(err, head)
end

-- Not what Zuora sends. A token's answer is never quoted: it may hold one.
local function protocol(call, head, body, what)
  local quoted = ""
  if not call.operation.internal and body ~= "" then
    quoted = (': "%s"'):format(errors.quote(call.redact(body)))
  end
  return with_head(errors.new {
    kind = "protocol",
    operation = call.operation.name,
    message = what .. quoted,
    attempts = call.attempts,
    outcome = call.exchange:writes() and "unknown" or nil,
  }, head)
end

local function name_of(head, body)
  if (head.content_type or ""):find("html", 1, true) or
    body:find("^%s*<[!%a]") then
    return "HTML"
  end
  return "no JSON"
end

-- A body that cannot be read, by its status.
local function unreadable(call, head, body)
  local status = head.status
  if status >= 200 and status < 300 then
    return protocol(call, head, body, ("answered %d with %s"):format(status,
      name_of(head, body)))
  end
  local err = refusal(call, head, nil)
  if status >= 300 and status < 400 then
    err.message = ("answered %d, a redirect; none is followed"):format(status)
  elseif body ~= "" and not call.operation.internal then
    err.message = ('answered %d with %s: "%s"'):format(status,
      name_of(head, body), errors.quote(call.redact(body)))
  end
  return err
end

-- meta hangs on the metatable, where neither pairs nor cjson sees it.
local function with_meta(result, head, call)
  head.attempts = call.attempts
  local metatable = { meta = head }
  metatable.__index = metatable
  return setmetatable(result, metatable)
end

--- What became of a call whose exchange has ended.
---@param call table operation, exchange, attempts, redact
---@return table|nil result, zuora.Error|nil
function answer.read(call)
  local exchange = call.exchange
  local kind, message = exchange:failure()
  if kind then
    return nil, transport(call, kind, message)
  end
  local head, text = exchange:head(), exchange:body()
  local good = head.status >= 200 and head.status < 300
  if good and text == "" then
    return with_meta({}, head, call)
  end
  local body = json.decode(text)
  if type(body) ~= "table" then
    return nil, unreadable(call, head, text)
  end
  local failed = not good and "all" or shapes.failed(body)
  if failed then
    return nil, refusal(call, head, body, failed)
  end
  return with_meta(body, head, call)
end

return answer
