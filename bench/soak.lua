-- One process for long: many calls with one client, then many clients made and
-- dropped, each tenth after a call. Fails when memory or descriptors grow.
--
-- usage: bench/server LUA bench/soak.lua [CALLS [CLIENTS]]
local measure = require "bench.measure"
local zuora = require "zuora"

local CALLS = tonumber(arg[1]) or 1000000
local CLIENTS = tonumber(arg[2]) or 100000
local MOST = 1024 -- KiB that may be added after the first hundredth, or tenth
local URL = assert(os.getenv "BENCH_HTTP", "run it under bench/server")

local failed = false
local clock = require("zuora.core").clock

local function descriptors()
  local pipe = assert(io.popen "ls /proc/$PPID/fd | wc -l")
  local count = tonumber(pipe:read "*a")
  pipe:close()
  return count
end

-- What nobody can reach any more is none of what grows.
local function look()
  collectgarbage()
  collectgarbage()
  return measure.rss(), descriptors()
end

-- Does `one` n times; looks at the process after the first `settled`.
local function watch(what, n, settled, one)
  local began, first, first_open = clock(), nil, nil
  for i = 1, n do
    one(i)
    if i == settled then
      first, first_open = look()
    end
    if i % (n / 10) == 0 then
      print(("  %8d %s  %6d KiB"):format(i, what, measure.rss()))
    end
  end
  local last, open = look()
  local grown = last - first
  print(("%d %s in %.0f s: %d KiB after the first %d, %d at the end; " ..
    "descriptors %+d"):format(n, what, clock() - began, first, settled, last,
    open - first_open))
  failed = failed or grown >= MOST or open > first_open
end

local function new()
  return assert(zuora.new { base_url = URL, access_token = "soak" })
end

print(jit and jit.version or _VERSION)
local client = new()
watch("calls", CALLS, math.floor(CALLS / 100), function()
  assert(client.connections.accept(measure.id))
end)
client:close()
watch("clients", CLIENTS, math.floor(CLIENTS / 10), function(i)
  local dropped = new()
  if i % 10 == 0 then
    assert(dropped.connections.accept(measure.id))
  end
end)
os.exit(not failed)
