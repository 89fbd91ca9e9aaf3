-- Bodies of answers that no server should send.
local hostile = require "spec.hostile.hostile"

local cases = require "spec.hostile.cases"

describe("a body that is", function()
  setup(hostile.start)
  teardown(hostile.stop)

  local client

  before_each(function()
    hostile.reset()
    client = hostile.client "plain"
  end)

  after_each(function()
    client:close()
  end)

  for _, case in ipairs(cases.bodies) do
    it(case[1], function()
      hostile.play("plain", "c:request() " .. case[2])
      local result, err = client.connections.accept "x"
      assert.is_nil(result)
      hostile.check(err, case[3], "unknown")
      assert.truthy(tostring(err):find(case[4], 1, true), tostring(err))
      assert.equal(1, #hostile.check_other().requests)
    end)
  end

  for _, case in ipairs(cases.failures) do
    it("a failure with " .. case[1], function()
      hostile.json("plain", case[2])
      local result, err = client.connections.accept "x"
      assert.is_nil(result)
      hostile.check(err, err.kind, err.outcome)
      assert.truthy(err.kind == "api" or err.kind == "http", err.kind)
      assert.is_nil(err:report():find "[^\n\32-\126]")
      if err.code then
        assert.is_true(err.code % 1 == 0 and err.category % 1 == 0)
      end
      for _, reason in ipairs(err.reasons or {}) do
        assert.is_nil(tostring(reason.message):find(hostile.SECRET, 1, true))
        assert.is_nil(tostring(reason.code):find(hostile.SECRET, 1, true))
      end
    end)
  end

  it("a result whose fields bear the library's names", function()
    for _, value in ipairs { "3", "true", '"x"', "{}", "[]", "null" } do
      hostile.play("plain", ([[c:request() c:answer("200 OK", "", %q)]]):format(
        ('{"success":true,"meta":%s,"__index":%s,"entityConnections":[],' ..
        '"attempts":%s}'):gsub("%%s", value)))
      assert(client.connections.accept "x")
      assert(client.connections.list())
      assert(client.connections.all())
      client:close()
      client = hostile.client "plain"
    end
  end)

  it("numbers beyond any type: a result", function()
    hostile.json("plain", '{"success":true,"a":1e999,"b":-1e999,"c":' ..
      ("9"):rep(400) .. ',"d":1e-999}')
    assert.is_true(assert(client.connections.accept "x").success)
  end)

  for _, list in ipairs { "3", '"x"', "null", "true", "{}", '{"1":2}' } do
    it("a list that is " .. list, function()
      hostile.json("plain", '{"success":true,"entityConnections":' .. list ..
        "}")
      local found, err = client.connections.all()
      if err then
        hostile.check(err, "protocol", nil)
      else
        assert.equal(0, #found)
      end
    end)
  end

  it("a list of anything, looked at to settle a change", function()
    hostile.play("plain", [[while true do
      local request = c:request()
      if not request then return end
      if not request.line:find "^GET" then
        return
      end
      c:answer("200 OK", "", '{"success":true,"entityConnections":' ..
        '[null,3,"x",true,{},{"id":"x","status":{}},' ..
        '{"id":"x","status":"a\\nb\\u001b"}]}') end]])
    local settling = hostile.client("plain", { settle = true })
    local _, err = settling.connections.accept "x"
    hostile.check(err, "network", "unknown")
    _, err = settling.connections.initiate "y"
    hostile.check(err, "network", err.outcome)
    settling:close()
  end)
end)

-- ---- bombs ------------------------------------------------------------------

-- Kilobytes of memory that this process takes; nil where nobody tells.
local function resident()
  local file = io.open "/proc/self/status"
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return tonumber(text:match "VmRSS:%s*(%d+)")
end

-- 10 GiB of zeros in 10 MiB: a block of them that stands for itself, over and
-- over. The second coding is over the first.
local BOMB = [[
  local zlib = require "zlib"
  local function pack(block, last)
    local deflate = zlib.deflate(9, 31)
    local first = deflate(block, "full")
    return first, (deflate(block, "full"))
  end
  local zeros = ("\0"):rep(16 * 1024 * 1024)
  local head, again = pack(zeros)
  c:request()
  c:send "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n"
  local twice = %s
  if twice then
    head, again = pack(again)
  end
  c:send(head)
  for i = 1, 640 do
    if not c:send(again) then
      return
    end
  end
]]

describe("a bomb", function()
  setup(hostile.start)
  teardown(hostile.stop)

  for _, case in ipairs { { "gzip", "false" }, { "gzip, gzip", "true" } } do
    it("of 10 GiB as " .. case[1] .. " ends at max_body", function()
      hostile.reset()
      hostile.play("plain", BOMB:format(case[1], case[2]))
      local client = hostile.client("plain", { timeout = 20,
        max_body = 16 * 1024 * 1024 })
      collectgarbage()
      local before = resident()
      local result, err = client.connections.accept "x"
      local after = resident()
      assert.is_nil(result)
      hostile.check(err, "protocol", "unknown")
      if case[2] == "false" then
        assert.matches("larger than 16777216 bytes", err.message)
      end
      if before and not os.getenv "LD_PRELOAD" then
        assert.is_true(after - before < 64 * 1024, after - before .. " kB")
      end
      client:close()
    end)
  end

  it("without end and without coding ends at max_body", function()
    hostile.play("plain", [[c:request()
      c:send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      local chunk = "10000\r\n" .. ("x"):rep(65536) .. "\r\n"
      while c:send(chunk) do end]])
    local client = hostile.client("plain", { max_body = 1000000 })
    local _, err = client.connections.accept "x"
    hostile.check(err, "protocol", "unknown")
    assert.matches("larger than 1000000 bytes", err.message)
    client:close()
  end)
end)
