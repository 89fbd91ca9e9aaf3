-- Logins that end otherwise than by their answer, and whom that concerns.
local memory = require "zuora.stores.memory"
local sandbox = require "spec.wire.sandbox"

local open

local function client(more)
  local made = sandbox.client(more)
  open[#open + 1] = made
  return made
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
