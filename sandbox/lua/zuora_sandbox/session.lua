-- The legacy login and the ZSession cookie, which rolls with every answer.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local journal = require "zuora_sandbox.journal"
local random = require "zuora_sandbox.random"
local settings = require "zuora_sandbox.settings"

local session = { user = nil, password = nil }

-- A value of a cookie begins with the id of its session and ends with a seal,
-- so that old values need not be remembered to be known.
local ID, LETTERS = 32, 192
local sessions, seal_key

function session.reset()
  sessions, seal_key = {}, random.hex(32)
end

function session.count()
  local n = 0
  for _, one in pairs(sessions) do
    if one.expires > clock.now() then
      n = n + 1
    end
  end
  return n
end

local function touch(one)
  one.expires = clock.now() + settings.get "session_lifetime"
end

local function seal(text)
  return ngx.md5(seal_key .. text)
end

-- A fresh value for this session.
local function roll(one)
  local text = one.id .. random.letters(LETTERS)
  one.value = text .. seal(text)
  return one.value
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
  local one = sessions[value:sub(1, ID)]
  local text = value:sub(1, ID + LETTERS)
  if not one or one.expires <= clock.now() or value ~= text .. seal(text) then
    return nil
  end
  if one.value ~= value and assumptions.is("older_sessions", "invalid") then
    return nil
  end
  touch(one)
  return one
end

local function start(x)
  local one = { id = random.hex(ID), entity = x.entity }
  sessions[one.id] = one
  touch(one)
  journal.effect(x, "session")
  return answer.pretty_success { ["Set-Cookie"] = session.cookie(one) }
end

--- POST /v1/connections.
function session.establish(x)
  return start(x)
end

--- GET /v1/connections, which no document has: a session for a token.
function session.exchange(x)
  if assumptions.is("session_for_token", "no") then
    return answer.refusal(405, 45, "Method not supported")
  end
  return start(x)
end

session.reset()

return session
