-- What an answer means: a result, or an error with all that is known.
local errors = require "zuora.errors"
local json = require "zuora.json"
local shapes = require "zuora.shapes"

local decode, setmetatable = json.decode, setmetatable
local NEAR_END = require("zuora.limits").NEAR_END

local answer = {}

local FAILED = {
  network = "no answer",
  timeout = "no answer in time",
  tls = "no trusted connection",
  protocol = "not an answer of Zuora's",
}

-- Statuses that say more of a call with a key than that something is wrong.
local MEANINGS = {
  [409] = "the first call with this idempotency key is still running",
  [422] = "this idempotency key was used for another call",
}

-- Copies what support will ask for from the head of an answer.
local function with_head(err, head)
  err.status = head.status
  err.zuora_request_id = head.zuora_request_id
  err.zuora_track_id = head.zuora_track_id
  err.retry_after = head.retry_after
  return err
end

-- An error of this call; the core's table of retries tells what is known of
-- its effect and whether it may be repeated, and what is to be done now.
local function make(call, head, fields, doubtful)
  local exchange, client = call.exchange, call.client
  call.policy.chance = client.chance()
  local verdict, wait, uncertain, retryable = exchange:decide(call.policy,
    call.attempts, call.ends - client.clock(), fields.category, doubtful)
  fields.operation = call.operation.name
  fields.attempts = call.attempts
  fields.retryable = retryable
  if call.writes then
    fields.outcome = uncertain and "unknown" or "not_done"
  end
  call.verdict, call.pause = verdict, wait
  return with_head(errors.new(fields), head)
end

-- No whole answer came.
local function transport(call, kind, message)
  return make(call, call.exchange:head():table(), {
    kind = kind,
    message = kind == "cancelled" and message or
      ("%s: %s"):format(FAILED[kind], call.client.redact(message)),
  })
end

-- What is kept of a text that a server sent: a bounded part, so that no server
-- can make looking for secrets in it take long. A secret is 8 KiB long at most,
-- six times that however it is written: none is cut before it is found.
local MOST = 65536
local function clean(call, text)
  return call.client.redact(text:sub(1, 2 * MOST)):sub(1, MOST)
end

local function redact_reasons(call, reasons)
  for _, reason in ipairs(reasons) do
    reason.message = reason.message and clean(call, reason.message)
    if type(reason.code) == "string" then
      reason.code = clean(call, reason.code)
    end
  end
  return reasons
end

local function kind_of(status, category, has_reasons)
  if status == 401 or category == 11 then
    return "auth"
  end
  if status == 429 or category == 70 then
    return "rate_limit"
  end
  return has_reasons and "api" or "http"
end

local function describe(meaning, reasons)
  meaning = meaning and meaning .. ": " or ""
  local first = reasons[1]
  if first.message then
    return ('%sZuora refused it: "%s"'):format(meaning,
      errors.quote(first.message))
  end
  return ("%sZuora refused it with %s"):format(meaning,
    errors.quote(tostring(first.code)))
end

-- A reason's code as a number: digits that a number holds exactly, for whoever
-- answers may write anything.
local function number_of(code)
  local number = type(code) == "string" and #code <= 15 and code:find "^%d+$"
    and tonumber(code) or code
  if type(number) == "number" and number >= 0 and number < 2 ^ 53 and
    number % 1 == 0 then
    return number
  end
  return nil
end

-- Zuora, or something before it, said no. `body` is decoded, or nil.
local function refusal(call, head, body, failed)
  local status = head.status
  local reasons = shapes.reasons(body)
  local code = reasons and number_of(reasons[1].code)
  local category = code and math.floor(code % 100) or nil
  local meaning = call.options.idempotency_key and MEANINGS[status]
  local message
  if reasons then
    message = describe(meaning, redact_reasons(call, reasons))
  elseif body then
    message = "Zuora answered that it failed, without a reason"
  else
    message = meaning or
      ("answered %d without a reason"):format(status)
  end
  local process_id = type(body) == "table" and body.processId
  return make(call, head, {
    kind = kind_of(status, category, reasons ~= nil),
    message = message,
    code = code,
    category = category,
    reasons = reasons,
    process_id = type(process_id) == "string" and clean(call, process_id)
      or nil,
  }, failed == "some")
end

-- Not what Zuora sends. A token's answer is never quoted: it may hold one.
local function protocol(call, head, body, what)
  local quoted = ""
  if not call.operation.internal and body ~= "" then
    quoted = (': "%s"'):format(errors.quote(clean(call, body)))
  end
  return make(call, head, { kind = "protocol", message = what .. quoted }, true)
end

local function name_of(head, body)
  if body == "" then
    return "nothing"
  end
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
      name_of(head, body), errors.quote(clean(call, body)))
  end
  return err
end

-- result.meta, made when it is first asked for.
local function meta_of(result, key)
  if key ~= "meta" then
    return nil
  end
  local metatable = getmetatable(result)
  local meta = metatable.meta
  if not meta then
    meta = metatable.head:table()
    metatable.meta, metatable.head = meta, nil
  end
  return meta
end

--- The meta of a result, also where its body has a field of that name.
function answer.meta(result)
  return meta_of(result, "meta")
end

-- Hangs what came with a result on its metatable, where neither pairs nor cjson
-- sees it.
local function with_meta(result, head)
  return setmetatable(result, { __index = meta_of, head = head })
end

local function says_success(body)
  return type(body) == "table" and body.success == true
end

--- The result of an answer with status 200 that says that the call succeeded:
--- with no more, where there is no text, else in that text. Of any other: nil.
function answer.plain(head, text)
  if not text then
    return with_meta({ success = true }, head)
  end
  local body = decode(text)
  return says_success(body) and with_meta(body, head) or nil
end

-- A success in no words. Calls of the table are answered with JSON: of theirs
-- an empty answer is one that was cut off, by whoever sits on the line, before
-- it could say success or not.
local function is_empty(state, status, text)
  return text == "" and (status == 204 or
    not state.operation.method and status >= 200 and status < 300)
end

-- An answer that is no plain success.
local function read_closely(state, status, text, head, body)
  local good = status >= 200 and status < 300
  if is_empty(state, status, text) then
    body = {}
  end
  if type(body) ~= "table" then
    return nil, unreadable(state, head:table(), text)
  end
  local failed = not good and "all" or shapes.failed(body)
  if failed then
    return nil, refusal(state, head:table(), body, failed)
  end
  -- Zuora says it of each change of the table.
  if state.operation.writes and body.success ~= true then
    return nil, protocol(state, head:table(), text,
      ("answered %d without saying that it succeeded"):format(status))
  end
  return with_meta(body, head)
end

--- What became of a call whose exchange has ended. With an error, sets
--- state.verdict ("stop", "repeat" or "settle") and state.pause, the seconds
--- to wait before that.
---@return table|nil result, zuora.Error|nil
function answer.read(state)
  local status, text, head, remaining, limit, reset =
    state.exchange:answer(state.attempts)
  if not status then
    return nil, transport(state, text, head)
  end
  local pace = state.client.pace
  if status == 429 or pace.held or remaining <= limit * NEAR_END then
    pace:learn(status, remaining, limit, reset)
  end
  if text == true and status == 200 then
    return answer.plain(head)
  end
  if text == true then
    text = state.exchange:body()
  end
  local body = decode(text)
  if status == 200 and says_success(body) then
    return with_meta(body, head)
  end
  return read_closely(state, status, text, head, body)
end

return answer
