-- What a client shares with others through a store: tables, written as JSON,
-- under names of their own. A store that cannot be reached is told of by an
-- event and otherwise counts as empty.
local errors = require "zuora.errors"
local events = require "zuora.events"
local json = require "zuora.json"

local sharing = {}

local Sharing = {}
Sharing.__index = Sharing

--- Shares with whoever asks the same tenant with the same credentials. `who`:
--- the id of those.
function sharing.new(client, store, who)
  return setmetatable({
    client = client,
    store = store,
    prefix = ("zuora:%s:%s:"):format(client.engine:base_url(), who),
  }, Sharing)
end

-- The method's result, or nil and whether the store is out of reach.
local function call(self, method, name, ...)
  local ok, value, reason = errors.try(self.store[method], self.store,
    self.prefix .. name, ...)
  if ok and reason == nil then
    return value, false
  end
  events.store(self.client, errors.quote(self.client.redact(
    errors.text_of(ok and reason or value))))
  return nil, true
end

--- The table of that name, or nil; and whether the store is out of reach.
function Sharing:get(name)
  local text, down = call(self, "get", name)
  local value = type(text) == "string" and json.decode(text) or nil
  return type(value) == "table" and value or nil, down
end

function Sharing:set(name, value, ttl)
  call(self, "set", name, json.encode(value), ttl)
end

--- Takes a lock for `lease` seconds: the mark of it, or false where another has
--- it; and whether the store is out of reach.
function Sharing:lock(name, lease)
  local mark = self.client.uuid()
  local got, down = call(self, "add", name, mark, lease)
  return got == true and mark, down
end

--- Gives back the lock of that mark, unless its lease is over and another has
--- it.
function Sharing:unlock(name, mark)
  call(self, "delete", name, mark)
end

return sharing
