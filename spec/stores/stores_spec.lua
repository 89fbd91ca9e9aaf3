-- The stores that are there without nginx; the others are in spec/nginx.
local contract = require "spec.stores.contract"
local memory = require "zuora.stores.memory"
local servers = require "spec.stores.server"
local shell = require "spec.tools.shell"
local socket = require "socket"

describe("the memory store", function()
  it("keeps the contract", function()
    local now = 0
    local store = memory.new(function() return now end)
    assert.equal("ok", contract(store, function(seconds)
      now = now + seconds
    end))
  end)

  it("has a clock of its own", function()
    assert.equal("ok", contract(memory.new(), socket.sleep))
  end)
end)

-- redis-lua is not there for each Lua; the store itself is the same for all.
local here = pcall(require, "redis")
local CHILD = [[
lua5.1 -e 'package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
  local store = require("zuora.stores.redis").new { %s }
  local sleep = require("socket").sleep
  %s']]
local CONTRACT = [[print(require "spec.stores.contract"(store, sleep))]]
local LOCK = [[
  store:get "lock" -- over a connection that is kept
  print(store:add("lock", "mine", 60), store:add("lock", "another", 60),
    store:get "lock")]]

local UNLOCK = [[
  print(store:add("lock", "mine", 60), pcall(store.delete, store, "lock",
    "mine"))
  print(store:get "lock")]]

local function child(options, code)
  return (shell.must("unset LUA_PATH LUA_CPATH; " ..
    CHILD:format(options, code)))
end

local function in_child(options)
  return "ok\n" == child(options, CONTRACT)
end

local function in_here(options)
  local made = assert((loadstring or load)("return {" .. options .. "}"))()
  return "ok" == contract(require("zuora.stores.redis").new(made),
    socket.sleep)
end

describe("the Redis store", function()
  local server

  after_each(function()
    if server then
      server:close()
      server = nil
    end
  end)

  for name, check in pairs { ["here"] = in_here, ["under Lua 5.1"] = in_child }
  do
    local test = (check == in_child or here) and it or pending
    test("keeps the contract over TCP, " .. name, function()
      server = servers.new()
      assert.is_true(check("port = " .. server.port))
    end)

    test("keeps it over a Unix socket, " .. name, function()
      server = servers.new()
      assert.is_true(check(("path = %q"):format(server.path)))
    end)

    test("logs in and has a database of its own, " .. name, function()
      server = servers.new "open-sesame"
      local options = ("password = %q, port = %d"):format("open-sesame",
        server.port)
      assert.is_true(check(options))
      assert.is_true(check(options .. ", database = 3"))
    end)
  end

  (here and it or pending)("connects again after a restart", function()
    server = servers.new()
    local store = require("zuora.stores.redis").new { port = server.port }
    assert.is_true(store:set("key", "value", 60))
    server:kill()
    assert.is_false((pcall(store.get, store, "key")))
    server:start()
    assert.is_nil(store:get "key")
    assert.is_true(store:set("key", "value", 60))
  end)

  -- A relay in front of it: its port, and its process.
  local function relay()
    local file = server.dir .. "/relay"
    local pid = tonumber((shell.must(("unset LUA_PATH LUA_CPATH; " ..
      "lua5.1 spec/stores/relay.lua %d >%s 2>&1 </dev/null 3>&- & echo $!")
      :format(server.port, shell.quote(file)))))
    local ends = socket.gettime() + 10
    repeat
      socket.sleep(0.01)
      local port = tonumber(shell.read(file):match "^(%d+)\n")
      if port then
        return port, pid
      end
    until socket.gettime() > ends
    error("the relay did not start: " .. shell.read(file))
  end

  it("knows its own lock when the answer was lost", function()
    server = servers.new()
    local port, pid = relay()
    local told = child("port = " .. port, LOCK)
    shell.run("kill " .. pid)
    assert.equal("true\tfalse\tmine\n", told)
  end)

  it("tells that EVAL is forbidden, and keeps the lock", function()
    server = servers.new()
    shell.must(("redis-cli -p %d acl setuser default -eval")
      :format(server.port))
    local told = child("port = " .. server.port, UNLOCK)
    assert.matches("^true\tfalse\t.*eval.*\nmine\n$", told)
  end)
end)
