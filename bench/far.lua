-- Reads a long list, or makes many accepts, against bench/far_server.lua.
--
-- usage: LUA bench/far.lua URL list PREFETCH PAGE
--        LUA bench/far.lua URL accept CONCURRENCY CALLS
-- PAGE is where the list of 334 pages is begun. Prints a line of JSON: calls,
-- seconds, cpu, how long the first call took and, of accepts, how long the
-- others: their median.
local clock = require("zuora.core").clock
local measure = require "bench.measure"
local zuora = require "zuora"

local url, what, at_once, number = arg[1], arg[2], tonumber(arg[3]),
  tonumber(arg[4])
local PAGES, ROWS = 334, 300
local client = assert(zuora.new {
  base_url = url, access_token = "bench", ca_file = os.getenv "BENCH_CA",
})

local began, used = clock(), os.clock()

local function list()
  local rows, first = 0, nil
  for _ in client.connections.each { page_size = ROWS, prefetch = at_once,
    page = number } do
    first = first or clock() - began
    rows = rows + 1
  end
  assert(rows == ROWS * (PAGES + 1 - number))
  return { calls = PAGES + 1 - number, first = first }
end

local function accept()
  local ids, took = {}, {}
  for i = 1, number do
    ids[i] = measure.id
  end
  local results = client:map(ids, function(id)
    return client.connections.accept(id)
  end, { concurrency = at_once })
  for i = 1, number do
    took[i] = assert(results[i].value, results[i].err).meta.seconds
  end
  local first = table.remove(took, 1)
  table.sort(took)
  return { calls = number, first = first, later = took[math.ceil(#took / 2)] }
end

local result = what == "list" and list() or accept()
result.seconds, result.cpu = clock() - began, os.clock() - used
client:close()
print(require("cjson").encode(result))
