-- JSON by lua-cjson, with settings of our own: those of the shared module
-- belong to the program. There are two families of it, Debian's and
-- OpenResty's, which differ in numbers and empty arrays; what comes out of here
-- is the same with either.
local cjson = require("cjson.safe").new()
local core = require "zuora.core"
local errors = require "zuora.errors"

local json = { null = cjson.null }

cjson.decode_invalid_numbers(false)

local tointeger = math.tointeger -- where Lua has integers

-- The one family makes each number a float, the other tells 1 from 1.0.
local function make_whole(value)
  for key, item in pairs(value) do
    if type(item) == "table" then
      make_whole(item)
    elseif type(item) == "number" then
      value[key] = tointeger(item) or item
    end
  end
end

-- cjson.safe catches what is raised in it, an interrupt as well.
local function pass_on(reason)
  if errors.is_interrupt(reason) then
    error(reason, 0)
  end
end

--- The value of a JSON text, or nil and a reason. Ids are strings, and so is a
--- whole number that a double would not hold; other whole numbers are integers
--- where Lua has them.
function json.decode(text)
  local quoted, numbers = core.quote_numbers(text)
  local value, reason = cjson.decode(quoted)
  pass_on(reason)
  if numbers and tointeger and type(value) == "table" then
    make_whole(value)
  end
  return value, reason
end

--- Stands for an array without items: an empty table is written as {}.
json.empty_array = { "\0" }

local EMPTY = '%["\\u0000"%]' -- as cjson writes it

-- cjson writes 14 digits. A fraction is rounded there; a whole number would
-- become another.
local MAX_WHOLE = 1e14

local function has_long(value)
  for _, item in pairs(value) do
    if type(item) == "table" and has_long(item) or type(item) == "number" and
      item % 1 == 0 and (item >= MAX_WHOLE or item <= -MAX_WHOLE) then
      return true
    end
  end
  return false
end

--- The JSON text of a table, or nil and a reason.
function json.encode(value)
  local text, reason = cjson.encode(value) -- first: it ends where tables do not
  if not text then
    pass_on(reason)
    return nil, reason
  end
  if has_long(value) then
    return nil, "a whole number of more than 14 digits; give it as a string"
  end
  return (text:gsub(EMPTY, "[]"))
end

return json
