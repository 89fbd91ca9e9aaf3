-- A process that has run out of descriptors or memory: the call fails in clear
-- words, and the client works again when there are some.
local hostile = require "spec.hostile.hostile"
local process = require "zuora_process"

-- In a child, whose limits are its own; its exit code.
local function in_child(run)
  local id = process.fork()
  if id == 0 then
    local ok, why = pcall(run)
    if not ok then
      io.stderr:write("in the child: ", tostring(why), "\n")
    end
    process.leave(ok and 0 or 1)
  end
  return process.wait(id)
end

-- Takes all descriptors, or all but some. Returns how to give them back.
local function exhaust(but)
  local most = process.limit("files", 64)
  local taken = {}
  for fd in process.take do
    taken[#taken + 1] = fd
  end
  for _ = 1, but or 0 do
    process.give(table.remove(taken))
  end
  return function()
    for _, fd in ipairs(taken) do
      process.give(fd)
    end
    process.limit("files", most)
  end
end

describe("without", function()
  setup(hostile.start)
  teardown(hostile.stop)

  before_each(function()
    hostile.reset()
    hostile.json("plain", '{"success":true}')
    hostile.json("good", '{"success":true}')
  end)

  for _, port in ipairs { "plain", "good" } do
    for left = 0, 5 do
      it(("descriptors but %d at the first call (%s)"):format(left, port),
        function()
          assert.equal(0, in_child(function()
            local client = hostile.client(port)
            local restore = exhaust(left)
            local result, err = client.connections.accept "x"
            restore()
            if left == 0 then
              assert(not result)
            end
            if not result then
              hostile.check(err, err.kind, "not_done")
              assert(err.kind == "network" or err.kind == "tls", tostring(err))
            end
            assert(client.connections.accept "x")
            client:close()
          end))
        end)
    end

    it("descriptors at a later call (" .. port .. ")", function()
      hostile.play(port, [[c:request()
        c:answer("200 OK", "Connection: close\r\n", '{"success":true}')]])
      assert.equal(0, in_child(function()
        local client = hostile.client(port)
        assert(client.connections.accept "x")
        require("socket").sleep(0.05)
        local restore = exhaust()
        local result, err
        for _ = 1, 3 do
          result, err = client.connections.accept "x"
        end
        restore()
        assert(not result)
        hostile.check(err, "network", "not_done")
        assert(client.connections.accept "x")
      end))
    end)
  end

  it("memory for an answer", function()
    if os.getenv "LD_PRELOAD" then
      return -- a sanitizer's address space is not to be bounded
    end
    hostile.play("plain", [[while true do local request = c:request()
      if not request then return end
      c:answer("200 OK", "", '{"a":"' ..
        ("a"):rep(request.line:find "large" and 5e7 or 10) .. '"}') end]])
    assert.equal(0, in_child(function()
      local client = hostile.client("plain", { timeout = 30 })
      assert(client:request { path = "/v1/small" })
      collectgarbage()
      local file = assert(io.open "/proc/self/status")
      local size = tonumber(file:read "*a":match "VmSize:%s*(%d+)") * 1024
      file:close()
      local most = process.limit("memory", size + 40e6)
      local ok, result, err = pcall(client.request, client, {
        path = "/v1/large" })
      process.limit("memory", most)
      assert(not (ok and result))
      local said = tostring(ok and err or result)
      assert(said:find("memory", 1, true), said)
      assert(client:request { path = "/v1/small" })
      client:close()
    end))
  end)
end)
