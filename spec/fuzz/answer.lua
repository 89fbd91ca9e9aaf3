-- What must hold of a call whatever is answered to it. Returns a function that
-- makes one of several calls; raises where something does not hold.
local zuora = require "zuora"
local json = require("cjson.safe").new()

local SECRET = "secret-of-the-token"
local ID = "8a80825555a3c7a10155b54a63821c0d"
local KINDS = { argument = 1, network = 1, timeout = 1, tls = 1, auth = 1,
  rate_limit = 1, api = 1, http = 1, protocol = 1, cancelled = 1 }

-- What may be shown: no secret, no control character.
local function check_text(text, what)
  assert(type(text) == "string" and #text < 20000, what .. " is no short text")
  assert(not text:find(SECRET, 1, true), what .. " holds a secret")
  local at = text:find("[%z\1-\9\11-\31\127]")
  assert(not at, what .. " holds a control character")
end

local function check_error(err, writes)
  assert(KINDS[err.kind], "no such kind: " .. tostring(err.kind))
  check_text(tostring(err), "the error")
  assert(not tostring(err):find("\n"), "the error has more than one line")
  check_text(err:report(), "the report")
  for _, reason in ipairs(err.reasons or {}) do
    check_text(((reason.message or ""):gsub("%c", " ")), "a reason")
  end
  assert((err.outcome ~= nil) == writes, "an outcome, or none")
  if not writes then
    return
  end
  assert(not (err.outcome == "unknown" and err.retryable),
    "in doubt, yet retryable")
  -- On a busy machine the time of a call may be over before its turn.
  if err.outcome == "not_done" and err.kind ~= "argument" and
    err.kind ~= "timeout" then
    assert(err.status and err.status < 500, "not done, it says, with " ..
      tostring(err.status))
    assert(err.status < 200 or err.status >= 300 or err.kind ~= "protocol",
      "not done, it says of an answer it could not read")
  end
end

local function check_result(result)
  local meta = result.meta
  assert(meta.status >= 200 and meta.status < 300, "a result of a bad status")
  assert(result.success ~= false, "a result of a failure")
  json.encode(result)
end

local function made(client, which)
  local connections = client.connections
  if which == 0 then
    return connections.list {}
  elseif which == 1 then
    return connections.accept(ID)
  elseif which == 2 then
    return connections.initiate(ID)
  elseif which == 3 then
    return connections.all {}
  elseif which == 4 then
    return client.entities.get(ID)
  elseif which == 5 then
    return client:request { path = "/v1/x", method = "DELETE" }
  end
  local ok, err = pcall(function()
    for _ in connections.each {} do end -- luacheck: ignore
  end)
  if not ok and not zuora.is_error(err) then
    error(err, 0)
  end
  return nil, not ok and err or nil
end

local WRITES = { [1] = true, [2] = true, [5] = true }

return function(which)
  local client = assert(zuora.new {
    base_url = "http://127.0.0.1:9", access_token = SECRET, proxy = "",
    max_attempts = which >= 64 and 2 or 1, backoff_base = 1e-9,
    max_retry_wait = 1e-3, timeout = 0.5, settle = which >= 128,
    max_body = 50000,
  })
  local call = which % 64 % 7
  local result, err = made(client, call)
  if err then
    check_error(err, WRITES[call] or false)
  elseif result and call ~= 3 then
    check_result(result)
  end
  client:close()
end
