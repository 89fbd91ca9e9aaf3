-- Signals: those that come while a call waits, and the one that a broken pipe
-- sends to whoever writes to it.
local hostile = require "spec.hostile.hostile"
local process = require "zuora_process"

-- Runs it in a child that a broken pipe would end; its exit code.
local function in_fragile_child(run)
  local id = process.fork()
  if id == 0 then
    process.fragile()
    local ok, why = pcall(run)
    if not ok then
      io.stderr:write("in the child: ", tostring(why), "\n")
    end
    process.leave(ok and 0 or 1)
  end
  return process.wait(id)
end

describe("a signal", function()
  setup(hostile.start)
  teardown(hostile.stop)

  before_each(function()
    hostile.reset()
  end)

  it("every millisecond ends no wait too early and breaks no call", function()
    hostile.play("good", [[while c:request() do c:sleep(0.05)
      c:answer("200 OK", "", '{"success":true}') end]])
    local client = hostile.client "good"
    local before = process.storm(1000)
    local ok, why = pcall(function()
      for _ = 1, 10 do
        assert(client.connections.accept "x")
      end
    end)
    local after = process.storm(0)
    client:close()
    assert(ok, why)
    assert.is_true(after - before > 50)
    assert.equal(10, #hostile.journal().requests)
  end)

  -- lua itself turns an interrupt into an error, once Lua runs again.
  it("that interrupts a program does so while a call waits", function()
    hostile.play("plain", [[c:request() c.tell "here" c:request()]])
    local pipe = assert(io.popen(([[echo $$; exec '%s' -e '
      local zuora, clock = require "zuora", require "zuora.core".clock
      local client = zuora.new { base_url = "%s", access_token = "x",
        timeout = 60 }
      local began = clock()
      local _, why = pcall(client.connections.list)
      print(clock() - began, why)']]):format(hostile.interpreter(),
      hostile.url "plain")))
    local id = pipe:read "*l"
    hostile.await "here"
    os.execute("kill -INT " .. id)
    local seconds, why = pipe:read("*n", "*a")
    pipe:close()
    assert.matches("interrupted!", why, nil, true)
    assert.is_true(seconds < 20)
  end)

  local body = ('"%s"'):format(("a"):rep(32 * 1024 * 1024))
  local breaks = {
    { "closes", "c:fill() c:close()" },
    { "resets", "c:fill() c:close(true)" },
    { "answers and closes", [[c:fill()
      c:answer("413 Large", "Connection: close\r\n", "") c:close()]] },
  }
  for _, port in ipairs { "plain", "good" } do
    for _, case in ipairs(breaks) do
      it(("of a broken pipe does not come when the server %s while we write"
        .. " (%s)"):format(case[1], port), function()
          hostile.play(port, case[2])
          assert.equal(0, in_fragile_child(function()
            local client = hostile.client(port)
            local result, err = client:request { method = "POST",
              path = "/v1/x", body = body }
            assert(not result)
            hostile.check(err, err.kind, err.outcome)
            assert(err.kind == "http" or err.outcome == "unknown",
              tostring(err))
            client:close()
          end))
        end)
    end

    it("of a broken pipe does not come when a kept connection is gone (" ..
      port .. ")", function()
        hostile.play(port, [[c:request()
          c:answer("200 OK", "", '{"success":true}') c:close(true)]])
        assert.equal(0, in_fragile_child(function()
          local client = hostile.client(port)
          for _ = 1, 3 do
            client.connections.list()
            require("socket").sleep(0.05)
          end
          client:close()
        end))
      end)
  end
end)
