-- A server that answers after 100 ms: 100,000 rows in pages of 300 fetched
-- ahead, 500 accepts at once, beside the same one after another. Needs
-- bench/server's --nginx.
local cjson = require "cjson"
local suite = require "bench.suite"

local distance = {}

local ROUNDS = suite.quick and 1 or 5
-- One after another a call takes as long as any other, so that in a quick run a
-- few stand for all of them.
local FEW = 5
local PAGES, CALLS = 334, 500
local LUAS = { { "zuora, LuaJIT", "luajit" } }
if not suite.quick then
  table.insert(LUAS, 1, { "zuora, Lua 5.4", "lua5.4" })
end
local URLS = {
  tls = os.getenv "BENCH_FAR_TLS", h2 = os.getenv "BENCH_FAR_H2",
}

local function run(lua, url, ...)
  return cjson.decode(suite.output(("%s bench/far.lua %s %s %d %d"):format(
    lua, url, ...)))
end

local function connections(url)
  return cjson.decode(suite.output(("curl -sS --cacert %s %s/connections")
    :format(os.getenv "BENCH_CA", url)))
end

local OPERATIONS = {
  { name = "list", at_once = 16, all = PAGES,
    alone = { 0, suite.quick and PAGES + 1 - FEW or 1 },
    ahead = { 16, 1 } },
  { name = "accept", at_once = 32, all = CALLS,
    alone = { 1, suite.quick and FEW or CALLS },
    ahead = { 32, CALLS } },
}

-- Seconds that all calls take one after another.
local function alone(lua, operation)
  local result = run(lua, URLS.h2, operation.name,
    (table.unpack or unpack)(operation.alone))
  return result.first + (result.seconds - result.first) *
    (operation.all - 1) / (result.calls - 1)
end

local function measure(lua, protocol, operation, base)
  local seconds, result = {}, nil
  local url = URLS[protocol]
  for i = 1, ROUNDS do
    connections(url)
    result = run(lua[2], url, operation.name,
      (table.unpack or unpack)(operation.ahead))
    seconds[i] = result.seconds
  end
  local made = connections(url)
  local row = {
    client = lua[1], protocol = protocol, operation = operation.name,
    at_once = operation.at_once, alone = base, seconds = suite.figure(seconds),
    cpu = result.cpu / result.calls, first = result.first,
    later = result.later, connections = made.connections,
    resumed = made.resumed,
  }
  row.times = base / row.seconds.median
  print(("  %-6s %-4s %-16s %6.2f s; alone %6.2f s; %5.1f times; %d " ..
    "connections, %d resumed"):format(row.operation, protocol, row.client,
    row.seconds.median, base, row.times, row.connections, row.resumed))
  return row
end

--- Leaves distance.json: a row for each operation, protocol and Lua.
function distance.measure()
  local rows = {}
  for _, operation in ipairs(OPERATIONS) do
    for _, lua in ipairs(LUAS) do
      local base = alone(lua[2], operation)
      for _, protocol in ipairs(suite.quick and { "h2" } or { "tls", "h2" }) do
        rows[#rows + 1] = measure(lua, protocol, operation, base)
      end
    end
  end
  suite.save("distance", rows)
end

return distance
