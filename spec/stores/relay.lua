-- A relay in front of a Redis, as a process of its own, that takes one lock and
-- tells nobody: it hands over the first command that has NX, waits until it was
-- answered, and closes the connection in place of the answer.
--
--   lua5.1 spec/stores/relay.lua PORT-OF-REDIS      prints its own port
local socket = require "socket"

local IDLE = 30 -- seconds, after which it ends: nobody wants it any more

local redis = tonumber(arg[1])
local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(IDLE)
print((select(2, listener:getsockname())))
io.stdout:flush()

local cut = false

-- Hands over what has come; false when the connection is done with.
local function pass(from, to, is_command)
  local data, problem, part = from:receive(4096)
  data = data or part
  to:send(data)
  if is_command and not cut and data:find "\r\nNX\r\n" then
    cut = true
    to:settimeout(IDLE)
    assert(to:receive(1))
    return false
  end
  return problem ~= "closed"
end

local function serve(peer)
  local server = assert(socket.connect("127.0.0.1", redis))
  peer:settimeout(0)
  server:settimeout(0)
  repeat
    local ready = socket.select({ peer, server }, nil, IDLE)
    local going = #ready > 0
    for _, one in ipairs(ready) do
      going = going and pass(one, one == peer and server or peer, one == peer)
    end
  until not going
  peer:close()
  server:close()
end

local peer = listener:accept()
while peer do
  serve(peer)
  peer = listener:accept()
end
