-- What the specs have nginx do.
local zuora = require "zuora"

local app = {}

local UNKNOWN = "8a808255557080f10015714a1c0dffff"

function app.options(more)
  local options = {
    base_url = os.getenv "ZUORA_BASE_URL",
    ca_file = os.getenv "ZUORA_CA_FILE",
    client_id = os.getenv "ZUORA_CLIENT_ID",
    client_secret = os.getenv "ZUORA_CLIENT_SECRET",
    zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS",
  }
  for key, value in pairs(more or {}) do
    options[key] = value
  end
  return options
end

--- Makes the client of the process; in init_by_lua, too.
function app.init(more)
  app.client = assert(zuora.new(app.options(more)))
end

local function map(client)
  local items = {}
  for i = 1, 20 do
    items[i] = i
  end
  local results = client:map(items, function(i)
    return #assert(client.connections.list { page_size = i }).entityConnections
  end)
  for i = 1, 20 do
    assert(results[i].value, tostring(results[i].err))
    assert(results[i].value <= i, "not the item's own answer")
  end
end

--- A call that goes well, one that does not, and many at once: "ok".
function app.small()
  local client = app.client
  local list = assert(client.connections.list())
  assert(#list.entityConnections > 0, "no connections")
  local result, err = client.connections.accept(UNKNOWN)
  assert(result == nil and err.kind == "api", tostring(err))
  map(client)
  return "ok"
end

--- The same, told as a text whatever happens.
function app.tell(fn)
  local ok, text = pcall(fn or app.small)
  return ok and text or "failed: " .. tostring(text)
end

--- In a thread of a pool, which has a Lua state of its own.
function app.pooled()
  if not app.client then
    app.init()
  end
  return app.tell()
end

--- In phases that have nobody to tell: into a lua_shared_dict named `told`.
function app.note(name)
  ngx.shared.told:set(name, app.tell())
end

--- In phases that may not wait: notes what a call says there, and what it says
--- by the way out, a timer.
function app.refuse(name)
  app.note(name)
  local ok, reason = pcall(ngx.timer.at, 0, function()
    app.note(name .. "_timer")
  end)
  if not ok then
    ngx.shared.told:set(name .. "_timer", reason)
  end
end

function app.told()
  ngx.print(ngx.shared.told:get(ngx.var.arg_name) or "")
end

return app
