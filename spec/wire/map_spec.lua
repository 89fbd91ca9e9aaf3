-- Many calls at once by client:map, and the line that tells how far it is.
local memory = require "spec.support.memory"
local progress = require "zuora.progress"
local sandbox = require "spec.wire.sandbox"

local clock = require("zuora.core").clock

describe("map", function()
  local client

  before_each(function()
    sandbox.reset()
    client = sandbox.client()
  end)

  after_each(function()
    client:close()
  end)

  local function numbers(count)
    local list = {}
    for i = 1, count do
      list[i] = i
    end
    return list
  end

  it("gives a slot an item, in order, over one token", function()
    local results = client:map(numbers(100), function(n, i)
      assert(n == i)
      local one = assert(client.entities.get(sandbox.us))
      return one.id .. n
    end)
    assert.equal(100, #results)
    for i, result in ipairs(results) do
      assert.equal(sandbox.us .. i, result.value)
    end
    assert.equal(100, sandbox.count "entities.get")
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("keeps a failure in its own slot, returned or raised", function()
    local results = client:map(numbers(6), function(n)
      if n == 2 then
        error("raised before a call", 0)
      elseif n == 5 then
        assert(client.entities.list())
        error({ raised = "after a call" }, 0)
      elseif n == 3 then
        return client.connections.accept "8a80825500000000000000000000none"
      end
      return n
    end, { concurrency = 2 })
    assert.equal("raised before a call", results[2].err)
    assert.same({ raised = "after a call" }, results[5].err)
    assert.equal("api", results[3].err.kind)
    assert.equal("not_done", results[3].err.outcome)
    for _, n in ipairs { 1, 4, 6 } do
      assert.equal(n, results[n].value)
    end
    results = client:map({ "nil", "false" }, function(_, i)
      if i == 2 then
        error(false)
      end
      error()
    end)
    assert.same({ { err = "raised: nil" }, { err = "raised: false" } }, results)
  end)

  it("goes on when a hook waits between sending and waiting", function()
    local inside = false
    client:close()
    client = sandbox.user { on_event = function(event)
      if event.name == "attempt_begin" and not inside then
        inside = true
        client.connections.list()
        inside = false
      end
    end }
    local results = client:map(numbers(8), function()
      return client.entities.list()
    end)
    for i = 1, 8 do
      assert(results[i].value, results[i].err)
    end
  end)

  it("has no more at once than it may, and that many", function()
    local now, most = 0, 0
    client:map(numbers(40), function()
      now = now + 1
      most = math.max(most, now)
      assert(client.entities.list())
      now = now - 1
    end, { concurrency = 7 })
    assert.equal(7, most)
    assert.equal(0, now)
  end)

  it("lets no item starve while others make many calls", function()
    local ended = {}
    client:map(numbers(4), function(n)
      for _ = 1, n == 1 and 1 or 10 do
        assert(client.entities.list())
      end
      ended[#ended + 1] = n
    end, { concurrency = 4 })
    assert.equal(1, ended[1])
    assert.equal(4, #ended)
  end)

  it("ends after all that on_progress does", function()
    local told = 0
    client:map(numbers(3), function(n)
      return n
    end, { on_progress = function()
      assert(client.entities.list())
      told = told + 1
    end })
    assert.equal(3, told)
  end)

  -- Lua 5.1 cannot yield across any of these.
  it("may have calls made within pcall, a hook and on_progress", function()
    local one, hooked
    one = sandbox.client {
      on_event = function(event)
        if event.name == "call_end" and event.operation ~= "entities.get" and
          not hooked[event.call] then
          hooked[event.call] = true
          assert(one.entities.get(sandbox.us))
        end
      end,
      wait = function(engine, pending)
        local ends = clock() + 30
        while not pending:done() do
          assert(clock() < ends, "waited in vain")
          engine:step(0.1)
        end
      end,
    }
    hooked = {}
    local results = one:map(numbers(6), function()
      local whole, list = pcall(one.connections.list)
      assert(whole, list)
      return assert(one.entities.list()).success
    end, { concurrency = 2, on_progress = function()
      assert(one.entities.get(sandbox.global))
    end })
    one:close()
    for i = 1, 6 do
      assert.is_nil(results[i].err)
      assert.is_true(results[i].value)
    end
    assert.equal(6, sandbox.count "connections.list")
    assert.equal(6, sandbox.count "entities.list")
    assert.equal(18, sandbox.count "entities.get")
  end)

  it("takes no items, and may stand within another", function()
    assert.same({}, client:map({}, function() end))
    local results = client:map(numbers(3), function(n)
      local inner = client:map(numbers(n), function(k)
        return assert(client.entities.list()) and k
      end)
      return #inner
    end)
    assert.same({ 1, 2, 3 }, { results[1].value, results[2].value,
      results[3].value })
  end)

  it("may go through lists that come in pages", function()
    local results = client:map(numbers(3), function()
      local count = 0
      for _ in client.connections.each { page_size = 2 } do
        count = count + 1
      end
      return count
    end)
    assert.is_true(results[1].value > 2)
    assert.equal(results[1].value, results[3].value)
  end)

  it("leaves nothing behind", function()
    local function run(times)
      for _ = 1, times do
        client:map(numbers(40), function(n)
          return n % 10 > 0 or client.entities.list()
        end)
      end
      return memory.lua()
    end
    local before = run(5)
    local more = run(20) - before -- 640 coroutines
    assert.is_true(more < 100 * 1024, ("%.0f bytes more"):format(more))
  end)

  it("has a token fetched for longer than its calls may take", function()
    sandbox.fault { kind = "delay", seconds = 1.2, times = 0,
      operation = "oauth.token" }
    local function once()
      return client:map(numbers(3), function()
        return client.entities.list { timeout = 0.5 }
      end)
    end
    for _, result in ipairs(once()) do
      assert.equal("timeout", result.err.kind)
      assert.equal(0, result.err.attempts)
    end
    local rounds, results = 0
    repeat
      results, rounds = once(), rounds + 1
    until results[1].value or rounds == 20
    for _, result in ipairs(results) do
      assert.is_nil(result.err and tostring(result.err))
    end
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("renews a token once for pages that were fetched ahead", function()
    sandbox.scenario { name = "many", n = 40 }
    local count = 0
    for _ in client.connections.each { page_size = 2, prefetch = 8 } do
      count = count + 1
      if count == 10 then
        sandbox.revoke()
      end
    end
    assert.equal(40, count)
    assert.equal(2, sandbox.count "oauth.token")
  end)

  it("goes on where a hook goes through lists of its own", function()
    sandbox.scenario { name = "many", n = 40 }
    client:close()
    local lists, counted, main = 0, 0, coroutine.running()
    client = sandbox.client { on_event = function(event)
      if event.name == "attempt_end" and lists < 6 and
        event.operation == "connections.list" and
        coroutine.running() ~= main then
        lists = lists + 1
        local list = assert(client.connections.all { page_size = 8,
          prefetch = 4 })
        counted = counted + #list
      end
    end }
    assert.equal(40, #assert(client.connections.all { page_size = 10,
      prefetch = 3 }))
    local results = client:map(numbers(4), function()
      return #assert(client.connections.all { page_size = 10, prefetch = 3 })
    end)
    for i = 1, 4 do
      assert.equal(40, results[i].value, tostring(results[i].err))
    end
    assert.equal(6 * 40, counted)
  end)

  it("ends, cancelled, when its client is closed", function()
    local calls = 0
    local results = client:map(numbers(20), function(n)
      calls = calls + 1
      if n == 3 then
        client:close()
      end
      return client.entities.list()
    end, { concurrency = 4 })
    assert.equal(20, calls)
    assert.equal(20, #results)
    for _, result in ipairs(results) do
      assert.is_nil(result.value)
      assert.is_truthy(result.err)
    end
  end)

  it("says what is wrong with how it is called", function()
    local function fails(what, ...)
      local ok, err = pcall(client.map, client, ...)
      assert.is_false(ok)
      assert.matches(what, err)
    end
    fails("items must be a table", 1, print)
    fails("must be a function", {}, 1)
    fails("concurency is not an option.*concurrency", {}, print,
      { concurency = 1 })
    fails("whole number", {}, print, { concurrency = 0 })
    fails("on_progress must be a function", {}, print, { on_progress = 1 })
  end)

  it("tells how far it is, and goes on when that fails", function()
    local seen = {}
    local results = client:map(numbers(3), function(n)
      return n
    end, { on_progress = function(done, total)
      seen[#seen + 1] = done .. "/" .. total
      error "not a reason to stop"
    end })
    assert.same({ "1/3", "2/3", "3/3" }, seen)
    assert.equal(3, results[3].value)
  end)
end)

describe("the line of progress", function()
  it("is written now and then, and at the end", function()
    local written, now = {}, 0
    local out = {
      write = function(_, ...)
        written[#written + 1] = table.concat { ... }
      end,
      flush = function() end,
    }
    local line = progress.line("accepting", out, function()
      return now
    end)
    line(1, 4)
    line(2, 4)
    now = 2
    line(3, 4)
    line(4, 4)
    assert.equal(3, #written)
    assert.matches("accepting 1 of 4 %(25 %%%)", written[1])
    assert.matches("accepting 3 of 4 %(75 %%%), 2 s, 1 s to go", written[2])
    assert.matches("4 of 4 %(100 %%%).*\n$", written[3])
  end)

  it("is not written where there is no terminal", function()
    local lua = arg and arg[-1] or "lua5.4"
    local pipe = assert(io.popen(lua .. " -e 'require([[zuora.progress]])" ..
      ".line([[accepting]])(1, 1) print([[ended]])' 2>&1"))
    local said = pipe:read "*a"
    pipe:close()
    assert.equal("ended\n", said)
  end)
end)
