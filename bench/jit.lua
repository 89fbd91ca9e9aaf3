-- What LuaJIT compiles of a call, and what it does not: what `luajit -jv` says
-- of a run of bench/ours.lua, counted.
local traced = require "bench.traced"

local jit = {}

local function add(list, at, why)
  for _, one in ipairs(list) do
    if one.at == at and one.why == why then
      one.times = one.times + 1
      return
    end
  end
  list[#list + 1] = { at = at, why = why, times = 1 }
end

--- Reads what -jv wrote: how many traces there are; where one ends in a call of
--- a C function and another begins behind it; what was given up, and why.
function jit.read(path)
  local found = { traces = 0, stitches = {}, aborts = {} }
  for line in io.lines(path) do
    local at, why = line:match "^%[TRACE %-%-%- (.-) %-%- (.*)%]$"
    if at then
      add(found.aborts, at:match "%S+$", (why:gsub("0x%x+", "")))
    elseif line:find "^%[TRACE " then
      found.traces = found.traces + 1
      local stitched = line:match "(%S+) stitch "
      if stitched then
        add(found.stitches, stitched, "a function of the C API")
      end
    end
  end
  return found
end

--- The same of a run that makes so many calls.
function jit.of(url, operation, calls)
  return traced(jit.read, "luajit -jv=%s bench/ours.lua %s %s %d 1", url,
    operation, calls)
end

return jit
