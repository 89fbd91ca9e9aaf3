-- lua-http, one stream after another on one kept connection.
local cjson = require "cjson"
local http_client = require "http.client"
local http_headers = require "http.headers"
local measure = require "bench.measure"
local openssl_ctx = require "openssl.ssl.context"
local openssl_store = require "openssl.x509.store"
local socket = require "socket"

local a = measure.arguments()
local method, url, body = measure.request(a)
local authority, path = url:match "^https://([^/]+)(.*)$"

local store = openssl_store.new()
store:add(a.ca)
local ctx = openssl_ctx.new("TLS", false)
ctx:setStore(store)
ctx:setVerify(openssl_ctx.VERIFY_PEER)
local connection = assert(http_client.connect {
  host = "127.0.0.1", port = tonumber(authority:match "%d+$"), tls = true,
  ctx = ctx, version = 1.1, sendname = false,
})

local function headers()
  local h = http_headers.new()
  h:append(":method", method)
  h:append(":scheme", "https")
  h:append(":authority", authority)
  h:append(":path", path)
  h:append("accept", "application/json")
  h:append("authorization", "Bearer bench", true)
  if body then
    h:append("content-type", "application/json")
    h:append("content-length", tostring(#body))
  end
  return h
end

local function one()
  local stream = assert(connection:new_stream())
  assert(stream:write_headers(headers(), not body))
  if body then
    assert(stream:write_chunk(body, true))
  end
  assert(assert(stream:get_headers()):get ":status" == "200")
  measure.check(a, cjson.decode(assert(stream:get_body_as_string())))
end

measure.report(a, socket.gettime, function(n)
  for _ = 1, n do
    one()
  end
end)
