-- Decodes one body CALLS times with lua-cjson, and does nothing else: the part
-- of a list that a client cannot do without.
--
-- usage: LUA bench/decode.lua FILE CALLS
local cjson = require "cjson"

local file = assert(io.open(arg[1], "rb"))
local body = file:read "*a"
file:close()
for _ = 1, tonumber(arg[2]) do
  assert(cjson.decode(body).success)
end
