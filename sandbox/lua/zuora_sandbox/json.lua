-- JSON as Zuora writes it: the decoder is lua-cjson, the encoder our own, since
-- cjson knows no empty arrays everywhere and escapes each slash.
local cjson = require("cjson.safe").new()
cjson.decode_invalid_numbers(false)

local json = { null = cjson.null, decode = cjson.decode }

local ARRAY, RAW = {}, {}

--- Marks a list as an array, so that it stays one when it is empty.
function json.array(list)
  return setmetatable(list or {}, ARRAY)
end

--- Text that is JSON already.
function json.raw(text)
  return setmetatable({ text }, RAW)
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f",
}

local function escape(character)
  return ESCAPES[character] or ("\\u%04x"):format(character:byte())
end

local function encode_string(text)
  return '"' .. text:gsub('[%z\1-\31\127"\\]', escape) .. '"'
end

local function encode_number(number)
  if number == math.floor(number) and math.abs(number) < 1e15 then
    return ("%.0f"):format(number)
  end
  return ("%.14g"):format(number)
end

local write

local function write_array(out, list)
  out[#out + 1] = "["
  for i = 1, #list do
    if i > 1 then
      out[#out + 1] = ","
    end
    write(out, list[i])
  end
  out[#out + 1] = "]"
end

-- In the order of the names, so that an answer is the same each time.
local function write_object(out, object)
  local names = {}
  for name in pairs(object) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  out[#out + 1] = "{"
  for i, name in ipairs(names) do
    out[#out + 1] = (i > 1 and "," or "") .. encode_string(name) .. ":"
    write(out, object[name])
  end
  out[#out + 1] = "}"
end

local function write_table(out, value)
  local kind = getmetatable(value)
  if kind == RAW then
    out[#out + 1] = value[1]
  elseif kind == ARRAY or #value > 0 then
    write_array(out, value)
  else
    write_object(out, value)
  end
end

local ENCODERS = {
  string = encode_string,
  number = encode_number,
  boolean = tostring,
}

function write(out, value)
  if type(value) == "table" then
    return write_table(out, value)
  end
  local encoder = ENCODERS[type(value)]
  out[#out + 1] = encoder and encoder(value) or "null"
end

--- All pieces go into one list: LuaJIT keeps each string once and hashes but
--- a part of a long one, so that thousands of long strings that are nearly
--- alike would cost more the more there are.
function json.encode(value)
  local out = {}
  write(out, value)
  return table.concat(out)
end

return json
