-- Peers that break HTTP/2, and ends of streams and connections that it allows.
local hostile = require "spec.hostile.hostile"

local http2 = require "spec.hostile.http2_cases"

local GOOD, play = http2.GOOD, http2.play

local results = {
  { "a GOAWAY that saw it, then the answer",
    "c:goaway(id, 0) c:reply(id, OK)" },
  { "pings and settings before the answer", [[
    for i = 1, 10 do c:send(c.frame(6, 0, 0, "12345678")) end
    c:send(c.frame(4, 0, 0, "\0\4\0\0\255\255")) c:reply(id, OK)]] },
  { "an answer a byte at a time", [[c:head(id, "\x88")
    for byte in OK:gmatch "." do c:data(id, byte) end c:data(id, "", true)]] },
  { "frames that nobody knows", [[c:send(c.frame(200, 255, id, "x"))
    c:reply(id, OK)]] },
  { "trailers", [[c:head(id, "\x88" .. c.literal("zuora-request-id", "head"))
    c:data(id, OK) c:head(id, c.literal("zuora-request-id", "trailer"), 5)]] },
}

describe("over HTTP/2,", function()
  setup(hostile.start)
  teardown(hostile.stop)

  local client

  before_each(function()
    hostile.reset()
    client = hostile.client("h2", { max_body = 1000000, timeout = 2 })
  end)

  after_each(function()
    client:close()
  end)

  local function works()
    play("c:reply(id, OK)" .. GOOD)
    assert.equal("own", assert(client.connections.accept "y").id)
  end

  it("as it should be: a result", function()
    works()
    assert.equal("own", assert(client.connections.accept "y").id)
    assert.equal(1, hostile.journal().connections.h2)
  end)

  for _, case in ipairs(http2.cases) do
    it(case[1] .. ": no result, and the next call works", function()
      play(case[2])
      local result, err = client.connections.accept "x"
      assert.is_nil(result)
      hostile.check(err, err.kind, "unknown")
      assert.is_not.equal("argument", err.kind)
      assert.equal(1, #hostile.check_other().requests)
      works()
    end)
  end

  for _, case in ipairs(results) do
    it(case[1] .. ": a result", function()
      play(case[2] .. GOOD)
      local result = assert(client.connections.accept "x")
      assert.equal("own", result.id)
      assert.is_not.equal("trailer", result.meta.zuora_request_id)
      assert.equal(1, #hostile.check_other().requests)
      works()
    end)
  end

  -- On the connection while it is idle.
  local idle = {
    { "a GOAWAY", "c:goaway(id, 0)" },
    { "its end", "c:close()" },
    { "an answer to the next stream", "c:reply(id + 2, %q)" },
    { "a second answer", "c:reply(id, %q)" },
    { "a RST_STREAM for the next stream", "c:rst(id + 2, 0)" },
    { "a ping", [[c:send(c.frame(6, 0, 0, "12345678"))]], kept = true },
    { "settings", [[c:send(c.frame(4, 0, 0, "\0\4\0\0\255\255"))]],
      kept = true },
    { "room for more", [[c:send(c.frame(8, 0, 0, "\0\0\1\0"))]],
      kept = true },
  }
  for _, case in ipairs(idle) do
    it("on an idle connection " .. case[1] .. " costs no call", function()
      local unasked = '{"success":true,"id":"unasked"}'
      play(([[c:reply(id, OK)
        if went_bad ~= %q then
          went_bad = %q
          c:sleep(0.1)
          %s
          c.tell "sent"
        end]]):format(case[1], case[1], case[2]:format(unasked)) .. GOOD)
      assert(client.connections.accept "x")
      hostile.await "sent"
      for _ = 1, 3 do
        assert.equal("own", assert(client.connections.accept "y").id)
      end
      assert.equal(4, #hostile.check_other().requests)
      if case.kept then
        assert.equal(1, hostile.journal().connections.h2)
      end
    end)
  end

  it("a RST_STREAM ends its own call alone", function()
    play("local other = c:stream() c:rst(id, 2) c:sleep(0.1) " ..
      "c:reply(other, OK)" .. GOOD)
    local results_of = client:map({ "x", "y" }, function(id)
      return client.connections.accept(id)
    end)
    local good, bad = 0, 0
    for _, result in ipairs(results_of) do
      good = good + (result.value and 1 or 0)
      bad = bad + (result.err and 1 or 0)
    end
    assert.same({ 1, 1 }, { good, bad })
  end)
end)
