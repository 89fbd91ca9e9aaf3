-- What is raised while a call waits: nobody knows of the call any more, so it
-- must not be carried out with the next. And interrupts, which lua raises
-- wherever it stands: they are for the program, whoever called the code there.
local sandbox = require "spec.wire.sandbox"
local tasks = require "zuora.wait.tasks"

-- Lua 5.1 cannot wait across pcall.
local CANNOT_GUARD = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
local INTERRUPT = "x.lua:1: interrupted!"

local client

before_each(function()
  sandbox.reset()
end)

after_each(function()
  client:close()
  assert.is_true(tasks.live == 0 or CANNOT_GUARD)
end)

describe("an error that leaves a wait", function()
  -- Waits as a program may, and raises once it has moved the engine so often.
  local function raising(steps, reason)
    return function(engine, pending)
      while not pending:done() do
        if steps == 0 then
          steps = -1
          error(reason, 0)
        end
        steps = steps - 1
        engine:step(0.02)
      end
    end
  end

  -- So many calls, a tenth of a second each, later the change was not sent, or
  -- sent no second time.
  local function is_over(most, calls)
    for _ = 1, calls or 3 do
      assert(client.entities.list())
      os.execute "sleep 0.1"
    end
    assert.is_true(sandbox.count "connections.disconnect" <= most)
  end

  local function disconnect()
    return client.connections.disconnect(sandbox.joined)
  end

  for _, reason in ipairs { "stopped by the program", INTERRUPT } do
    it("ends the call that waited for its turn: " .. reason, function()
      client = sandbox.user { wait = raising(0, reason) }
      assert.same({ false, reason }, { pcall(disconnect) })
      is_over(0)
    end)

    it("ends the call whose back-off it was: " .. reason, function()
      client = sandbox.user { wait = raising(30, reason) }
      sandbox.fault { kind = "status", status = 503, retry_after = 1,
        match = { operation = "connections.disconnect" } }
      assert.same({ false, reason }, { pcall(disconnect) })
      is_over(1, 12)
    end)

    it("ends the login of the call; the next logs in: " .. reason, function()
      client = sandbox.client { wait = raising(3, reason) }
      sandbox.fault { kind = "delay", seconds = 1,
        match = { operation = "oauth.token" } }
      assert.same({ false, reason }, { pcall(disconnect) })
      is_over(0)
    end)

    it("ends the calls of a map: " .. reason, function()
      client = sandbox.user { wait = raising(30, reason), max_concurrency = 1 }
      sandbox.fault { kind = "delay", seconds = 1,
        match = { operation = "connections.disconnect", times = 0 } }
      assert.same({ false, reason }, { pcall(client.map, client, { 1, 2, 3, 4 },
        disconnect) })
      is_over(1, 12)
    end)
  end
end)

describe("an interrupt", function()
  local function interrupt()
    error(INTERRUPT, 0)
  end

  it("in a function of map ends the map and its calls", function()
    client = sandbox.user { max_concurrency = 1 }
    sandbox.fault { kind = "delay", seconds = 0.5,
      match = { operation = "entities.list", times = 0 } }
    local begun = 0
    assert.same({ false, INTERRUPT }, { pcall(client.map, client,
      { 1, 2, 3, 4, 5 }, function(item)
        begun = begun + 1
        if item == 3 then
          interrupt()
        end
        return client.entities.list()
      end, { concurrency = 3 }) })
    assert.equal(3, begun)
    sandbox.mend()
    assert(client.entities.get(sandbox.us))
    assert.is_true(sandbox.count "entities.list" <= 1)
  end)

  it("in a map within a map ends both", function()
    client = sandbox.user()
    assert.same({ false, INTERRUPT }, { pcall(client.map, client, { 1, 2 },
      function()
        assert(client.entities.list())
        return client:map({ 1, 2 }, function(item)
          assert(client.entities.list())
          if item == 2 then
            interrupt()
          end
        end)
      end) })
    assert(client.entities.list())
  end)

  local places = {
    { "on_progress", {}, function()
      client:map({ 1, 2 }, client.entities.get, { on_progress = interrupt })
    end },
    { "on_event", { on_event = interrupt } },
    { "confirm", { confirm = interrupt } },
  }
  for _, place in ipairs(places) do
    it("in " .. place[1] .. " is passed on", function()
      client = sandbox.user(place[2])
      assert.same({ false, INTERRUPT }, { pcall(place[3] or function()
        client.connections.disconnect(sandbox.joined)
      end) })
      assert.equal(0, sandbox.count "connections.disconnect")
    end)
  end

  it("in on_event before the answer ends the call that was sent", function()
    client = sandbox.user { on_event = function(event)
      if event.name == "attempt_begin" and event.operation ==
        "connections.disconnect" then
        interrupt()
      end
    end }
    assert.same({ false, INTERRUPT },
      { pcall(client.connections.disconnect, sandbox.joined) })
    assert(client.entities.list())
    assert.equal(0, sandbox.count "connections.disconnect")
  end)

  -- As lua's own hook for it, which comes with the next instruction.
  it("at any instruction of a call leaves nothing to be sent later", function()
    if rawget(_G, "jit") then
      jit.off()
      finally(function()
        jit.on()
      end)
    end
    client = sandbox.user()
    assert(client.connections.disconnect(sandbox.ended) == nil)
    local disconnect = client.connections.disconnect
    local count, ended = 0
    repeat
      count = count + 1
      sandbox.forget()
      ended = pcall(function()
        debug.sethook(function()
          debug.sethook()
          interrupt()
        end, "", count)
        disconnect(sandbox.ended)
        debug.sethook()
      end)
      debug.sethook()
      local before = sandbox.count "connections.disconnect"
      assert(client.entities.list())
      assert.equal(before, sandbox.count "connections.disconnect")
    until ended or count == 1000
    assert.is_true(ended and count > 50)
  end)

  it("in a map leaves no task behind", function()
    client = sandbox.user()
    assert.is_false((pcall(client.map, client, { 1, 2, 3 }, function(item)
      assert(client.entities.list())
      if item == 3 then
        interrupt()
      end
      return client.entities.list()
    end)))
  end)

  -- cjson.safe returns what was raised in it.
  for _, what in ipairs { "decode", "encode" } do
    it("within cjson, which catches it, is passed on: " .. what, function()
      local run = require("zuora.json")[what]
      local given = what == "decode" and '{"a":1}' or { a = 1 }
      client = sandbox.user()
      local count, ended = 0
      repeat
        count = count + 1
        local left, reason = count, nil
        ended = pcall(function()
          debug.sethook(function()
            left = left - 1
            if left == 0 then
              debug.sethook()
              interrupt()
            end
          end, "r")
          reason = select(2, run(given))
          debug.sethook()
        end)
        debug.sethook()
        assert.is_nil(reason)
      until ended or count == 100
      assert.is_true(ended and count > 2)
    end)
  end

  it("in access_token is passed on", function()
    client = sandbox.bearer { access_token = interrupt }
    assert.same({ false, INTERRUPT }, { pcall(client.entities.list) })
  end)

  it("in a store is passed on, and the next call logs in", function()
    local store = require("zuora.stores.memory").new()
    store.get = interrupt
    client = sandbox.client { store = store }
    assert.same({ false, INTERRUPT }, { pcall(client.entities.list) })
    store.get = nil
    assert(client.entities.list())
  end)
end)
