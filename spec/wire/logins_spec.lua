-- Logins that end otherwise than by their answer, and whom that concerns.
local memory = require "zuora.stores.memory"
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local open

local function kept(made)
  open[#open + 1] = made
  return made
end

local function client(more)
  return kept(sandbox.client(more))
end

local function session(more)
  more.session = true
  return kept(sandbox.user(more))
end

local function token(more)
  more.access_token = more.access_token or function()
    return "tokentokentoken"
  end
  return kept(assert(zuora.new(sandbox.options(more))))
end

before_each(function()
  open = {}
  sandbox.reset { keep_tokens = false }
end)

after_each(function()
  for _, one in ipairs(open) do
    one:close()
  end
end)

describe("a login that was cancelled", function()
  local one, store

  -- Both items at once: a call that waits for its login, and fn.
  local function beside_a_login(options, fn)
    store = options.store
    one = client(options)
    sandbox.fault { kind = "delay", seconds = 20, operation = "oauth.token" }
    return one:map({ one.connections.list, fn }, function(what)
      return what()
    end)
  end

  for _, with in ipairs { "no store", "a store" } do
    it("does not keep the client from the next, with " .. with, function()
      local results = beside_a_login({
        store = with == "a store" and memory.new() or nil,
      }, function()
        one:cancel()
        sandbox.mend()
        return one.connections.list()
      end)
      assert.equal("cancelled", results[1].err.kind)
      assert.is_nil(results[2].err and tostring(results[2].err))
      assert.is_table(results[2].value.entityConnections)
    end)
  end

  for _, how in ipairs { "cancel", "close" } do
    it("by " .. how .. " is none that failed, for who shares", function()
      local results = beside_a_login({ store = memory.new() }, function()
        one[how](one)
      end)
      assert.equal("cancelled", results[1].err.kind)
      sandbox.mend()
      assert(client { store = store }.connections.list())
    end)
  end

  for _, how in ipairs { "cancel", "close" } do
    it("by " .. how .. " while another process logs in ends at once", function()
      local held = memory.new()
      held.add = function()
        return false
      end
      one = client { store = held }
      local began = os.time()
      local results = one:map({ one.connections.list, function()
        one[how](one)
      end }, function(what)
        return what()
      end)
      assert.equal("cancelled", results[1].err.kind)
      assert.is_true(os.time() - began < 5)
    end)
  end

  it("by a wait of the program's while another logs in ends at once", function()
    local held = memory.new()
    held.add = function()
      return false
    end
    local steps = 0
    one = client { store = held, wait = function(engine, pending)
      while not pending:done() do
        steps = steps + 1
        if steps == 5 then
          one:cancel()
        end
        engine:step(0.02)
      end
    end }
    local began = os.time()
    local _, err = one.connections.accept "x"
    assert.equal("cancelled", err.kind)
    assert.equal("not_done", err.outcome)
    assert.is_true(os.time() - began < 5)
  end)

  it("where nothing goes on beside it is none that failed", function()
    local cancelled = false
    one = client { wait = function(engine, pending)
      while not pending:done() do
        if not cancelled then
          cancelled = true
          one:cancel()
        end
        engine:step(1)
      end
    end }
    local _, err = one.connections.accept "x"
    assert.equal("cancelled", err.kind)
    assert.equal("not_done", err.outcome)
    assert(one.connections.list())
  end)
end)

describe("a call whose time is over", function()
  local function check(err)
    assert.equal("timeout", err.kind)
    assert.equal("connections.accept", err.operation)
    assert.matches("its time was over before it could be sent", err.message)
    assert.equal("not_done", err.outcome)
    assert.is_true(err.retryable)
    assert.equal(0, err.attempts)
  end

  for way, new in pairs { client = client, session = session } do
    it("sends no secret and closes no login, by " .. way, function()
      local store = memory.new()
      local late = new { store = store }
      local past = { deadline = os.time() - 1 }
      local _, alone = late.connections.accept("x", past)
      check(alone)
      check(late:map({ 1 }, function()
        return late.connections.accept("x", past)
      end)[1].err)
      assert.equal(0, #sandbox.journal())
      assert(new { store = store }.connections.list())
      assert(late.connections.list())
    end)
  end
end)

-- A pace is a client's own, and so is what it keeps from being sent.
it("a login that a pace keeps is none that failed, for who shares", function()
  local store = memory.new()
  sandbox.settings { token_lifetime = 1 }
  sandbox.fault { kind = "status", status = 200, body = { success = true },
    headers = { ["RateLimit-Limit"] = "100", ["RateLimit-Remaining"] = "0",
      ["RateLimit-Reset"] = "50" }, match = { operation = "entities.list" } }
  local slow = client { store = store }
  assert(slow.entities.list())
  require("socket").sleep(1.2)
  local _, err = slow.entities.list { timeout = 5 }
  assert.equal("rate_limit", err.kind)
  assert.equal(1, sandbox.count "oauth.token")
  assert(client { store = store }.entities.list())
  assert.equal(2, sandbox.count "oauth.token")
end)

describe("a hook of a login", function()
  it("cannot make calls that need it, and is told so at once", function()
    local one, seen
    one = client { on_event = function(event)
      if event.name == "call_begin" and event.operation == "oauth.token" then
        seen = select(2, one.entities.list())
      end
    end }
    local began = os.time()
    assert(one.entities.list())
    assert.is_true(os.time() - began < 10)
    assert.equal("auth", seen.kind)
    assert.matches("this call was made by its hook", tostring(seen))
  end)
end)

describe("a client that is closed before it has credentials", function()
  local function check(one)
    local ok, result, err = pcall(one.connections.accept, "x")
    assert.is_true(ok, tostring(result))
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.equal("connections.accept", err.operation)
    assert.equal("not_done", err.outcome)
    assert.equal(0, err.attempts)
    assert.equal(0, #sandbox.journal())
  end

  it("by its own function for tokens", function()
    for _, given in ipairs { "tokentokentoken", false } do
      local one
      one = token { access_token = function()
        one:close()
        return given
      end }
      check(one)
    end
  end)

  for way, new in pairs { client = client, session = session,
    token = token } do
    it("in a hook, by " .. way, function()
      local one
      one = new { on_event = function(event)
        if event.name == "call_begin" then
          one:close()
        end
      end }
      check(one)
    end)
  end

  for way, new in pairs { client = client, session = session } do
    it("while its store is asked, by " .. way, function()
      local store = memory.new()
      assert(new { store = store }.connections.list())
      sandbox.forget()
      local one, get = nil, store.get
      function store:get(key)
        one:close()
        return get(self, key)
      end
      one = new { store = store }
      check(one)
    end)
  end
end)
