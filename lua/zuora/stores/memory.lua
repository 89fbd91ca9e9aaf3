--- A store in this Lua state, for clients of one process:
---
---   local store = require("zuora.stores.memory").new()
---   zuora.new { ..., store = store }
---
--- The contract of a store, which may be any object with these methods. Values
--- are strings, times seconds; each method may raise, or return nil and a
--- reason, when the store cannot be reached.
---
---   get(key)              the value, or nil
---   set(key, value, ttl)  true
---   add(key, value, ttl)  true, or false where the key is there already
---   delete(key, value)    true; another value than that stays
local clock = require("zuora.core").clock

local memory = {}

local Memory = {}
Memory.__index = Memory

--- An empty store. `time` gives seconds (core.clock).
function memory.new(time)
  return setmetatable({ clock = time or clock, values = {} }, Memory)
end

local function find(self, key)
  local entry = self.values[key]
  if entry and self.clock() >= entry.ends then
    self.values[key] = nil
    return nil
  end
  return entry
end

function Memory:get(key)
  local entry = find(self, key)
  return entry and entry.value
end

function Memory:set(key, value, ttl)
  self.values[key] = { value = value, ends = self.clock() + ttl }
  return true
end

function Memory:add(key, value, ttl)
  return not find(self, key) and self:set(key, value, ttl)
end

function Memory:delete(key, value)
  if self:get(key) == value then
    self.values[key] = nil
  end
  return true
end

return memory
