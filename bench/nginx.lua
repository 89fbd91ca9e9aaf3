-- One nginx worker with 200 calls in flight: the library, and the least that a
-- cosocket can do it with, against a server that answers after 20 ms and one
-- that answers at once. Needs curl and bench/server's --nginx.
local cjson = require "cjson"
local suite = require "bench.suite"

local nginx = {}

local FLIGHT = 200
local ROUNDS = suite.quick and 3 or 9
local CALLS = suite.quick and 4000 or 10000
local PATIENCE = 30 -- seconds for a run

local function ask(way, url, calls)
  return cjson.decode(suite.output(("curl -sSf -m %d '%s/measure?way=%s&" ..
    "url=%s&calls=%d&flight=%d'"):format(PATIENCE, os.getenv "BENCH_WORKER",
    way, url, calls, FLIGHT)))
end

local function add(samples, result, base)
  local rate = result.calls / result.seconds
  table.insert(samples.rate, rate)
  table.insert(samples.ratio, base and rate / (base.calls / base.seconds) or 1)
  table.insert(samples.latency, result.latency)
  table.insert(samples.added, base and result.latency - base.latency or 0)
  table.insert(samples.cpu, result.cpu / result.calls)
end

local function figures(samples)
  local made = {}
  for name, list in pairs(samples) do
    made[name] = suite.figure(list)
  end
  return made
end

local function compare(what, url)
  local samples, made = {}, {}
  for _, way in ipairs { "cosocket", "ours" } do
    samples[way] = { rate = {}, ratio = {}, latency = {}, added = {}, cpu = {} }
  end
  for _ = 1, ROUNDS do
    local base = ask("cosocket", url, CALLS)
    add(samples.cosocket, base)
    add(samples.ours, ask("ours", url, CALLS), base)
  end
  for _, way in ipairs { "cosocket", "ours" } do
    local f = figures(samples[way])
    made[way] = f
    print(("  %-8s %-9s %7.0f /s %6.1f us CPU  median %6.2f ms  %.2f"):format(
      what, way, f.rate.median, f.cpu.median * 1e6, f.latency.median * 1000,
      f.ratio.median))
  end
  return made
end

-- A library that blocks the worker would have one call in flight, not 200.
local function waits()
  local calls = FLIGHT
  local ok, result = pcall(ask, "ours", os.getenv "BENCH_LATE", calls)
  return ok and result.seconds < calls * 0.02 / 4
end

function nginx.measure()
  if not waits() then
    print "  the library blocks the worker, or fails there: left out"
    return
  end
  suite.save("nginx", {
    late = compare("20 ms", os.getenv "BENCH_LATE"),
    at_once = compare("at once", suite.urls.http),
  })
end

return nginx
