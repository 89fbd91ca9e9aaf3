-- The legacy session: logged in at first use, its cookie followed as it rolls
-- with each answer, logged in anew once when it is refused.
local core = require "zuora.core"
local flight = require "zuora.auth.flight"
local obtain = require "zuora.grant"

-- Zuora's shortest session timeout, from the last call on.
local LIFE = 900 -- seconds
-- Others are told of the rolled cookie this often.
local TELL = 60 -- seconds

local session = {}
session.__index = session

---@param binding table of the operation that logs in
function session.new(client, binding)
  return setmetatable({
    sign = core.sign.session,
    generation = 0,
    renew_at = -math.huge,
    name = "session",
    client = client,
    binding = binding,
    shared = client.shared,
  }, session)
end

-- Its end is told by a 401, not by the clock.
local function note(self, id)
  self.id, self.told_at = id, self.client.clock()
  self.generation = self.generation + 1
  self.renew_at = math.huge
end

--- See zuora.auth.flight.
function session:fetch(state)
  local grant, err, for_all = obtain(self.client, self.binding, "session", nil,
    state)
  if not grant then
    return nil, err, for_all
  end
  note(self, self.client.uuid())
  return true
end

function session:export()
  return { id = self.id, session = self.client.engine:secret "session" }, LIFE
end

function session:adopt(value)
  if type(value.session) ~= "string" or value.id == self.id or
    not self.client.engine:set_secret("session", value.session) then
    return false
  end
  note(self, value.id)
  return true
end

function session:ready(state)
  return flight.get(self, state)
end

function session:renew(state, generation)
  if generation ~= self.generation then
    return true
  end
  return flight.get(self, state)
end

-- Whether a login by hand is the one that the client makes for itself.
local function is_own(state)
  local name, password, options = state[1], state[2], state.options
  return name == nil and password == nil and not (options.zuora_entity_ids or
    options.entity_id or options.entity_name)
end

function session:answered(state)
  local login = state.operation == self.binding.operation
  if login and not is_own(state) or not state.exchange:keep("session") then
    return
  end
  if login then
    note(self, self.client.uuid())
  elseif self.shared and state.now - self.told_at >= TELL then
    self.told_at = state.now
    self.shared:set(self.name, self:export())
  end
end

return session
