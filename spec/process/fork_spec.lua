-- A process that forks: what was opened before belongs to the parent, and the
-- child neither speaks on it nor disturbs it.
local hostile = require "spec.hostile.hostile"
local process = require "zuora_process"
local socket = require "socket"
local zuora = require "zuora"

local OK = '{"success":true,"id":"ours"}'

-- Runs the function in a child and returns its exit code: 0 when it returned.
local function in_child(run, leave)
  local id = process.fork()
  if id == 0 then
    local ok, why = pcall(run)
    if not ok then
      io.stderr:write("in the child: ", tostring(why), "\n")
    end
    if leave and ok then
      leave()
    end
    process.leave(ok and 0 or 1)
  end
  return id
end

describe("after a fork", function()
  setup(hostile.start)
  teardown(hostile.stop)

  local client

  before_each(function()
    hostile.reset()
    hostile.json("plain", OK)
    hostile.json("good", OK)
  end)

  after_each(function()
    client:close()
  end)

  it("a client that was made before is used in both", function()
    client = hostile.client "good"
    local child = in_child(function()
      assert(client.connections.accept "child")
    end)
    assert(client.connections.accept "parent")
    assert.equal(0, process.wait(child))
    assert.equal(2, hostile.journal().connections.good)
  end)

  for _, port in ipairs { "plain", "good" } do
    it("the child opens its own connection, the parent keeps its: " .. port,
      function()
        client = hostile.client(port)
        assert(client.connections.accept "first")
        local child = in_child(function()
          assert(client.connections.accept "child")
          client:close()
        end)
        assert.equal(0, process.wait(child))
        assert(client.connections.accept "second")
        local journal = hostile.journal()
        assert.equal(2, journal.connections[port])
        assert.equal(3, #journal.requests)
      end)
  end

  local endings = {
    { "closes the client", function() client:close() end },
    { "collects it", function()
      client = nil
      collectgarbage()
      collectgarbage()
    end },
    { "leaves by os.exit, closing the state",
      function() end, function() os.exit(0, true) end },
    { "leaves by os.exit", function() end, function() os.exit(0) end },
  }
  for _, case in ipairs(endings) do
    it("a child that " .. case[1] .. " says no word to the server", function()
      client = hostile.client "good"
      assert(client.connections.accept "first")
      local kept = client
      assert.equal(0, process.wait(in_child(function()
        kept = nil -- luacheck: ignore
        case[2]()
      end, case[3])))
      client = kept
      assert(client.connections.accept "second")
      assert.equal(1, hostile.journal().connections.good)
    end)
  end

  it("a child in the middle of a call: cancelled, outcome unknown, the " ..
    "parent's goes on", function()
    local child
    hostile.play("good", [[while c:request() do c:sleep(0.3)
      c:answer("200 OK", "", '{"success":true,"id":"ours"}') end]])
    local forked = false
    client = hostile.client("good", { wait = function(engine, exchange)
      while not exchange:done() do
        engine:step(0.1)
        if not forked and exchange:sent() then
          forked = true
          child = process.fork()
        end
      end
    end })
    local result, err = client.connections.accept "x"
    if child == 0 then
      local ok, why = pcall(function()
        hostile.check(err, "cancelled", "unknown")
        assert(err.message:find("fork", 1, true), err.message)
        assert(client.connections.accept "child")
      end)
      io.stderr:write(ok and "" or tostring(why) .. "\n")
      process.leave(ok and 0 or 1)
    end
    assert.equal("ours", result and result.id, tostring(err))
    assert.equal(0, process.wait(child))
    assert.equal(2, hostile.journal().connections.good)
  end)

  it("what waits for its turn at the fork is the parent's to send", function()
    local child
    client = hostile.client("plain", { wait = function(engine, exchange)
      child = child or process.fork()
      while not exchange:done() do
        engine:step(0.1)
      end
    end })
    local result, err = client.connections.accept "x"
    if child == 0 then
      process.leave(err and err.kind == "cancelled" and
        err.outcome == "unknown" and 0 or 1)
    end
    assert.truthy(result)
    assert.equal(0, process.wait(child))
    assert.equal(1, #hostile.journal().requests)
  end)

  it("a child that sleeps on the parent's sockets makes it not spin", function()
    hostile.play("plain", [[c:request()
      c:answer("200 OK", "", '{"success":true}') c:sleep(0.1)]])
    client = hostile.client "plain"
    assert(client.connections.accept "first")
    local child = in_child(function()
      socket.sleep(1.5)
    end)
    socket.sleep(0.3)
    hostile.play("plain", [[c:request() c:sleep(1)
      c:answer("200 OK", "", '{"success":true}')]])
    local before = process.cpu()
    assert(client.connections.accept "second")
    local used = process.cpu() - before
    assert.equal(0, process.wait(child))
    assert.is_true(used < 0.3, used .. " s of processor time")
  end)

  it("a program that the process starts inherits no connection", function()
    -- How many TCP connections such a program has open.
    local function inherited()
      local pipe = assert(io.popen "ls -l /proc/$$/fd; cat /proc/net/tcp")
      local said = pipe:read "*a"
      pipe:close()
      local n = 0
      for number in said:gmatch "socket:%[(%d+)%]" do
        n = n + (said:find(" " .. number .. " ", 1, true) and 1 or 0)
      end
      return n
    end
    client = hostile.client "good"
    local before = inherited() -- the spec's own
    assert(client.connections.accept "x")
    assert.equal(before, inherited())
  end)

  it("idempotency keys of parent and child differ", function()
    client = hostile.client "plain"
    local id = process.fork()
    local made = assert(zuora.new { base_url = hostile.url "plain",
      access_token = "x" }).connections.initiate "y"
    if id == 0 then
      process.leave(made and 0 or 1)
    end
    assert.equal(0, process.wait(id))
    local keys = {}
    for _, request in ipairs(hostile.journal().requests) do
      local key = assert(request.head:match "\nIdempotency%-Key: (%S+)")
      assert.is_nil(keys[key])
      keys[key] = true
    end
  end)
end)
