-- What a fault does to an answer.
local answer = require "zuora_sandbox.answer"
local json = require "zuora_sandbox.json"
local send = require "zuora_sandbox.send"
local tcp = require "zuora_sandbox.tcp"

local mishaps = {}

-- The category that goes with a status.
local CATEGORIES = { [400] = 20, [401] = 11, [403] = 10, [404] = 40,
  [405] = 45, [408] = 61, [409] = 50, [429] = 70, [503] = 61, [504] = 61 }

local function json_of(status)
  if status == 401 then
    return answer.not_signed_in()
  end
  if status == 429 then
    return answer.json(429, { reasons = { { code = 70,
      message = "API Rate limit exceeded for the minute" } } },
      { ["RateLimit-Remaining"] = 0 })
  end
  return answer.failure(status, answer.code(CATEGORIES[status] or 60),
    "A fault of the sandbox")
end

-- ---- faults that are another answer ----------------------------------------

local makers = {}

function makers.status(fault)
  local status = fault.status or 500
  local given
  if fault.body == nil or fault.body == "json" then
    given = json_of(status)
  elseif fault.body == "html" then
    given = answer.html(status, "Service Unavailable")
  elseif fault.body == "empty" then
    given = { status = status, headers = {}, body = "" }
  elseif type(fault.body) == "table" then
    given = answer.json(status, fault.body)
  else
    given = answer.text(status, "text/plain", tostring(fault.body))
  end
  if fault.retry_after ~= nil and fault.retry_after ~= json.null then
    given.headers["Retry-After"] = fault.retry_after
  end
  for name, value in pairs(fault.headers or {}) do
    given.headers[name] = value
  end
  return given
end

function makers.category(fault)
  local code = fault.code or answer.code(fault.category or 60)
  return answer.failure(200, code, fault.message or "A fault of the sandbox")
end

function makers.html()
  return answer.html(200, "Maintenance")
end

function makers.redirect(fault, x)
  return { status = fault.status or 302, body = "",
    headers = { Location = fault.location or x.origin .. "/elsewhere" } }
end

local MOST_BYTES = 512 * 1024 * 1024

function makers.big(fault)
  local bytes = math.min(fault.bytes or 1000000, MOST_BYTES)
  local head, tail = '{"success":true,"padding":"', '"}'
  local given = answer.text(200, "application/json;charset=utf-8",
    head .. ("x"):rep(bytes - #head - #tail) .. tail)
  given.plain = fault.gzip == false
  return given
end

function makers.wrong_json(_, _, given)
  return answer.text(given.status, "application/json;charset=utf-8",
    given.body:sub(1, math.max(1, #given.body - 2)), given.headers)
end

-- The headers are copied: a key may keep the answer as it was.
function makers.gzip_garbage(_, _, given)
  local headers = { ["Content-Encoding"] = "gzip" }
  for name, value in pairs(given.headers) do
    headers[name] = value
  end
  return answer.text(given.status, headers["Content-Type"],
    "\31\139\8\0" .. ("garbage "):rep(8), headers)
end

--- The answer that a call gets, the faults that replace it applied.
function mishaps.replace(x, given)
  local make = x.fault and makers[x.fault.kind]
  return make and make(x.fault, x, given) or given
end

--- What a call is answered that a fault kept from taking effect.
function mishaps.instead(x)
  return mishaps.replace(x, answer.ok { sandbox = "this call was not made" })
end

-- ---- faults on the wire ----------------------------------------------------

local wires = {}

function wires.reset()
  tcp.reset()
end

function wires.close()
  tcp.close()
end

function wires.cut(_, given)
  send.head(given)
  ngx.print(given.body:sub(1, math.floor(#given.body / 2)))
  ngx.flush(true)
  ngx.exit(444)
end

function wires.stall(fault, given)
  send.head(given)
  ngx.send_headers()
  ngx.flush(true)
  ngx.sleep(fault.seconds or 60)
  ngx.exit(444)
end

local TICK = 0.1

function wires.drip(fault, given)
  send.head(given)
  local rate = fault.bytes_per_second or 10
  local step = math.max(1, math.floor(rate * TICK))
  for at = 1, #given.body, step do
    ngx.print(given.body:sub(at, at + step - 1))
    if not ngx.flush(true) then
      return
    end
    ngx.sleep(step / rate)
  end
  ngx.eof()
end

-- Of these the client gets no head of an answer.
local SILENT = { reset = true, close = true }

--- Whether the fault of a call leaves it without a status.
function mishaps.silent(x)
  return x.fault ~= nil and SILENT[x.fault.kind] == true
end

--- Sends an answer the way the call's fault has it. May not return.
function mishaps.deliver(x, given)
  local wire = x.fault and wires[x.fault.kind]
  if not wire then
    return send.whole(given)
  end
  return wire(x.fault, given)
end

return mishaps
