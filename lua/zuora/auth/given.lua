-- Bearer tokens that the program gives: a string, or a function.
local attempt = require "zuora.attempt"
local core = require "zuora.core"
local errors = require "zuora.errors"

local given = {}
given.__index = given

--- A string is in the engine already; a function, `source`, is asked before
--- each call.
function given.new(client, source)
  return setmetatable({
    sign = core.sign.token,
    generation = 0,
    renew_at = source and -math.huge or math.huge,
    client = client,
    source = source,
  }, given)
end

local function refuse(operation, message)
  return nil, errors.new {
    kind = "auth",
    operation = operation.name,
    message = message,
    outcome = operation.writes and "not_done" or nil,
  }
end

-- The program's own function: returns a token, or nil and a reason.
local function ask(self, state, refused)
  local engine = self.client.engine
  local ok, value, reason = errors.try(self.source, refused)
  if engine:closed() then
    return attempt.can(state)
  end
  if not ok or type(value) ~= "string" or value == "" then
    local why = not ok and errors.text_of(value) or
      reason and errors.text_of(reason)
    return refuse(state.operation,
      "the access_token function gave no token" ..
      (why and ": " .. errors.quote(self.client.redact(why)) or ""))
  end
  if value == engine:secret "access_token" then
    return true
  end
  if not engine:set_secret("access_token", value) then
    return refuse(state.operation, "the access_token function gave a token " ..
      "that cannot stand in a header")
  end
  self.generation = self.generation + 1
  return true
end

function given:ready(state)
  if self.source then
    return ask(self, state, false)
  end
  return true
end

function given:renew(state, generation)
  if generation ~= self.generation then
    return true
  end
  if self.source then
    return ask(self, state, true)
  end
  return false
end

return given
