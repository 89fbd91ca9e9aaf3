-- What the programs in Lua have in common: their arguments, as bench/bare.c
-- has them, and the line of JSON that they print.
--
-- usage: LUA bench/PROGRAM.lua URL OPERATION CALLS CONCURRENCY [WARM]
local measure = {}

measure.id = "8a808255575bdae401576a914a140420"

--- The arguments.
function measure.arguments()
  return {
    url = arg[1],
    operation = arg[2],
    rows = tonumber(arg[2]:match "%d+"), -- of a list
    calls = tonumber(arg[3]),
    concurrency = tonumber(arg[4] or 1),
    warm = tonumber(arg[5] or 1),
    ca = os.getenv "BENCH_CA",
  }
end

--- Method, URL and body of the request, for those who build it themselves.
function measure.request(a)
  if a.operation == "accept" then
    return "PUT", ("%s/v1/entity-connections/%s/accept"):format(a.url,
      measure.id), "{}"
  end
  return "GET", ("%s/v1/entity-connections?pageSize=%d"):format(a.url, a.rows)
end

--- Sees that an answer, decoded, is what was asked for.
function measure.check(a, answer)
  assert(answer.success == true)
  assert(not a.rows or #answer.entityConnections == a.rows)
end

--- Resident memory, in KiB.
function measure.rss()
  local file = assert(io.open "/proc/self/status")
  local kib = file:read "*a":match "VmRSS:%s*(%d+)"
  file:close()
  return tonumber(kib)
end

--- Runs `run(n)`, which makes n calls, and prints what it took by `clock`.
function measure.report(a, clock, run)
  run(a.warm)
  local began, used = clock(), os.clock()
  run(a.calls)
  print(('{"calls":%d,"seconds":%.6f,"cpu":%.6f,"rss":%d}'):format(a.calls,
    clock() - began, os.clock() - used, measure.rss()))
  io.stdout:flush()
end

return measure
