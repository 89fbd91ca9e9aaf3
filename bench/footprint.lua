-- What a process costs: time to its first answer, time to load the library,
-- memory after many calls, system calls a call.
local suite = require "bench.suite"

local footprint = {}

local STARTS = suite.quick and 11 or 41

local function seconds_to_first_line(command)
  return tonumber(suite.output(suite.out .. "/stopwatch " .. command))
end

-- Interleaved; a figure for each command, and its ratio to the first.
local function starts(commands)
  local samples, ratios = {}, {}
  for round = 0, STARTS do -- the first only warms the caches of the system
    local base
    for i, command in ipairs(commands) do
      local seconds = seconds_to_first_line(command)
      base = base or seconds
      if round == 0 then
        samples[i], ratios[i] = {}, {}
      else
        table.insert(samples[i], seconds)
        table.insert(ratios[i], seconds / base)
      end
    end
  end
  for i in ipairs(commands) do
    samples[i] = suite.figure(samples[i])
    samples[i].ratio = suite.figure(ratios[i])
  end
  return samples
end

local function programs()
  return { suite.bare, suite.ours[1], suite.ours[2] }
end

local function first_answer()
  local commands = {}
  for i, program in ipairs(programs()) do
    commands[i] = ("%s %s accept 1 1 0"):format(program.command,
      suite.urls.tls)
  end
  return starts(commands)
end

-- `preload`: a library that is there before the interpreter begins.
local function process(lua, code, preload)
  return ([[env LD_PRELOAD=%s %s -e '%s io.write("\n") io.flush()']]):format(
    preload or "", lua, code)
end

-- The difference that `require` makes to a process that does nothing else:
-- as it is, and where libcurl with all that it is linked to is there already.
local function loading(lua)
  local curl = "libcurl.so.4"
  local figures = starts {
    process(lua, ""), process(lua, [[require "zuora"]]),
    process(lua, "", curl), process(lua, [[require "zuora"]], curl),
  }
  return {
    all = figures[2].low - figures[1].low,
    own = figures[4].low - figures[3].low,
  }
end

--- Time to the first answer, and that of `require "zuora"`.
function footprint.start()
  local figures = first_answer()
  local all = { answer = {}, require = {} }
  for i, program in ipairs(programs()) do
    all.answer[program.name] = figures[i]
    print(("  first answer  %-16s %6.2f ms  %.2f"):format(program.name,
      figures[i].median * 1000, figures[i].ratio.median))
  end
  for _, lua in ipairs { "lua5.4", "luajit" } do
    all.require[lua] = loading(lua)
    print(("  require       %-16s %6.2f ms; with libcurl there %.2f ms")
      :format(lua, all.require[lua].all * 1000, all.require[lua].own * 1000))
  end
  suite.save("start", all)
end

--- Resident memory after 10,000 calls.
function footprint.memory()
  local all = {}
  for _, program in ipairs(programs()) do
    all[program.name] = suite.run(program, suite.urls.tls, "accept", 9999, 1,
      1).rss * 1024
    print(("  memory        %-16s %6.2f MiB"):format(program.name,
      all[program.name] / 2 ^ 20))
  end
  suite.save("memory", all)
end

-- How many there are from one sending to the next, of most calls: an answer
-- that comes sooner or later than usual costs one less or more.
local function system_calls(program)
  local name = suite.out .. "/strace"
  suite.output(("strace -o %s %s %s accept 2000 1 1"):format(name,
    program.command, suite.urls.tls))
  local tally, count, most = {}, 0, nil
  for line in io.lines(name) do
    if line:find "^sendto%(" then
      tally[count] = (tally[count] or 0) + 1
      most = most and tally[most] > tally[count] and most or count
      count = 0
    end
    count = count + 1
  end
  os.remove(name)
  return assert(most, "nothing was sent")
end

--- System calls a call.
function footprint.system_calls()
  if not suite.succeeds "strace -c -o /dev/null true" then
    print "  strace does not work here: left out"
    return
  end
  local all = {}
  for _, program in ipairs(programs()) do
    all[program.name] = system_calls(program)
    print(("  system calls  %-16s %6d"):format(program.name, all[program.name]))
  end
  suite.save("system_calls", all)
end

return footprint
