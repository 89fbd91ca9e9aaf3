-- Bearer tokens that are fetched for an OAuth client.
local core = require "zuora.core"
local errors = require "zuora.errors"
local flight = require "zuora.auth.flight"
local obtain = require "zuora.grant"

-- Of its life a token has this part behind it, and up to TENTH more, when it is
-- renewed beside the calls: not all who share it at once.
local RENEWED, TENTH = 0.75, 0.1
-- This long before its end it is not used any more, or a tenth of its life.
local MARGIN = 30 -- seconds
local LIFE = 3599 -- seconds, where the answer does not tell (Zuora's own)
local PATIENCE = 30 -- seconds between tries to renew it beside the calls

local token = {}
token.__index = token

--- Tokens for the OAuth client whose id and secret the engine holds.
---@param binding table of the operation that fetches one
function token.new(client, binding)
  return setmetatable({
    sign = core.sign.token,
    generation = 0,
    renew_at = -math.huge, expires_at = -math.huge,
    name = "token",
    client = client,
    binding = binding,
    shared = client.shared,
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

-- Takes note of a token that the engine has got, with `left` seconds to live.
local function note(self, id, scope, life, left)
  local client = self.client
  local now = client.clock()
  self.id, self.scope, self.life = id, scope, life
  self.renew_at = now + left -
    life * (1 - RENEWED - TENTH * client.chance())
  self.expires_at = now + left - math.min(MARGIN, life / 10)
  self.entities = entities_of(scope)
  self.several = #self.entities > 1
  self.generation = self.generation + 1
end

--- See zuora.auth.flight.
function token:fetch(state)
  local client = self.client
  local grant, err, for_all = obtain(client, self.binding, "access_token",
    { grant_type = "client_credentials" }, state)
  if not grant then
    return nil, err, for_all
  end
  local life = grant.expires_in or LIFE
  note(self, client.uuid(), grant.scope, life, life)
  return true
end

function token:export()
  return {
    token = self.client.engine:secret "access_token",
    id = self.id, scope = self.scope, life = self.life,
    ends = self.client.now() + self.life,
  }, self.life
end

function token:adopt(value)
  if type(value.token) ~= "string" or type(value.scope) ~= "string" or
    type(value.life) ~= "number" or type(value.ends) ~= "number" or
    value.id == self.id then
    return false
  end
  local left = value.ends - self.client.now()
  if left <= math.min(MARGIN, value.life / 10) or
    not self.client.engine:set_secret("access_token", value.token) then
    return false
  end
  note(self, value.id, value.scope, value.life, math.min(left, value.life))
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

-- An old token serves while a fresh one is fetched beside the calls.
local function keep_fresh(self, state)
  if state.now >= self.expires_at then
    return flight.get(self, state)
  end
  if state.now >= self.renew_at then
    self.renew_at = math.min(state.now + PATIENCE, self.expires_at)
    flight.renew_beside(self)
  end
  return true
end

function token:ready(state)
  local ok, err = keep_fresh(self, state)
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
  return flight.get(self, state)
end

return token
