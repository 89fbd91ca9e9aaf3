-- What a client is made to do while memory fails: steps, one after another.
-- Each returns true, or nil and an error of the library, or raises.
--
-- The host calls each with memory failing, then judges; one that did not
-- succeed is run again with memory back and has to succeed then.
local core = require "zuora.core"
local zuora = require "zuora"
require "zuora.auth.token"
require "zuora.auth.session"
-- What require failed to load once Lua 5.1 and LuaJIT do not load again; later
-- versions load it while memory fails.
if _VERSION == "Lua 5.1" then
  require "zuora.client"
  require "zuora.auth.given"
end

-- A login that failed is not tried again for a while: time can be moved on.
local PAUSE = 60 -- seconds
local skipped, clock = 0, core.clock
core.clock = function()
  return clock() + skipped
end

local ID = "8a80825555a3c7a10155b54a63821c0"

local scenario = { steps = {} }
local port, changes, client, other

local function step(name, run)
  scenario.steps[#scenario.steps + 1] = { name = name, run = run }
end

local function check(result, err, want)
  if result and want and not want(result) then
    error("a wrong result", 0)
  end
  return result and true, err
end

local function success(result)
  return result.success == true and result.meta.status == 200
end

local function new(options)
  options.base_url = "http://127.0.0.1:" .. port
  options.backoff_base, options.backoff_cap = 0.001, 0.002
  options.timeout, options.attempt_timeout = 10, 1
  return zuora.new(options)
end

local function make_client()
  local made, err = new {
    client_id = "id-of-the-client", client_secret = "secret-of-the-client",
    zuora_entity_ids = "11e643f4-a3ee-8bad-b061-0025904c57d6",
    ca_file = "none.pem", proxy = "", on_event = function() end,
  }
  client = made or client
  return check(made, err)
end

step("open", function()
  return package.preload["zuora.core"]().version == core.version
end)

step("new", make_client)

step("a client that is forgotten", function()
  local made, err = new { access_token = "0123456789abcdef" }
  return check(made, err)
end)

step("list", function()
  local result, err = client.connections.list { type = "inbound", page = 1,
    page_size = 3, zuora_track_id = "track" }
  return check(result, err, function(r)
    return #r.entityConnections == 3 and r.meta.rate_limit.windows[2]
  end)
end)

step("each", function()
  local count = 0
  for connection in client.connections.each() do
    count = count + (connection.id and 1 or 0)
  end
  return count == 4 or error("a wrong count", 0)
end)

step("all", function()
  local result, err = client.connections.all {}
  return check(result, err, function(r) return #r == 4 end)
end)

step("initiate", function()
  local result, err = client.connections.initiate(ID .. "f",
    { content_encoding = "gzip" })
  return check(result, err, success)
end)

step("accept", function()
  local result, err = client.connections.accept(ID .. "1")
  return check(result, err, success)
end)

step("deny", function()
  local result, err = client.connections.deny(ID .. "1")
  return check(result, err, success)
end)

step("disconnect", function()
  local result, err = client.connections.disconnect(ID .. "1")
  return check(result, err, success)
end)

-- The server says nothing, and the list that it is connected.
step("settle", function()
  local result, err = client.connections.accept(ID .. "3")
  return check(result, err, function(r)
    return r.meta.settled == "Connected"
  end)
end)

step("retry", function()
  local result, err = client:request { path = "/v1/flaky",
    query = { a = "b", c = 1 }, headers = { ["X-More"] = "1" } }
  return check(result, err, success)
end)

step("refused", function()
  local result, err = client:request { path = "/v1/refused" }
  if result or err.kind ~= "api" then
    return check(nil, err)
  end
  return err.code == 53100320 and #tostring(err) > 0 and #err:report() > 0
end)

step("large", function()
  local result, err = client:request { path = "/v1/large", method = "POST",
    body = { text = ("x"):rep(4000) } }
  return check(result, err, success)
end)

step("entities", function()
  local result, err = client.entities.get(ID .. "e")
  return check(result, err, success)
end)

step("dry run", function()
  local result, err = client.connections.accept(ID .. "1", { dry_run = true })
  return check(result, err, function(r) return r.method == "PUT" end)
end)

step("misuse", function()
  local ok, message = pcall(client.connections.accept, {}, {})
  assert(not ok)
  if not message:find("must be a string", 1, true) then
    error(message, 0)
  end
  return true
end)

step("session", function()
  local result, err
  if not other then
    other, err = new { api_access_key_id = "name@example.com",
      api_secret_access_key = "secret-of-the-key", session = true }
    if not other then
      return nil, err
    end
  end
  result, err = other.connections.accept(ID .. "2")
  return check(result, err, success)
end)

step("map", function()
  if not client.map then
    return true
  end
  local results, err = client:map({ "1", "2", "4" }, function(id)
    return client.connections.accept(ID .. id)
  end, { concurrency = 2 })
  for i = 1, results and 3 or 0 do
    local each = results[i]
    if not each.value then
      return nil, each.err
    end
  end
  return check(results, err)
end)

step("close", function()
  client:close()
  client:close()
  return true
end)

step("after closing", function()
  local ok, message = pcall(client.connections.list)
  if ok then
    error("a closed client answered", 0)
  end
  if not message:find("closed", 1, true) then
    error(message, 0)
  end
  return true
end)

-- ---- what the host asks for ------------------------------------------------

function scenario.begin(at, count)
  port, changes = at, count
  scenario.before = changes()
end

-- libcurl (7.88) leaves the query out of a URL for which it has no memory, and
-- sends it: then the first page comes twice. It says the same of a line of a
-- head that is too long as of one for which there is no memory.
local OF_LIBCURL = "the pages of the list do not come to an end"
local AS_LONG = "a line in the head of the answer is too long"

local function is_memory(message)
  message = tostring(message):lower()
  return message:find("not enough memory", 1, true) or
    message:find("out of memory", 1, true) or
    message:find("memory allocation error", 1, true) or
    message:find(OF_LIBCURL, 1, true) or message:find(AS_LONG, 1, true)
end

-- Why an error may not be; nil when it may.
local function fault_of(err)
  if type(err) == "string" and is_memory(err) then
    return nil
  end
  if type(err) ~= "table" or not err.kind then
    return "raised " .. tostring(err)
  end
  local changed = changes() > scenario.before
  if err.outcome == "not_done" and changed then
    return "said that nothing was done: " .. tostring(err)
  end
  if err.kind ~= "network" and err.kind ~= "timeout" and err.kind ~= "auth"
    and not is_memory(err) then
    return "said " .. tostring(err)
  end
  skipped = skipped + PAUSE
  return nil
end

--- After a step that was run with memory failing (`strict`: or with memory
--- back): why what came of it may not be, or nil; and whether it succeeded.
function scenario.judge(strict, ok, result, err)
  local fault, done = nil, ok and result == true
  if not done then
    fault = fault_of(ok and err or result)
    if strict and not fault then
      fault = "did not succeed with memory back: " ..
        tostring(ok and err or result)
    end
  end
  scenario.before = changes()
  return fault, done
end

return scenario
