-- The legacy session: logged in at first use, its cookie followed as it rolls
-- with each answer, logged in anew once when it is refused.
local core = require "zuora.core"
local obtain = require "zuora.grant"

local session = {}
session.__index = session

---@param establish table the binding of the operation that logs in
function session.new(client, establish)
  return setmetatable({
    sign = core.sign.session,
    generation = 0,
    renew_at = -math.huge,
    client = client,
    establish = establish,
  }, session)
end

local function log_in(self, wanting)
  local grant, err = obtain(self.client, self.establish, "session", nil,
    wanting)
  if not grant then
    return nil, err
  end
  self.generation = self.generation + 1
  self.renew_at = math.huge -- its end is told by a 401
  return true
end

function session:ready(state)
  if self.client.engine:has_secret("session") then
    return true
  end
  return log_in(self, state)
end

function session:renew(state, generation)
  if generation ~= self.generation then
    return true
  end
  return log_in(self, state)
end

function session:answered(state)
  if state.exchange:keep("session") and
    state.operation == self.establish.operation then
    self.generation = self.generation + 1
    self.renew_at = math.huge
  end
end

return session
