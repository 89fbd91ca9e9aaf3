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

local encode

local function encode_array(list)
  local parts = {}
  for i = 1, #list do
    parts[i] = encode(list[i])
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- In the order of the names, so that an answer is the same each time.
local function encode_object(object)
  local names, parts = {}, {}
  for name in pairs(object) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = encode_string(name) .. ":" .. encode(object[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_table(value)
  local kind = getmetatable(value)
  if kind == RAW then
    return value[1]
  end
  if kind == ARRAY or #value > 0 then
    return encode_array(value)
  end
  return encode_object(value)
end

local ENCODERS = {
  string = encode_string,
  number = encode_number,
  boolean = tostring,
  table = encode_table,
}

function encode(value)
  local encoder = ENCODERS[type(value)]
  return encoder and encoder(value) or "null"
end

json.encode = encode

return json
