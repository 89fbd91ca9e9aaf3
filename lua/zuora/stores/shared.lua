--- A store in a shared dictionary of nginx, for all its workers:
---
---   lua_shared_dict zuora 1m;
---
---   local store = require("zuora.stores.shared").new "zuora"
---   zuora.new { ..., store = store }
local shared = {}

local Shared = {}
Shared.__index = Shared

--- The lua_shared_dict of that name. Raises, at `level`, where there is none.
function shared.dictionary(name, level)
  local dictionary = ngx and ngx.shared[name]
  if not dictionary then
    error(("zuora: there is no lua_shared_dict %s"):format(tostring(name)),
      level + 1)
  end
  return dictionary
end

--- A store in the lua_shared_dict of that name. Raises where there is none.
function shared.new(name)
  return setmetatable({ dictionary = shared.dictionary(name, 2) }, Shared)
end

function Shared:get(key)
  return self.dictionary:get(key)
end

-- To a dictionary 0 means for ever.
local function seconds(ttl)
  return math.max(ttl, 0.001)
end

function Shared:set(key, value, ttl)
  local ok, reason = self.dictionary:set(key, value, seconds(ttl))
  return ok or nil, reason
end

function Shared:add(key, value, ttl)
  local ok, reason = self.dictionary:add(key, value, seconds(ttl))
  if reason == "exists" then
    return false
  end
  return ok or nil, reason
end

-- A dictionary cannot look and delete in one step. What another worker puts
-- there in between, where the old value ends at that very moment, goes as well.
function Shared:delete(key, value)
  if self.dictionary:get(key) == value then
    self.dictionary:delete(key)
  end
  return true
end

return shared
