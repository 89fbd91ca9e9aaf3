-- Calls in coroutines of a running loop of libuv.
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local found, uv = pcall(require, "luv")

local CALLS = 100

-- pcall, but for Lua 5.1, where nothing can wait across it.
local guard = pcall
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  guard = function(fn, ...)
    fn(...)
    return true
  end
end

local function seconds_now()
  return uv.hrtime() / 1e9
end

-- Runs fn in a coroutine of the loop until nothing is left to do.
local function run(fn)
  local failure
  local starter = uv.new_timer()
  starter:start(0, 0, function()
    starter:close()
    coroutine.wrap(function()
      local ok, reason = guard(fn)
      failure = not ok and reason
    end)()
  end)
  uv.run()
  if failure then
    error(failure, 0)
  end
end

local function go(fn)
  local co = coroutine.create(fn)
  assert(coroutine.resume(co))
end

-- Ends a ticking timer when is_over() or after 20 s; calls tick at each turn.
local function every(milliseconds, tick, is_over)
  local timer, began = uv.new_timer(), seconds_now()
  timer:start(milliseconds, milliseconds, function()
    tick()
    if is_over() or seconds_now() - began > 20 then
      timer:close()
    end
  end)
end

local test = found and it or pending

describe("under libuv", function()
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

  teardown(function()
    package.loaded.luv = nil -- other specs run without it
  end)

  test(("%d calls at once go on beside a timer"):format(CALLS), function()
    assert(client.connections.list())
    sandbox.fault { kind = "delay", seconds = 0.5, times = 0,
      operation = "connections.list" }
    local done, ticks, slowest = 0, 0, 0
    local began = seconds_now()
    run(function()
      for _ = 1, CALLS do
        go(function()
          assert(client.connections.list())
          done = done + 1
        end)
      end
      local last = seconds_now()
      every(10, function()
        slowest = math.max(slowest, seconds_now() - last)
        last, ticks = seconds_now(), ticks + 1
      end, function()
        return done == CALLS
      end)
    end)
    local seconds = seconds_now() - began
    print(("# luv: %d calls of 0.5 s in %.2f s, %d ticks of 10 ms, the " ..
      "longest %.0f ms"):format(done, seconds, ticks, slowest * 1000))
    assert.equal(CALLS, done)
    assert.is_true(seconds < 10) -- one after another: 50 s
    assert.is_true(ticks >= 10)
    assert.is_true(slowest < 0.5)
  end)

  -- How often the loop has turned, as a function; fn(turns) runs in it.
  local function count_turns(fn)
    local count, check = 0, uv.new_check()
    run(function()
      check:start(function()
        count = count + 1
      end)
      check:unref()
      fn(function()
        return count
      end)
    end)
    check:close()
    uv.run()
  end

  -- Calls that end as they are started: libcurl knows no such proxy.
  local function make_hopeless()
    return assert(zuora.new {
      base_url = "https://zuora.invalid", access_token = "t",
      proxy = "none://127.0.0.1:1", max_attempts = 1,
    })
  end

  test("the loop turns also while calls end at once", function()
    local hopeless, turned = make_hopeless(), nil
    count_turns(function(turns)
      local before = turns()
      for _ = 1, 50 do
        local _, err = hopeless.connections.list()
        assert.equal("network", err.kind)
      end
      turned = turns() - before
    end)
    hopeless:close()
    assert.is_true(turned >= 49, turned)
  end)

  test("the loop turns between what is done after calls", function()
    local hopeless, first, last = make_hopeless(), nil, nil
    count_turns(function(turns)
      for _ = 1, 32 do
        go(function()
          hopeless.connections.list()
          last = turns()
          first = first or last
          local till = seconds_now() + 0.002
          repeat until seconds_now() > till
        end)
      end
    end)
    hopeless:close()
    assert.is_true(last - first >= 10, last - first)
  end)

  test("an error comes back, and a map runs", function()
    local ended
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
      ended = true
    end)
    assert.is_true(ended)
  end)

  for _, way in ipairs { "cancel", "close" } do
    test("a call is ended by client:" .. way, function()
      sandbox.fault { kind = "delay", seconds = 60, times = 0,
        operation = "connections.list" }
      local began, ended = seconds_now(), nil
      run(function()
        go(function()
          local _, err = client.connections.list()
          ended = err
        end)
        local timer = uv.new_timer()
        timer:start(200, 0, function()
          timer:close()
          client[way](client)
        end)
      end)
      assert.equal("cancelled", ended.kind)
      assert.is_true(seconds_now() - began < 10)
    end)
  end

  -- As programs of luv do.
  local function sleep(seconds)
    local co, timer = coroutine.running(), uv.new_timer()
    timer:start(math.floor(seconds * 1000), 0, function()
      timer:close()
      coroutine.resume(co)
    end)
    coroutine.yield()
  end

  local waits = {
    ["before a call"] = function(i)
      sleep(0.01)
      assert(client.entities.list())
      return i
    end,
    ["twice, and after a call"] = function(i)
      sleep(0.01)
      sleep(0.01)
      assert(client.entities.list())
      sleep(0.01)
      return i
    end,
    ["beside calls"] = function(i)
      if i % 2 == 0 then
        sleep(0.01)
      else
        assert(client.entities.list())
      end
      return i
    end,
    ["without a call"] = function(i)
      sleep(0.01)
      return i
    end,
    ["in a map within"] = function(i)
      local results = client:map({ 1, 2, 3 }, function(k)
        sleep(0.01)
        assert(client.entities.list())
        return k
      end)
      sleep(0.01)
      return results[1].value + results[2].value + results[3].value + i - 6
    end,
  }

  for name, fn in pairs(waits) do
    test("a map ends whose items wait for a timer " .. name, function()
      local results
      run(function()
        results = client:map({ 1, 2, 3, 4, 5 }, fn, { concurrency = 2 })
      end)
      for i = 1, 5 do
        assert.equal(i, results[i].value)
      end
    end)
  end

  test("an item fails that raises after a timer, and no other", function()
    local results
    run(function()
      results = client:map({ 1, 2, 3 }, function(i)
        sleep(0.01)
        if i == 2 then
          error "no"
        end
        return i
      end)
    end)
    assert.equal(1, results[1].value)
    assert.matches("raised", results[2].err)
    assert.equal(3, results[3].value)
  end)

  test("a scheduler above a map gets what its items yield", function()
    local results, asked
    local co = coroutine.create(function()
      results = client:map({ 1 }, function()
        return (coroutine.yield "please")
      end)
    end)
    run(function()
      local _, value = coroutine.resume(co)
      asked = value
      sleep(0.01)
      coroutine.resume(co, "here")
    end)
    assert.equal("please", asked)
    assert.equal("here", results[1].value)
  end)

  test("calls outside of the loop wait as ever", function()
    assert(client.connections.list())
  end)
end)
