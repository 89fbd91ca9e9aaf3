-- A process that shares its token through Redis: makes calls at once and tells
-- how many went well, and what the first failure was.
--
-- usage: lua spec/stores/worker.lua PORT CALLS HURRY
--
-- HURRY is how many times shorter the lock is held than it would be.
for _, folder in ipairs { "5.3", "5.1" } do -- Debian has redis-lua for these
  package.path = ("%s;/usr/share/lua/%s/?.lua"):format(package.path, folder)
end
local zuora = require "zuora"

local port, count, hurry = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local store = require("zuora.stores.redis").new { port = port }
local add = store.add

function store:add(key, value, ttl)
  return add(self, key, value, ttl / hurry)
end

local client = assert(zuora.new {
  base_url = os.getenv "ZUORA_BASE_URL",
  ca_file = os.getenv "ZUORA_CA_FILE",
  client_id = os.getenv "ZUORA_CLIENT_ID",
  client_secret = os.getenv "ZUORA_CLIENT_SECRET",
  zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS",
  store = store,
})
local items = {}
for i = 1, count do
  items[i] = i
end
local good, failure = 0, nil
for _, result in ipairs(client:map(items, function()
  return client.connections.list { page_size = 1 }
end)) do
  good = good + (result.value and 1 or 0)
  failure = failure or result.err
end
client:close()
print(good, failure)
