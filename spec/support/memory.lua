-- How much memory this process holds, in bytes.
local memory = {}

--- Of Lua. What LuaJIT keeps of the code that it compiled is none of a spec's.
function memory.lua()
  if rawget(_G, "jit") then
    require("jit").flush()
  end
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

--- Of the process; 0 where the system does not tell.
function memory.resident()
  local file = io.open "/proc/self/statm"
  if not file then
    return 0
  end
  local pages = tonumber(file:read("*a"):match "^%d+ (%d+)")
  file:close()
  return pages * 4096
end

return memory
