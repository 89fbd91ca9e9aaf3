-- Lua-cURL 0.3.0, Debian's: one handle, one kept connection.
local cjson = require "cjson"
local curl = require "curl"
local measure = require "bench.measure"
local socket = require "socket"

local a = measure.arguments()
local method, url, body = measure.request(a)
local easy = curl.easy_init()
local parts, lines = {}, 0

easy:setopt(curl.OPT_CAINFO, a.ca)
easy:setopt(curl.OPT_ACCEPT_ENCODING, "")
easy:setopt(curl.OPT_HTTPHEADER, { "Accept: application/json",
  "Authorization: Bearer bench", body and "Content-Type: application/json" })
if body then
  easy:setopt(curl.OPT_CUSTOMREQUEST, method)
  easy:setopt(curl.OPT_POSTFIELDS, body)
end
easy:setopt(curl.OPT_HEADERFUNCTION, function(line)
  lines = lines + 1
  return #line
end)
easy:setopt(curl.OPT_WRITEFUNCTION, function(part)
  parts[#parts + 1] = part
  return #part
end)

local function one()
  parts, lines = {}, 0
  easy:setopt(curl.OPT_URL, url)
  assert(easy:perform())
  assert(lines > 0)
  measure.check(a, cjson.decode(table.concat(parts)))
end

measure.report(a, socket.gettime, function(n)
  for _ = 1, n do
    one()
  end
end)
