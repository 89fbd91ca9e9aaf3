-- Calls a second and processor time a call, in rounds: each round runs every
-- program once, so that what disturbs the machine disturbs them all, and a
-- ratio is of two runs that were neighbours.
local suite = require "bench.suite"

local rates = {}

local ROUNDS = suite.quick and 3 or 9
local SLICE = suite.quick and 0.12 or 0.6 -- seconds of a run
local MOST = 20000 -- calls of a run
local OPERATIONS = {
  tls = { "accept", "list30", "list300" },
  h2 = suite.quick and { "accept" } or { "accept", "list30", "list300" },
}

local function list_for(protocol, peers)
  local list = { suite.bare, suite.ours[1], suite.ours[2] }
  if protocol == "tls" then
    for _, peer in ipairs(peers) do
      list[#list + 1] = peer
    end
  end
  return list
end

-- How many calls fill a slice.
local function calibrate(program, url, operation)
  local calls = program.few or 50
  local took = suite.run(program, url, operation, calls, 1,
    program.warm or 5).seconds
  return math.max(5, math.min(MOST, math.floor(calls * SLICE / took)))
end

local function row(protocol, operation, program, samples)
  return {
    protocol = protocol, operation = operation, client = program.name,
    ours = program.ours, lua = program.lua,
    rate = suite.figure(samples.rate), cpu = suite.figure(samples.cpu),
    ratio = suite.figure(samples.ratio),
  }
end

local function add(samples, result, base)
  local rate = result.calls / result.seconds
  table.insert(samples.rate, rate)
  table.insert(samples.cpu, result.cpu / result.calls)
  table.insert(samples.ratio, rate / (base or rate))
  return base or rate
end

-- All programs in `rounds` rounds. `calls_of` gives the calls of a run.
local function interleave(list, rounds, run)
  local samples = {}
  for i = 1, #list do
    samples[i] = { rate = {}, cpu = {}, ratio = {} }
  end
  for _ = 1, rounds do
    local base
    for i, program in ipairs(list) do
      base = add(samples[i], run(program, i), base)
    end
  end
  return samples
end

local function show(rows)
  for _, r in ipairs(rows) do
    print(("  %-5s %-8s %-30s %8.0f /s %7.1f us CPU  %5.2f [%.2f-%.2f]"):format(
      r.protocol, r.operation, r.client, r.rate.median, r.cpu.median * 1e6,
      r.ratio.median, r.ratio.low, r.ratio.high))
  end
end

local function measure(protocol, operation, list)
  local url, calls = suite.urls[protocol], {}
  for i, program in ipairs(list) do
    calls[i] = calibrate(program, url, operation)
  end
  local samples = interleave(list, ROUNDS, function(program, i)
    local warm = math.max(program.warm or 5, math.floor(calls[i] / 5))
    return suite.run(program, url, operation, calls[i], 1, warm)
  end)
  local rows = {}
  for i, program in ipairs(list) do
    rows[i] = row(protocol, operation, program, samples[i])
  end
  show(rows)
  return rows
end

--- One call after another.
function rates.one_by_one()
  local peers, all = {}, {}
  for _, peer in ipairs(suite.peers) do
    if suite.is_there(peer) then
      peers[#peers + 1] = peer
    end
  end
  for _, protocol in ipairs { "tls", "h2" } do
    for _, operation in ipairs(OPERATIONS[protocol]) do
      for _, r in ipairs(measure(protocol, operation,
        list_for(protocol, peers))) do
        all[#all + 1] = r
      end
    end
  end
  suite.save("rates", all)
end

--- 2,000 accepts, 32 in flight.
function rates.map()
  if not suite.has_map() then
    print "  the library has no map: left out"
    return
  end
  local all = {}
  local list = list_for("map", {})
  for _, protocol in ipairs { "tls", "h2" } do
    local samples = interleave(list, ROUNDS, function(program)
      return suite.run(program, suite.urls[protocol], "accept", 2000, 32, 1000)
    end)
    local rows = {}
    for i, program in ipairs(list) do
      rows[i] = row(protocol, "map", program, samples[i])
      all[#all + 1] = rows[i]
    end
    show(rows)
  end
  suite.save("map", all)
end

return rates
