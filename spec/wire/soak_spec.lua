-- Thousands of mixed calls, a fifth of the requests met by a fault before or
-- after the effect: what each call tells of itself is compared with what the
-- sandbox did. ZUORA_SOAK_CALLS says how many; `make soak-faults` makes
-- 10,000.
local memory = require "spec.support.memory"
local sandbox = require "spec.wire.sandbox"
local sleep = require("system").sleep

local CALLS = tonumber(os.getenv "ZUORA_SOAK_CALLS") or 2000
local BATCH = 200
local SEED = tonumber(os.getenv "ZUORA_SOAK_SEED") or 20260102

-- ---- chance ----------------------------------------------------------------

local state = SEED

-- The same numbers in every Lua: 0 up to, not including, n.
local function random(n)
  state = state * 16807 % 2147483647
  return state % n
end

-- ---- faults ----------------------------------------------------------------

local SHORT = 0.25 -- seconds of an attempt

-- Of 10,000 requests, how many each hits.
local FAULTS = {
  { 110, { kind = "reset" } },
  { 110, { kind = "reset", when = "after" } },
  { 110, { kind = "close" } },
  { 110, { kind = "close", when = "after" } },
  { 110, { kind = "cut" } },
  { 110, { kind = "cut", when = "after" } },
  { 110, { kind = "status", status = 500, store = true } },
  { 110, { kind = "status", status = 500, when = "after" } },
  { 110, { kind = "status", status = 502, body = "html" } },
  { 110, { kind = "status", status = 503, body = "html", when = "after" } },
  { 110, { kind = "status", status = 504, body = "html" } },
  { 110, { kind = "status", status = 504, body = "html", when = "after" } },
  { 60, { kind = "status", status = 429, body = "html", retry_after = 0 } },
  { 10, { kind = "status", status = 401 } },
  { 110, { kind = "category", category = 50 } },
  { 110, { kind = "category", category = 60 } },
  { 110, { kind = "category", category = 61, when = "after" } },
  { 60, { kind = "category", category = 99 } },
  { 60, { kind = "category", category = 30 } },
  { 60, { kind = "html" } },
  { 60, { kind = "html", when = "after" } },
  { 60, { kind = "wrong_json", when = "after" } },
  { 60, { kind = "gzip_garbage", when = "after" } },
  { 10, { kind = "stall", seconds = 1 } },
  { 10, { kind = "stall", seconds = 1, when = "after" } },
  { 10, { kind = "delay", seconds = 0.35 } },
  { 10, { kind = "drip", bytes_per_second = 10 } },
}

local function set_faults()
  local list = {}
  for i, row in ipairs(FAULTS) do
    local fault = { match = { path = "^/v1/", times = 0,
      probability = row[1] / 10000, seed = random(2147480000) + i } }
    for name, value in pairs(row[2]) do
      fault[name] = value
    end
    list[i] = fault
  end
  sandbox.fault(list)
end

-- ---- the tenant of a batch -------------------------------------------------

local GLOBAL = sandbox.global

local function id_of(prefix, n)
  return ("%s%022x"):format(prefix, n)
end

-- As many connections and entities as there are calls, each for one of them.
local function tenant()
  local entities = { { id = GLOBAL, name = "Acme Global" },
    { id = sandbox.us, name = "Acme US", parentId = GLOBAL } }
  local connections = {}
  for i = 1, BATCH do
    entities[#entities + 1] = { id = id_of("8a80825558", i),
      name = "Acme " .. i, parentId = GLOBAL }
    for k, status in ipairs { "Pending", "Connected", "Disconnected" } do
      connections[#connections + 1] = { id = id_of("8a8082555" .. k, i),
        sourceEntityId = sandbox.us, targetEntityId = GLOBAL, status = status }
    end
  end
  return entities, connections
end

-- Only what a batch uses, so that the list is one page.
local function trim(connections, used)
  local kept = {}
  for _, connection in ipairs(connections) do
    kept[#kept + 1] = used[connection.id] and connection or nil
  end
  return kept
end

-- ---- the calls -------------------------------------------------------------

local function change(verb, k, refused)
  return function(i)
    local id = id_of("8a8082555" .. k, i)
    return { verb = verb, id = id, writes = true, refused = refused,
      run = function(client) return client.connections[verb](id) end }
  end
end

-- Each makes the call number i of a batch; they are drawn by lot.
local MAKERS = {
  change("accept", 1), change("accept", 1), change("deny", 1),
  change("disconnect", 2), change("disconnect", 2),
  change("accept", 3, true),
  function(i)
    local target = id_of("8a80825558", i)
    return { verb = "initiate", id = target, writes = true,
      run = function(client) return client.connections.initiate(target) end }
  end,
  function(i)
    return { verb = "post", id = "/v1/_echo/" .. i, writes = true,
      run = function(client)
        return client:request { method = "POST", path = "/v1/_echo/" .. i,
          body = { n = i } }
      end }
  end,
  function()
    return { verb = "list", run = function(client)
      return client.connections.list { page_size = 5 }
    end, good = function(result) return result.entityConnections[1].id end }
  end,
  function()
    return { verb = "all", run = function(client)
      return client.connections.all()
    end, good = function(result, size) return #result >= size end }
  end,
  function(i)
    local id = id_of("8a80825558", i)
    return { verb = "get", run = function(client)
      return client.entities.get(id)
    end, good = function(result) return result.id == id end }
  end,
  function(i)
    return { verb = "echo", run = function(client)
      return client:request { path = "/v1/_echo/" .. i }
    end, good = function(result)
      return result.path == "/v1/_echo/" .. i and result.method == "GET"
    end }
  end,
}
MAKERS[#MAKERS + 1] = MAKERS[7] -- initiate counts twice

-- ---- comparing -------------------------------------------------------------

-- How often what each call asked for took effect, by its id.
local function effects()
  local count, targets = {}, {}
  for _, connection in ipairs(sandbox.state().connections) do
    targets[connection.id] = connection.targetEntityId
  end
  for _, entry in ipairs(sandbox.journal()) do
    local effect = type(entry.effect) == "string" and entry.effect or ""
    local what, id = effect:match "^(%w+) (%x+)$"
    if effect == "echoed" then
      id = entry.target
    elseif what == "initiated" then
      id = targets[id]
    end
    if id then
      count[id] = (count[id] or 0) + 1
    end
  end
  return count, targets
end

local tally = {}

local function add(name)
  tally[name] = (tally[name] or 0) + 1
end

local function judge_write(one, times, targets)
  local what = ("%s %s: %s"):format(one.verb, one.id, one.err and
    tostring(one.err) or "a result")
  assert.is_true(times <= 1, "doubled: " .. what)
  if one.result then
    assert.is_nil(one.refused, what)
    assert.equal(1, times, what)
    if one.verb == "initiate" then
      assert.equal(one.id, targets[one.result.id], what)
    end
    add(one.result.meta.settled and "settled" or "done")
  elseif one.err.outcome == "not_done" then
    assert.equal(0, times, what)
    add "not_done"
  else
    assert.equal("unknown", one.err.outcome, what)
    assert.is_false(one.err.retryable, what)
    add "unknown"
    if one.verb ~= "post" then
      add "unknown, though it could be looked for"
    end
  end
end

local KINDS = { network = true, timeout = true, auth = true, api = true,
  http = true, protocol = true, rate_limit = true }

local function judge(calls, size)
  local count, targets = effects()
  for _, one in ipairs(calls) do
    assert.is_true(one.result ~= nil or KINDS[one.err.kind] == true)
    if one.writes then
      judge_write(one, count[one.id] or 0, targets)
      count[one.id] = nil
    elseif one.result then
      assert.is_truthy(one.good(one.result, size))
      add "read"
    else
      assert.is_nil(one.err.outcome)
      add "not read"
    end
  end
  assert.is_nil((next(count)), "an effect that nobody asked for")
end

local function run_batch(client, n)
  local calls, used = {}, {}
  for i = 1, n do
    local one = MAKERS[random(#MAKERS) + 1](i)
    calls[i] = one
    used[one.id or ""] = true
  end
  local entities, connections = tenant()
  connections = trim(connections, used)
  sandbox.scenario { entities = entities, connections = connections }
  sandbox.forget()
  set_faults()
  for _, one in ipairs(calls) do
    one.result, one.err = one.run(client)
  end
  sandbox.mend()
  sleep(0.4) -- what was delayed has taken effect
  judge(calls, #connections)
end

-- ---- memory ----------------------------------------------------------------

describe("a long run with faults", function()
  it("doubles nothing, loses nothing, tells nothing wrong, and leaks nothing",
    function()
      sandbox.reset()
      sandbox.settings { token_entities = { GLOBAL }, rate_limit = 0 }
      local client = sandbox.client { attempt_timeout = SHORT,
        backoff_base = 0.001, max_retry_wait = 2 }
      local left, bytes, resident = CALLS, nil, nil
      local settled_in = math.ceil(CALLS / BATCH / 3)
      while left > 0 do
        run_batch(client, math.min(left, BATCH))
        left = left - BATCH
        settled_in = settled_in - 1
        if settled_in == 0 then
          bytes, resident = memory.lua(), memory.resident()
        end
      end
      local more, grown = memory.lua() - bytes, memory.resident() - resident
      client:close()
      if os.getenv "ZUORA_SOAK_CALLS" then
        for name, n in pairs(tally) do
          io.stderr:write(("# %6d %s\n"):format(n, name))
        end
        io.stderr:write(("# %+d bytes of Lua, %+d resident\n"):format(more,
          grown))
      end
      assert.is_true(more < 100 * 1024, more .. " bytes more")
      assert.is_true(grown < 4 * 1024 * 1024, grown .. " bytes resident more")
      -- It is no use to say of everything that nobody knows.
      assert.is_true(tally.done + tally.settled >
        20 * (tally["unknown, though it could be looked for"] or 0))
      assert.is_true(tally.settled > 0 and tally.not_done > 0)
    end)
end)
