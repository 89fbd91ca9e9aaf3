-- While many calls wait, their worker answers others.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local shell = require "spec.tools.shell"
local socket = require "socket"

local CALLS, DELAY, LONG = 50, 1, 4 -- seconds that the calls last
local PINGS, PACK = 10000, 10
local GOAL = 0.020 -- seconds, on a machine that has nothing else to do
local LIMIT = 0.500 -- on one that has
local IDLE, BUSY = 0.05, 0.10 -- the same, of a processor

local HTTP = [[
  init_by_lua_block {
    require("spec.nginx.app").init { max_concurrency = 64 }
  }
]]

local SERVER = [[
  location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
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

-- Pings on one connection, sent in packs, until `is_over`: how many, and how
-- long the slowest took from when its pack was sent.
local function ping(server, is_over)
  local request = "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
  local peer = server:send "/ping"
  nginx.receive(peer)
  local count, slowest = 0, 0
  repeat
    local began = socket.gettime()
    peer:send(request:rep(PACK))
    for _ = 1, PACK do
      local status, body = nginx.receive(peer)
      assert(status == 200 and body == "pong")
    end
    slowest = math.max(slowest, socket.gettime() - began)
    count = count + PACK
  until is_over()
  peer:close()
  return count, slowest
end

local function end_calls(peers)
  for _, body in ipairs(nginx.receive_all(peers)) do
    assert.equal("ok", body)
  end
end

-- One second of calls with pings beside them.
local function measure(server)
  local began = socket.gettime()
  local peers = server:send_many("/list", CALLS)
  local count, slowest = ping(server, function()
    return socket.gettime() - began >= DELAY * 0.98
  end)
  end_calls(peers)
  return count, slowest, socket.gettime() - began
end

local function delay(seconds)
  sandbox.fault { kind = "delay", seconds = seconds, times = 0,
    operation = "connections.list" }
end

-- Seconds of processor time that a process has had.
local function processor_time(pid)
  local stat = shell.read(("/proc/%d/stat"):format(pid)):match "%) (.*)"
  local words = {}
  for word in stat:gmatch "%S+" do
    words[#words + 1] = word
  end
  return (words[12] + words[13]) / tonumber((shell.must "getconf CLK_TCK"))
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

  it(("answers %d pings while %d calls wait"):format(PINGS, CALLS), function()
    delay(DELAY)
    local total, rounds = 0, 0
    while total < PINGS do -- once, where nobody else wants the processor
      local count, slowest, seconds = measure(server)
      total, rounds = total + count, rounds + 1
      print(("# %d pings while %d calls waited %.0f s: the slowest %.1f ms " ..
        "(goal %.0f ms); all calls done after %.2f s"):format(count, CALLS,
        DELAY, slowest * 1000, GOAL * 1000, seconds))
      assert.is_true(slowest < LIMIT, ("%.3f s"):format(slowest))
      -- One after another they would have taken 50 s.
      assert.is_true(seconds < 5 * DELAY, ("%.2f s"):format(seconds))
      assert.is_true(rounds < 20, ("only %d pings"):format(total))
    end
  end)

  local _, absent = shell.run "ls /proc/self/stat"
  local test = absent == 0 and it or pending
  test(("is idle while %d calls wait"):format(CALLS), function()
    delay(LONG)
    local _, pid = server:get "/pid"
    local peers = server:send_many("/list", CALLS)
    socket.sleep(LONG / 10) -- connecting is not waiting
    local began, before = socket.gettime(), processor_time(pid)
    socket.sleep(LONG * 0.8)
    local used = (processor_time(pid) - before) / (socket.gettime() - began)
    end_calls(peers)
    print(("# while %d calls waited their worker used %.1f %% of a " ..
      "processor (goal %.0f %%)"):format(CALLS, used * 100, IDLE * 100))
    assert.is_true(used < BUSY, ("%.1f %%"):format(used * 100))
  end)
end)
