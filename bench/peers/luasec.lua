-- LuaSec's https over LuaSocket's http: a connection a call, there is no other
-- way.
local cjson = require "cjson"
local https = require "ssl.https"
local ltn12 = require "ltn12"
local measure = require "bench.measure"
local socket = require "socket"

local a = measure.arguments()
local method, url, body = measure.request(a)

-- Head and body are sent apart, so each call would wait 40 ms for the
-- acknowledgement of the first, and there is no option against it.
function socket.tcp() -- luacheck: ignore
  local made = assert(socket.tcp4())
  assert(made:setoption("tcp-nodelay", true))
  return made
end

local function one()
  local parts = {}
  local _, status = assert(https.request {
    url = url, method = method, cafile = a.ca, verify = "peer",
    protocol = "any", options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" },
    headers = {
      Accept = "application/json", Authorization = "Bearer bench",
      ["Content-Type"] = body and "application/json",
      ["Content-Length"] = body and #body,
    },
    source = body and ltn12.source.string(body),
    sink = ltn12.sink.table(parts),
  })
  assert(status == 200, status)
  measure.check(a, cjson.decode(table.concat(parts)))
end

measure.report(a, socket.gettime, function(n)
  for _ = 1, n do
    one()
  end
end)
