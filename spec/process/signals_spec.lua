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

  -- What is interrupted, and what the server does with the first change.
  local waits = {
    { "a call", [[disconnect "a"]], "c:request()" },
    { "a call that is watched", [[watched.connections.disconnect "a"]],
      "c:request()" },
    { "the back-off of one", [[disconnect "a"]],
      [[c:answer("429 Slow", "Retry-After: 1\r\n", "")]] },
    { "a map", [[client:map({ "a", "b", "c" }, function(id)
        return disconnect(id) end)]], "c:request()" },
    { "the back-off of a map", [[client:map({ "a", "b", "c" }, function(id)
        return disconnect(id) end)]],
      [[c:answer("429 Slow", "Retry-After: 1\r\n", "")]] },
    { "an answer that a map waits for beside others",
      [[client:map({ "a", "b" }, function(id)
        return id == "a" and disconnect(id) or client.entities.list() end)]],
      "c:request()" },
  }
  local PROGRAM = [[echo $$; exec '%s' -e '
    local zuora, clock = require "zuora", require "zuora.core".clock
    local options = { base_url = "%s", access_token = "x", timeout = 60,
      max_concurrency = 1 }
    local client = zuora.new(options)
    options.on_event = function() end
    local watched = zuora.new(options)
    local disconnect = client.connections.disconnect
    local began = clock()
    local _, why = pcall(function() %s end)
    print(clock() - began, why)
    local ended = clock()
    repeat
      assert(client.entities.list { timeout = 20 })
      assert(watched.entities.list { timeout = 20 })
      os.execute "sleep 0.1"
    until clock() - ended > 1.5
    print "done"
  ']]
  -- lua itself turns an interrupt into an error, once Lua runs again.
  for _, case in ipairs(waits) do
    it(("ends %s, and what was not sent by then is not sent later"):format(
      case[1]), function()
      hostile.play("plain", ([[for request in c.request, c do
        if request.line:find "disconnect" then
          c.tell "here"
          %s
        else
          c:answer("200 OK", "", '{"success":true}')
        end
      end]]):format(case[3]))
      local pipe = assert(io.popen(PROGRAM:format(hostile.interpreter(),
        hostile.url "plain", case[2])))
      local id = pipe:read "*l"
      hostile.await "here"
      os.execute("kill -INT " .. id)
      local said = pipe:read "*a"
      pipe:close()
      assert.matches("interrupted!\ndone\n$", said)
      assert.is_true(tonumber(said:match "^%S+") < 20)
      local changes = 0
      for _, request in ipairs(hostile.journal().requests) do
        changes = changes + (request.line:find "disconnect" and 1 or 0)
      end
      assert.equal(1, changes)
    end)
  end

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
