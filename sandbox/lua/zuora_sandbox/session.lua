-- The legacy login and the ZSession cookie, which rolls with every answer.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local random = require "zuora_sandbox.random"
local settings = require "zuora_sandbox.settings"

local session = { user = nil, password = nil }

-- Each value of a cookie belongs to a session; the oldest values are
-- forgotten when there are very many.
local MOST_VALUES = 20000
local by_value, values, oldest

function session.reset()
  by_value, values, oldest = {}, {}, 1
end

function session.count()
  local seen, n = {}, 0
  for _, one in pairs(by_value) do
    if not seen[one] and one.expires > clock.now() then
      seen[one], n = true, n + 1
    end
  end
  return n
end

local function touch(one)
  one.expires = clock.now() + settings.get "session_lifetime"
end

-- A fresh value for this session.
local function roll(one)
  local value = random.letters(256)
  one.value = value
  by_value[value] = one
  values[#values + 1] = value
  if #values - oldest > MOST_VALUES then
    by_value[values[oldest]] = nil
    values[oldest] = false
    oldest = oldest + 1
  end
  return value
end

--- The header that hands out a fresh value.
function session.cookie(one)
  return ("ZSession=%s; Path=/; Secure; HttpOnly"):format(roll(one))
end

--- Whether these are the API user's.
function session.is_user(name, password)
  return name == session.user and password == session.password
end

--- The session of a cookie's value while it lasts; its timer starts anew.
function session.find(value)
  local one = by_value[value]
  if not one or one.expires <= clock.now() then
    return nil
  end
  if one.value ~= value and assumptions.is("older_sessions", "invalid") then
    return nil
  end
  touch(one)
  return one
end

function session.start()
  local one = {}
  touch(one)
  return one
end

--- POST /v1/connections.
function session.establish(x)
  if not session.is_user(x.headers.apiaccesskeyid,
    x.headers.apisecretaccesskey) then
    local headers = {}
    if assumptions.is("refused_login_closes", "yes") and
      x.protocol ~= "HTTP/2.0" then
      headers.Connection = "close"
    end
    return answer.not_signed_in(headers)
  end
  x.effect = "session"
  return answer.pretty_success {
    ["Set-Cookie"] = session.cookie(session.start()) }
end

--- GET /v1/connections, which no document has: a session for a token.
function session.exchange(x)
  if assumptions.is("session_for_token", "no") then
    return answer.refusal(405, 45, "Method not supported")
  end
  x.effect = "session"
  return answer.pretty_success {
    ["Set-Cookie"] = session.cookie(session.start()) }
end

session.reset()

return session
