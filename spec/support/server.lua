-- A small HTTP/1.1 server for specs, in the same process: nothing of it blocks
-- or sleeps, it moves when it is stepped. It answers from a script, each
-- request on a connection of its own, and keeps the requests.
--
--   local server = require("spec.support.server").new()
--   server:script { 503, { status = 200, body = { success = true } } }
--   ... server:step() from the client's `wait`; see spec/support/world.lua
--   server.requests[1].headers["zuora-track-id"]
--   server:close()
--
-- An answer is a status; or a table of status (200), headers (a table) and
-- body (text, or a table that is written as JSON); or { raw = bytes }; or
-- "hang", "drop" (the connection is closed without an answer), "cut" (in the
-- middle of one); or a function that is given the request and its number and
-- returns one of these. The requests are tables of method, target, headers (by
-- lower-case name), names (of headers, in order, as sent) and body.
local cjson = require "cjson"
local socket = require "socket"

local server = {}
local Server = {}
Server.__index = Server

--- Listens on a free port of loopback; server.url is its base URL.
function server.new()
  local listener = assert(socket.bind("127.0.0.1", 0))
  listener:settimeout(0)
  local _, port = listener:getsockname()
  return setmetatable({
    listener = listener,
    port = port,
    url = ("http://127.0.0.1:%d"):format(port),
    requests = {},
    answers = {},
    peers = {},
    rest = { body = { success = true } },
  }, Server)
end

--- A port of loopback on which nobody listens.
function server.nobody()
  local gone = server.new()
  gone:close()
  return gone.url
end

--- The answers to come, in order. After them, and before: `rest`, a success
--- where none is named.
function Server:script(answers, rest)
  self.answers, self.rest = answers, rest or self.rest
  self.requests = {}
end

local function head_of(text)
  local request = { headers = {}, names = {} }
  request.method, request.target = text:match "^(%u+) (%S+) HTTP/1%.1\r\n"
  for name, value in text:gmatch "\r\n([^:\r\n]+): *([^\r\n]*)" do
    request.headers[name:lower()] = value
    request.names[#request.names + 1] = name
  end
  return request
end

-- The first whole request that a peer has sent, or nil.
local function take_request(peer)
  local _, ends = peer.input:find("\r\n\r\n", 1, true)
  if not ends then
    return nil
  end
  local request = head_of(peer.input:sub(1, ends))
  local size = tonumber(request.headers["content-length"] or 0)
  if #peer.input < ends + size then
    return nil
  end
  request.body = peer.input:sub(ends + 1, ends + size)
  return request
end

local function bytes_of(answer)
  if answer.raw then
    return answer.raw
  end
  local body = answer.body or ""
  if type(body) == "table" then
    body = cjson.encode(body)
  end
  local lines = { ("HTTP/1.1 %d Status"):format(answer.status or 200) }
  local headers = { ["Content-Type"] = "application/json",
    ["Content-Length"] = #body, Connection = "close" }
  for name, value in pairs(answer.headers or {}) do
    headers[name] = value
  end
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local function respond(self, request)
  local answer = table.remove(self.answers, 1) or self.rest
  if type(answer) == "function" then
    answer = answer(request, #self.requests)
  end
  if answer == "cut" then
    answer = { raw = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{" }
  elseif answer == "drop" then
    answer = { raw = "" }
  elseif type(answer) == "number" then
    answer = { status = answer }
  end
  return answer ~= "hang" and bytes_of(answer) or nil
end

-- Reads what has come, and answers; false when the peer is done with.
local function serve(self, peer)
  local data, problem, part = peer.socket:receive(65536)
  peer.input = peer.input .. (data or part or "")
  if peer.input:byte() == 22 then -- the first byte of TLS
    peer.socket:send "HTTP/1.1 400 Bad Request\r\n\r\n"
    return false
  end
  local request = not peer.served and take_request(peer)
  if not request then
    return problem ~= "closed"
  end
  peer.served = true
  self.requests[#self.requests + 1] = request
  local bytes = respond(self, request)
  if not bytes then
    return true
  end
  peer.socket:settimeout(5) -- a client on loopback takes it at once
  peer.socket:send(bytes)
  return false
end

--- Does what can be done without waiting.
function Server:step()
  local new = self.listener:accept()
  while new do
    new:settimeout(0)
    self.peers[#self.peers + 1] = { socket = new, input = "" }
    new = self.listener:accept()
  end
  for i = #self.peers, 1, -1 do
    if not serve(self, self.peers[i]) then
      self.peers[i].socket:close()
      table.remove(self.peers, i)
    end
  end
end

function Server:close()
  for _, peer in ipairs(self.peers) do
    peer.socket:close()
  end
  self.peers = {}
  self.listener:close()
end

return server
