-- What the collector may do to engines and exchanges, and when. Runs under
-- sandbox/zuora-sandbox.
local core = require "zuora.core"
local support = require "spec.binding.support"

describe("the collector", function()
  -- Boxes are made, submitted and dropped in every order.
  it("takes engines and exchanges in any order", function()
    for order = 1, 3 do
      local own = support.sandbox()
      local exchange = assert(support.exchange(own, "connections.list"))
      assert(exchange:submit(core.sign.none))
      own:step(0)
      if order == 1 then
        own = nil
      elseif order == 2 then
        exchange = nil
      else
        own, exchange = nil, nil
      end
      collectgarbage()
      collectgarbage()
      if order == 1 then
        -- Where all is slow, one step may bring the answer.
        assert.is_true(exchange:failure() == "cancelled" or
          exchange:status() > 0)
        assert.is_nil((exchange:submit(core.sign.none)))
      elseif order == 2 then
        assert.equal(0, own:busy())
        own:close()
      end
    end
  end)

  -- Calls it when the collector finds that nobody needs what is returned.
  local function finalizer(run)
    if newproxy then
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = run
      return proxy
    end
    return setmetatable({}, { __gc = run })
  end

  local uses = {
    redact = function(own, i)
      assert.equal("*****" .. i, (own:redact("token" .. i)))
    end,
    exchange = function(own)
      local exchange = support.exchange(own, "connections.list")
      return exchange and exchange:free()
    end,
    secret = function(own)
      assert.equal("token", own:secret "access_token")
    end,
    base_url = function(own)
      assert.equal("https://rest.zuora.com", own:base_url())
    end,
    set_secret = function(own, i)
      own:set_secret("session", 1000 + i)
    end,
    set_default = function(own, i)
      own:set_default("entity_id", 1000 + i)
    end,
  }
  for name, use in pairs(uses) do
    it("may close an engine while it is used: " .. name, function()
      for round = 1, 300 do
        local own = support.engine()
        own:set_secret("access_token", "token")
        finalizer(function()
          own:close()
        end)
        for i = 1, 200 do
          local _ = ("x"):rep(round + i)
          local ok, why = pcall(use, own, i)
          if own:closed() then
            break
          end
          assert(ok, why)
        end
      end
    end)
  end

  it("leaves no descriptor behind", function()
    local function descriptors()
      local count = 0
      for fd = 0, 255 do
        local file = io.open("/proc/self/fdinfo/" .. fd)
        if file then
          file:close()
          count = count + 1
        end
      end
      return count
    end
    if not io.open "/proc/self/stat" then
      pending "this system has no /proc"
    end
    collectgarbage()
    collectgarbage()
    local before = descriptors()
    for _ = 1, 3 do
      local own = support.sandbox()
      support.carry(own, assert(support.exchange(own, "connections.list")))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(before, descriptors())
  end)
end)
