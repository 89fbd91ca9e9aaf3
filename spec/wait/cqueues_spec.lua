-- Calls under a controller of cqueues: the others go on while they wait.
local memory = require "zuora.stores.memory"
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local found, cqueues = pcall(require, "cqueues")
local monotime = found and cqueues.monotime

local CALLS = 100

-- pcall, but for Lua 5.1, where nothing can wait across it.
local guard = pcall
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  guard = function(fn, ...)
    fn(...)
    return true
  end
end

local function forget()
  -- Other specs run without it.
  for name in pairs(package.loaded) do
    if name:find "^_?cqueues" then
      package.loaded[name] = nil
    end
  end
end

local function run(fn)
  local controller = cqueues.new()
  local failure
  controller:wrap(function()
    local ok, reason = guard(fn, controller)
    failure = not ok and reason
  end)
  assert(controller:loop())
  if failure then
    error(failure, 0)
  end
end

local test = found and it or pending

describe("under cqueues", function()
  local client

  before_each(function()
    sandbox.reset()
    sandbox.settings { concurrency_limit = 1000 }
    client = sandbox.client { max_concurrency = CALLS }
  end)

  after_each(function()
    client:close()
    sandbox.reset()
  end)

  teardown(forget)

  test("a token is fetched for longer than its calls may take", function()
    sandbox.reset { keep_tokens = false }
    sandbox.fault { kind = "delay", seconds = 1.2, times = 0,
      operation = "oauth.token" }
    run(function()
      local _, err = client.entities.list { timeout = 0.5 }
      assert.equal("timeout", err.kind)
      local rounds, list = 0
      repeat
        list, err = client.entities.list { timeout = 0.5 }
        rounds = rounds + 1
      until list or rounds == 20
      assert.is_nil(err and tostring(err))
    end)
    assert.equal(1, sandbox.count "oauth.token")
  end)

  test(("%d calls at once go on beside a timer"):format(CALLS), function()
    run(function()
      assert(client.connections.list())
    end)
    sandbox.fault { kind = "delay", seconds = 0.5, times = 0,
      operation = "connections.list" }
    local done, ticks, slowest = 0, 0, 0
    local began = monotime()
    run(function(controller)
      for _ = 1, CALLS do
        controller:wrap(function()
          assert(client.connections.list())
          done = done + 1
        end)
      end
      while done < CALLS and monotime() - began < 20 do
        local before = monotime()
        cqueues.sleep(0.01)
        slowest = math.max(slowest, monotime() - before)
        ticks = ticks + 1
      end
    end)
    local seconds = monotime() - began
    print(("# cqueues: %d calls of 0.5 s in %.2f s, %d ticks of 10 ms, the " ..
      "longest %.0f ms"):format(done, seconds, ticks, slowest * 1000))
    assert.equal(CALLS, done)
    assert.is_true(seconds < 10) -- one after another: 50 s
    assert.is_true(ticks >= 10)
    assert.is_true(slowest < 0.5)
  end)

  -- Calls that end as they are started: libcurl knows no such proxy.
  local function make_hopeless()
    return assert(zuora.new {
      base_url = "https://zuora.invalid", access_token = "t",
      proxy = "none://127.0.0.1:1", max_attempts = 1,
    })
  end

  test("the controller turns between what is done after calls", function()
    local hopeless, turns, done = make_hopeless(), 0, 0
    local first, last
    run(function(controller)
      for _ = 1, 32 do
        controller:wrap(function()
          hopeless.connections.list()
          last = turns
          first = first or last
          local till = monotime() + 0.002
          repeat until monotime() > till
          done = done + 1
        end)
      end
      while done < 32 do
        cqueues.sleep(0)
        turns = turns + 1
      end
    end)
    hopeless:close()
    assert.is_true(last - first >= 10, last - first)
  end)

  test("an error comes back, and a map runs", function()
    run(function()
      local _, err = client.connections.accept(
        "8a808255557080f10015714a1c0dffff")
      assert.equal("api", err.kind)
      local results = client:map({ 1, 2, 3, 4, 5 }, function(i)
        return client.connections.list { page_size = i }
      end)
      for i = 1, 5 do
        assert.is_nil(results[i].err)
      end
    end)
  end)

  test("a call that was cancelled ends at once", function()
    sandbox.fault { kind = "delay", seconds = 60, times = 0,
      operation = "connections.list" }
    local began = monotime()
    run(function(controller)
      local ended
      controller:wrap(function()
        local _, err = client.connections.list()
        ended = err
      end)
      cqueues.sleep(0.2)
      client:cancel()
      while not ended and monotime() - began < 20 do
        cqueues.sleep(0.01)
      end
      assert.equal("cancelled", ended.kind)
    end)
    assert.is_true(monotime() - began < 10)
  end)

  test("a call that was cancelled does not wait for its next look", function()
    sandbox.fault { kind = "delay", seconds = 60, times = 0,
      operation = "connections.list" }
    local slowest = 0
    run(function(controller)
      assert(client.entities.list())
      for _ = 1, 5 do
        local ended
        controller:wrap(function()
          client.connections.list()
          ended = monotime()
        end)
        cqueues.sleep(0.02)
        local began = monotime()
        client:cancel()
        while not ended and monotime() - began < 20 do
          cqueues.sleep(0.01)
        end
        slowest = math.max(slowest, ended - began)
      end
    end)
    assert.is_true(slowest < 0.2, slowest)
  end)

  -- A controller keeps what was polled, and fails as a whole where that was
  -- closed. Each has a coroutine beside it that has to go on.
  local ways_to_end = {
    ["that is closed after a call"] = function()
      assert(client.entities.list())
      client:close()
    end,
    ["that is closed a while after a call"] = function()
      assert(client.entities.list())
      cqueues.sleep(0.05)
      client:close()
    end,
    ["that is collected after a call"] = function()
      assert(sandbox.client().entities.list())
      collectgarbage()
      collectgarbage()
    end,
    ["that is collected a while after a call"] = function()
      assert(sandbox.client().entities.list())
      cqueues.sleep(0.05)
      collectgarbage()
      collectgarbage()
    end,
    ["after which come others"] = function()
      for _ = 1, 5 do
        local short = sandbox.client()
        assert(short.entities.list())
        short:close()
      end
    end,
    ["that is closed in a map"] = function()
      local results = client:map({ 1, 2, 3 }, function(i)
        if i == 3 then
          assert(client.entities.list())
          client:close()
          return true
        end
        return client.connections.list()
      end)
      assert.equal("cancelled", results[1].err.kind)
      assert.equal("cancelled", results[2].err.kind)
    end,
    ["that is closed by on_progress"] = function()
      local results = client:map({ 1, 2 }, function(i)
        if i == 2 then
          return client.entities.list()
        end
        return client.connections.list()
      end, {
        on_progress = function()
          client:close()
        end,
      })
      assert.equal("cancelled", results[1].err.kind)
      assert.is_table(results[2].value)
    end,
    ["that another closes during a call"] = function(controller)
      controller:wrap(function()
        cqueues.sleep(0.1)
        client:close()
      end)
      local _, err = client.connections.list()
      assert.equal("cancelled", err.kind)
    end,
    ["that another closes during a login"] = function(controller)
      sandbox.fault { kind = "delay", seconds = 60, operation = "oauth.token" }
      controller:wrap(function()
        cqueues.sleep(0.1)
        client:close()
      end)
      local _, err = client.entities.list()
      assert.equal("cancelled", err.kind)
    end,
    ["that another closes while a store is locked"] = function(controller)
      local store = memory.new()
      store.add = function()
        return false
      end
      local waiting = sandbox.client { store = store, timeout = 0.3 }
      controller:wrap(function()
        cqueues.sleep(0.1)
        waiting:close()
      end)
      local list, err = waiting.entities.list()
      assert.is_nil(list)
      assert.is_table(err)
    end,
  }

  for name, use in pairs(ways_to_end) do
    test("the controller outlives a client " .. name, function()
      sandbox.fault { kind = "delay", seconds = 60, times = 0,
        operation = "connections.list" }
      local ticks, ended = 0, false
      local began = monotime()
      run(function(controller)
        controller:wrap(function()
          while not ended and monotime() - began < 20 do
            cqueues.sleep(0.01)
          end
          for _ = 1, 5 do
            cqueues.sleep(0.01)
            ticks = ticks + 1
          end
        end)
        use(controller)
        ended = true
      end)
      assert.is_true(ended)
      assert.equal(5, ticks)
      assert.is_true(monotime() - began < 10)
    end)
  end

  test("calls outside of a controller wait as ever", function()
    assert(client.connections.list())
  end)
end)
