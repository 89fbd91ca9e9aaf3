-- Where the instructions of a call are spent: callgrind's file, added up by the
-- object and the source file that each function is from.
local traced = require "bench.traced"

local layers = {}

--- In the order of a table; what is of no object is code that LuaJIT made.
layers.names = { "libcurl", "libc", "core", "binding", "Lua", "lua-cjson",
  "others" }

local OBJECTS = {
  { "libcurl", "libcurl%.so" }, { "lua%-cjson", "cjson%.so" },
  { "Lua", "luajit" }, { "Lua", "lua5" }, { "Lua", "^%?*$" },
  { "libc", "/libc%.so" }, { "libc", "/ld%-linux" }, { "libc", "/libm%.so" },
  { "libc", "vgpreload" },
}

local function layer_of(object, file)
  if object:find("zuora/core%.so$") then
    return file:find("src/binding/", 1, true) and "binding" or "core"
  end
  for _, known in ipairs(OBJECTS) do
    if object:find(known[2]) then
      return (known[1]:gsub("%%", ""))
    end
  end
  return "others"
end

-- A name stands in full where it comes first, later as its number only.
local function reader()
  local names = {}
  return function(text)
    local number, name = text:match "^(%(%d+%)) ?(.*)$"
    if not number then
      return text
    elseif name ~= "" then
      names[number] = name
    end
    return names[number] or ""
  end
end

-- `object` and `file` are those of the function at hand; the line after a
-- `calls=` has what the called ones cost, which is counted with them.
local function add_line(line, at, sum)
  local key, value = line:match "^(%l+)=(.*)$"
  if key == "ob" or key == "cob" then
    local name = at.name_object(value)
    at.object = key == "ob" and name or at.object
  elseif key == "fl" or key == "fi" or key == "fe" or key == "cfi" or
    key == "cfl" then
    local name = at.name_file(value)
    at.file = key == "fl" and name or at.file
  elseif key == "calls" then
    at.skip = true
  elseif at.skip then
    at.skip = false
  else
    local cost = line:match "^[%d+*-]%d* (%d+)$"
    if cost then
      local layer = layer_of(at.object, at.file)
      sum[layer] = (sum[layer] or 0) + tonumber(cost)
    end
  end
end

--- Instructions by layer of a callgrind file.
function layers.read(path)
  local at = { object = "", file = "", skip = false, name_object = reader(),
    name_file = reader() }
  local sum = {}
  for line in io.lines(path) do
    add_line(line, at, sum)
  end
  return sum
end

local function count(command)
  return traced(layers.read, "valgrind --tool=callgrind " ..
    "--callgrind-out-file=%s %s 2>&1 >/dev/null", command)
end

--- What a call costs each layer. `format` has a %d where the number of calls
--- stands; the start is in both runs and falls out.
function layers.per_call(format, calls)
  local once, twice = count(format:format(calls)), count(format:format(2 *
    calls))
  local made = {}
  for _, name in ipairs(layers.names) do
    made[name] = ((twice[name] or 0) - (once[name] or 0)) / calls
  end
  return made
end

return layers
