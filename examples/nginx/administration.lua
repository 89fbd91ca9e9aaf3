-- What nginx.conf beside it calls.
local cjson = require "cjson.safe"
local zuora = require "zuora"

local administration = {}

-- Of all workers: whichever is asked tells the sums.
local counters = require("zuora.metrics").new "zuora_metrics"
local client
local allowed = {} -- ids of the entities that may connect to ours

-- ---- before the workers are there ------------------------------------------

--- Makes the client, which calls nobody yet.
function administration.init()
  client = assert(zuora.new {
    environment = os.getenv "ZUORA_ENVIRONMENT",
    base_url = os.getenv "ZUORA_BASE_URL",
    ca_file = os.getenv "ZUORA_CA_FILE",
    client_id = os.getenv "ZUORA_CLIENT_ID",
    client_secret = os.getenv "ZUORA_CLIENT_SECRET",
    zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS",
    store = require("zuora.stores.shared").new "zuora",
    on_event = counters.hook,
  })
  for id in (os.getenv "ALLOWED_ENTITIES" or ""):gmatch "%x+" do
    allowed[id] = true
  end
end

-- ---- pages -----------------------------------------------------------------

local function answer(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(cjson.encode(value))
end

--- All connections, of ?type=inbound or outbound only those.
function administration.list()
  local list, err = client.connections.all { type = ngx.var.arg_type }
  if list then
    return answer(200, { connections = list, count = #list })
  end
  ngx.log(ngx.ERR, tostring(err))
  answer(err.kind == "argument" and 400 or 502, {
    error = tostring(err), retryable = err.retryable,
  })
end

function administration.metrics()
  ngx.header["Content-Type"] = "text/plain; version=0.0.4"
  ngx.print(counters:text())
end

-- ---- the timer -------------------------------------------------------------

-- Those who wait for our answer.
local function pending()
  local list, err = client.connections.all { type = "inbound" }
  if not list then
    return nil, err
  end
  local found = {}
  for _, connection in ipairs(list) do
    if connection.status == "Pending" then
      found[#found + 1] = connection
    end
  end
  return found
end

local function decide(connection)
  if allowed[connection.sourceEntityId] then
    return client.connections.accept(connection.id)
  end
  return client.connections.deny(connection.id)
end

local function note(connection, result)
  local verb = allowed[connection.sourceEntityId] and "accept" or "deny"
  if result.err then
    ngx.log(ngx.ERR, tostring(result.err))
  else
    ngx.log(ngx.NOTICE, verb, " ", connection.id, " of the entity ",
      connection.sourceEntityId)
  end
end

local reviewing = false

local function review()
  local list, err = pending()
  if not list then
    ngx.log(ngx.ERR, tostring(err))
    return
  end
  for i, result in ipairs(client:map(list, decide)) do
    note(list[i], result)
  end
end

-- A review may last longer than the time between two. What raises must not
-- keep all to come from beginning.
local function tick(premature)
  if premature or reviewing then
    return
  end
  reviewing = true
  local ok, reason = pcall(review)
  reviewing = false
  if not ok then
    ngx.log(ngx.ERR, reason)
  end
end

--- Has one of the workers answer those who wait, so often.
function administration.review_every(seconds)
  if ngx.worker.id() == 0 then
    assert(ngx.timer.every(seconds, tick))
  end
end

return administration
