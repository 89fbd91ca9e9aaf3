-- Heads of answers that no server should send, and what the caller of a change
-- gets of each.
local hostile = require "spec.hostile.hostile"

local cases = require "spec.hostile.cases"

local OK = "HTTP/1.1 200 OK\r\n"
local BODY = 'Content-Length: 16\r\n\r\n{"success":true}'

local results = {
  { "10,000 headers within the bound", ([[c:send(%q ..
    ("X-A: b\r\n"):rep(10000) .. %q)]]):format(OK, BODY) },
  { "a bare CR in a header", ("c:send(%q)"):format(OK ..
    "Zuora-Request-Id: a\rZuora-Track-Id: b\r\n" .. BODY) },
  { "bare line feeds", ("c:send(%q)"):format((OK .. BODY):gsub("\r", "")) },
  { "a few 1xx before the answer", ("c:send(%q)"):format((
    "HTTP/1.1 100 Continue\r\nZuora-Request-Id: early\r\n\r\n"):rep(3) ..
    OK .. BODY) },
  { "escapes in the ids", ("c:send(%q)"):format(OK ..
    "Zuora-Request-Id: a\27[31m\255b\r\n" .. BODY) },
}

describe("a head that is", function()
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

  for _, case in ipairs(cases.heads) do
    it(case[1], function()
      hostile.play("plain", "c:request() " .. case[2])
      local result, err = client.connections.accept "x"
      assert.is_nil(result)
      hostile.check(err, case[3], case[4])
      assert.truthy(tostring(err):find(case[5], 1, true), tostring(err))
      assert.equal(1, #hostile.check_other().requests)
      -- The client is none the worse for it.
      hostile.json("plain", '{"success":true}')
      assert(client.connections.accept "x")
    end)
  end

  for _, case in ipairs(results) do
    it(case[1] .. ": a result", function()
      hostile.play("plain", "c:request() " .. case[2])
      local result = assert(client.connections.accept "x")
      assert.is_true(result.success)
      assert.equal(200, result.meta.status)
      for _, value in pairs(result.meta) do
        assert.is_nil(tostring(value):find "[^\32-\126]")
      end
      assert.is_not.equal("early", result.meta.zuora_request_id)
    end)
  end

  it("a trailer: it says nothing of the answer", function()
    hostile.play("plain", ("c:request() c:send(%q)"):format(
      "HTTP/1.1 200 OK\r\nZuora-Request-Id: head\r\n" ..
      "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"success\":true}\r\n0\r\n" ..
      "Zuora-Request-Id: trailer\r\nRateLimit-Remaining: 0\r\n\r\n"))
    local result = assert(client.connections.accept "x")
    assert.equal("head", result.meta.zuora_request_id)
    assert.is_nil(result.meta.rate_limit)
  end)

  it("limits to wait for: the time of the call holds", function()
    hostile.play("plain", ("while c:request() do c:send(%q) end"):format(
      "HTTP/1.1 429 Slow\r\nRetry-After: 99999999999999\r\n" ..
      "RateLimit-Reset: 999999999999999\r\nRateLimit-Remaining: 0\r\n" ..
      "RateLimit-Limit: 10\r\nContent-Length: 0\r\n\r\n"))
    local patient = hostile.client("plain", { max_attempts = 3, timeout = 2 })
    local began = os.time()
    local _, err = patient.connections.list()
    hostile.check(err, "rate_limit", nil)
    assert.is_true(os.time() - began <= 3)
    patient:close()
  end)
end)
