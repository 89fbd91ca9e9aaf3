-- Bearer tokens: fetched for an OAuth client, or given by the program as a
-- string or a function.
local core = require "zuora.core"
local errors = require "zuora.errors"
local obtain = require "zuora.grant"

-- A token is renewed this long before its end, or a fifth of its life where
-- that is shorter.
local AHEAD = 300 -- seconds
local LIFE = 3599 -- seconds, where the answer does not tell (Zuora's own)

local token = {}
token.__index = token

--- Tokens for the OAuth client whose id and secret the engine holds.
---@param grant table the binding of the operation that fetches one
function token.of_client(client, grant)
  return setmetatable({
    sign = core.sign.token,
    generation = 0,
    renew_at = -math.huge,
    client = client,
    grant = grant,
    entities = {},
  }, token)
end

--- A token that the program gives: a string, which the engine holds already,
--- or a function, asked before each call.
function token.given(client, source)
  return setmetatable({
    sign = core.sign.token,
    generation = 0,
    renew_at = source and -math.huge or math.huge,
    client = client,
    source = source,
    entities = {},
  }, token)
end

-- The entities that a scope names: "entity.<id> tenant.1 user.2 ...".
local function entities_of(scope)
  local list = {}
  for id in scope:gmatch("entity%.(%S+)") do
    list[#list + 1] = id
  end
  return list
end

local function fetch(self, state)
  local client = self.client
  local grant, err = obtain(client, self.grant, "access_token",
    { grant_type = "client_credentials" }, state)
  if not grant then
    return nil, err
  end
  local life = grant.expires_in or LIFE
  self.renew_at = client.clock() + life - math.min(AHEAD, life / 5)
  self.entities = entities_of(grant.scope)
  self.several = #self.entities > 1
  self.generation = self.generation + 1
  return true
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
  local ok, value, reason = pcall(self.source, refused)
  if not ok or type(value) ~= "string" or value == "" then
    local why = not ok and errors.text_of(value) or
      reason and errors.text_of(reason)
    return refuse(state.operation,
      "the access_token function gave no token" ..
      (why and ": " .. errors.quote(self.client.redact(why)) or ""))
  end
  if not self.client.engine:set_secret("access_token", value) then
    return refuse(state.operation, "the access_token function gave a token " ..
      "that cannot stand in a header")
  end
  self.generation = self.generation + 1
  return true
end

-- A token for several entities says nothing of which one is meant.
local function check_entity(self, state)
  local count = #self.entities
  if state.exchange:names_entity() then
    return true
  end
  return nil, errors.argument(state.operation, "zuora_entity_ids",
    ("must be given: the token covers %d entities (%s)"):format(count,
      errors.quote(table.concat(self.entities, ", "))))
end

function token:ready(state)
  local ok, err = true, nil
  if self.source then
    ok, err = ask(self, state, false)
  elseif self.grant and state.now >= self.renew_at then
    ok, err = fetch(self, state)
  end
  if not ok then
    return nil, err
  end
  if self.several then
    return check_entity(self, state)
  end
  return true
end

function token:renew(state, generation)
  if generation ~= self.generation then
    return true
  end
  if self.source then
    return ask(self, state, true)
  end
  if self.grant then
    return fetch(self, state)
  end
  return false
end

return token
