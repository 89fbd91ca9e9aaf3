-- While many calls wait, their worker answers others.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local socket = require "socket"

local CALLS, DELAY, PINGS = 50, 1, 2000
local GOAL = 0.020 -- seconds, on a machine that has nothing else to do
local LIMIT = 0.250 -- on one that has

local HTTP = [[
  init_by_lua_block {
    require("spec.nginx.app").init { max_concurrency = 64 }
  }
]]

local SERVER = [[
  location = /list {
    content_by_lua_block {
      local app = require "spec.nginx.app"
      ngx.print(app.tell(function()
        assert(app.client.connections.list())
        return "ok"
      end))
    }
  }
]]

-- Pings one after another over one connection until `is_over`: how many, and
-- how long the slowest took.
local function ping(server, is_over)
  local peer = server:send "/ping"
  nginx.receive(peer)
  local count, slowest = 0, 0
  repeat
    local began = socket.gettime()
    peer:send "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
    local _, body = nginx.receive(peer)
    assert.equal("pong", body)
    slowest = math.max(slowest, socket.gettime() - began)
    count = count + 1
  until is_over(count)
  peer:close()
  return count, slowest
end

local function measure(server)
  local began = socket.gettime()
  local peers = {}
  for i = 1, CALLS do
    peers[i] = server:send "/list"
  end
  local count, slowest = ping(server, function()
    return socket.gettime() - began >= DELAY * 0.98
  end)
  for _, peer in ipairs(peers) do
    local _, body = nginx.receive(peer)
    assert.equal("ok", body)
    peer:close()
  end
  return count, slowest, socket.gettime() - began
end

describe("one worker", function()
  local server

  before_each(function()
    sandbox.reset()
    sandbox.settings { concurrency_limit = 1000 }
    server = nginx.start { http = HTTP, server = SERVER }
    local _, body = server:get "/list"
    assert.equal("ok", body)
  end)

  after_each(function()
    server:stop()
    sandbox.reset()
  end)

  it(("answers pings while %d calls wait"):format(CALLS), function()
    sandbox.fault { kind = "delay", seconds = DELAY, times = 0,
      operation = "connections.list" }
    local count, slowest, seconds = measure(server)
    print(("# %d pings while %d calls waited %.0f s: the slowest %.1f ms " ..
      "(goal %.0f ms); all calls done after %.2f s"):format(count, CALLS,
      DELAY, slowest * 1000, GOAL * 1000, seconds))
    assert.is_true(count >= PINGS, ("only %d pings"):format(count))
    assert.is_true(slowest < LIMIT, ("%.3f s"):format(slowest))
    -- One after another they would have taken 50 s.
    assert.is_true(seconds < 5 * DELAY, ("%.2f s"):format(seconds))
  end)
end)
