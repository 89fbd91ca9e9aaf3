-- The lua-cjson that is installed, made to behave as the one that OpenResty
-- has and LuaRocks gives, in what differs from Debian's: whole numbers are
-- integers where Lua has them, and cut off at 64 bits; integers are written
-- exactly; empty arrays can be told. Stands for require "cjson.safe".
local cjson = require "cjson.safe"

local other = { null = cjson.null, empty_array = {}, empty_array_mt = {} }

local MARK = "\1raw:" -- before what stands in a string instead of as it is

-- Behind the string that begins at `at`.
local function skip_string(text, at)
  repeat
    at = text:find('[\\"]', at + 1)
    local escape = at and text:byte(at) == 92
    at = at and escape and at + 1 or at
  until not escape
  return at and at + 1 or #text + 1
end

local function mark_numbers(text)
  local parts, at, copied = {}, 1, 1
  while true do
    at = text:find('["%-%d]', at)
    if not at then
      parts[#parts + 1] = text:sub(copied)
      return table.concat(parts)
    end
    local digits = text:match("^%-?%d+", at)
    local number = text:match("^%-?%d+[%d.eE+-]*", at)
    if digits and digits == number then
      parts[#parts + 1] = text:sub(copied, at - 1)
      parts[#parts + 1] = ('"\\u0001raw:%s"'):format(digits)
      copied = at + #digits
    end
    at = number and at + #number or text:byte(at) == 34 and
      skip_string(text, at) or at + 1
  end
end

local function number_of(digits)
  local number = tonumber(digits)
  if not math.tointeger then
    return math.min(math.max(number, -2 ^ 63), 2 ^ 63)
  end
  return math.tointeger(number) or number < 0 and math.mininteger or
    math.maxinteger
end

-- What was marked, as what it stands for; at any depth.
local function unmark(value)
  if type(value) == "table" then
    for key, item in pairs(value) do
      value[key] = unmark(item)
    end
  elseif type(value) == "string" and value:sub(1, #MARK) == MARK then
    return number_of(value:sub(#MARK + 1))
  end
  return value
end

local function mark(value)
  if math.type and math.type(value) == "integer" then
    return MARK .. ("%d"):format(value)
  elseif value == other.empty_array or
    getmetatable(value) == other.empty_array_mt and next(value) == nil then
    return MARK .. "[]"
  elseif type(value) ~= "table" then
    return value
  end
  local made = {}
  for key, item in pairs(value) do
    made[key] = mark(item)
  end
  return made
end

--- One with settings of its own.
function other.new()
  local real = cjson.new()
  local made = setmetatable({}, { __index = function(_, name)
    return other[name] or real[name]
  end })
  function made.decode(text)
    local value, reason = real.decode(mark_numbers(text))
    return unmark(value), reason
  end
  function made.encode(value)
    local depth, reason = real.encode(value) -- it tells of what has no end
    if not depth then
      return nil, reason
    end
    return (real.encode(mark(value)):gsub('"\\u0001raw:([^"]*)"', "%1"))
  end
  return made
end

return other
