-- The whole benchmark, or the sections that are named: rates, map, start,
-- memory, system_calls, nginx, distance. Leaves build/bench/*.json, of which
-- bench/report.lua makes docs/performance.md.
local distance = require "bench.distance"
local footprint = require "bench.footprint"
local rates = require "bench.rates"
local suite = require "bench.suite"
local nginx = require "bench.nginx"

local SECTIONS = {
  { "rates", "one call after another", rates.one_by_one },
  { "map", "2,000 accepts, 32 in flight", rates.map },
  { "start", "start", footprint.start },
  { "memory", "memory after 10,000 calls", footprint.memory },
  { "system_calls", "system calls a call", footprint.system_calls },
  { "nginx", "200 calls in flight in an nginx worker", nginx.measure },
  { "distance", "a server 100 ms away", distance.measure },
}

local wanted = {}
for _, name in ipairs(arg) do
  wanted[name] = true
end

local function machine()
  return {
    date = os.date "!%Y-%m-%d", quick = suite.quick,
    processor = suite.output [[sed -n 's/^model name[^:]*: //p' /proc/cpuinfo |
      head -n 1]]:gsub("\n", ""),
    processors = tonumber(suite.output "getconf _NPROCESSORS_ONLN"),
    system = suite.output [[. /etc/os-release; echo "$PRETTY_NAME, Linux \
$(uname -r)"]]:gsub("\n", ""),
    curl = suite.output "curl --version | head -n 1":gsub("\n", ""),
    nginx = suite.output "nginx -v 2>&1":gsub("\n", ""),
    luajit = suite.output "luajit -v":match "^LuaJIT %S+",
    lua = suite.output "lua5.4 -v":match "^Lua %S+",
  }
end

suite.save("machine", machine())
for _, section in ipairs(SECTIONS) do
  if #arg == 0 or wanted[section[1]] then
    print(section[2])
    section[3]()
  end
end
