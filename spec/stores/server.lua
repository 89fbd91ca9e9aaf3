-- A Redis of a spec's own: on a free port of loopback and a Unix socket, in a
-- folder that goes away with it.
local shell = require "spec.tools.shell"
local socket = require "socket"

local server = {}

local Server = {}
Server.__index = Server

local PATIENCE = 10 -- seconds

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end

local function alive(pid)
  return select(2, shell.run("kill -0 " .. pid)) == 0
end

local function answers(self)
  local peer = socket.connect("127.0.0.1", self.port)
  if peer then
    peer:close()
  end
  return peer ~= nil
end

local function until_true(fn)
  local ends = socket.gettime() + PATIENCE
  while not fn() do
    if socket.gettime() > ends then
      return false
    end
    socket.sleep(0.01)
  end
  return true
end

--- Starts it again, empty, at the same place.
function Server:start()
  local line = "redis-server --bind 127.0.0.1 --port %d --unixsocket %s " ..
    "--dir %s --save '' --appendonly no --pidfile %s%s >%s 2>&1 </dev/null " ..
    "3>&- & echo $!"
  local dir = self.dir
  self.pid = tonumber((shell.must(line:format(self.port,
    shell.quote(self.path), shell.quote(dir), shell.quote(dir .. "/pid"),
    self.password and " --requirepass " .. self.password or "",
    shell.quote(dir .. "/log")))))
  local up = until_true(function()
    return answers(self) or not alive(self.pid)
  end) and alive(self.pid)
  return up or error("redis-server did not start:\n" ..
    shell.read(dir .. "/log"), 2)
end

--- Ends it; its folder stays.
function Server:kill()
  shell.run("kill " .. self.pid)
  assert(until_true(function()
    return not answers(self)
  end), "redis-server did not end")
end

function Server:close()
  self:kill()
  until_true(function()
    return not shell.run("ls " .. shell.quote(self.dir)):find "pid"
  end)
  shell.run("rm -rf " .. shell.quote(self.dir))
end

function server.new(password)
  local self = setmetatable({ port = free_port(), password = password },
    Server)
  self.dir = shell.lines(shell.must "mktemp -d")[1]
  self.path = self.dir .. "/socket"
  self:start()
  return self
end

return server
