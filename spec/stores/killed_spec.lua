-- Processes that share a token through Redis, one of which is killed while it
-- fetches it and holds the lock. ZUORA_LEASE=real leaves the lock as it is;
-- otherwise it is held ten times shorter.
local sandbox = require "spec.wire.sandbox"
local servers = require "spec.stores.server"
local shell = require "spec.tools.shell"
local socket = require "socket"

local CALLS = 20
local HURRY = os.getenv "ZUORA_LEASE" == "real" and 1 or 10
local PATIENCE = 60 -- seconds

describe("processes of which one is killed while it holds the lock", function()
  local redis, dir, running

  before_each(function()
    sandbox.reset { keep_tokens = false }
    redis = servers.new()
    dir = shell.lines(shell.must "mktemp -d")[1]
    running = {}
  end)

  after_each(function()
    for pid in pairs(running) do
      shell.run("kill -9 " .. pid)
    end
    redis:close()
    shell.run("rm -rf " .. shell.quote(dir))
    sandbox.reset()
  end)

  local function start(name)
    local line = "%s spec/stores/worker.lua %d %d %d >%s/%s 2>&1 </dev/null " ..
      "3>&- & echo $!"
    local pid = tonumber((shell.must(line:format(arg[-1], redis.port, CALLS,
      HURRY, dir, name))))
    running[pid] = true
    return pid
  end

  local function wait_until(fn, what)
    local ends = socket.gettime() + PATIENCE
    while not fn() do
      assert(socket.gettime() < ends, "in vain waited for " .. what)
      socket.sleep(0.05)
    end
  end

  local function said(name)
    local text = shell.read(dir .. "/" .. name)
    return text:find "\n" and text
  end

  it("serves every call of the others after one more fetch", function()
    sandbox.fault { kind = "delay", seconds = 120, operation = "oauth.token" }
    local first = start "first"
    wait_until(function()
      return sandbox.count "oauth.token" == 1
    end, "the first fetch")
    local began = socket.gettime()
    start "second"
    start "third"
    socket.sleep(0.5)
    shell.must("kill -9 " .. first)
    running[first] = nil
    wait_until(function()
      return said "second" and said "third"
    end, "the others")
    running = {}
    print(("# served %.1f s after the lock was taken; it was held for %.0f s")
      :format(socket.gettime() - began, 30 / HURRY))
    assert.equal(CALLS .. "\tnil\n", said "second")
    assert.equal(CALLS .. "\tnil\n", said "third")
    assert.equal("", shell.read(dir .. "/first"))
    assert.equal(2, sandbox.count "oauth.token")
    assert.equal(2 * CALLS, sandbox.count "connections.list")
  end)
end)
