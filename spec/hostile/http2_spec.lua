-- Peers that break HTTP/2, and ends of streams and connections that it allows.
local hostile = require "spec.hostile.hostile"

local OK = '{"success":true,"id":"own"}'

-- From here on each request is answered as it should be.
local GOOD = " id = c:stream() while id do c:reply(id, OK) id = c:stream() end"

-- What it is, and what follows upon a request on the stream `id`.
local cases = {
  { "nothing", "" },
  { "HTTP/1.1", [[c:answer("200 OK", "", '{"success":true}')]] },
  { "noise", [[c:send(("\255"):rep(10000))]] },
  -- ends
  { "a GOAWAY that did not see it", "c:goaway(0, 0)" },
  { "a GOAWAY that did not see it, and silence", "c:goaway(0, 0) c:sleep(60)" },
  { "a GOAWAY with an error", "c:goaway(id, 2)" },
  { "a GOAWAY in the middle of the body", [[c:head(id, "\x88")
    c:data(id, '{"success":') c:goaway(id, 0)]] },
  { "a GOAWAY of no sense", "c:send(c.frame(7, 0, 0, 'x'))" },
  { "an end in the middle of the head", [[c:send(c.frame(1, 4, id,
    "\x88"):sub(1, -2))]] },
  { "an end in the middle of the body", [[c:head(id, "\x88")
    c:data(id, '{"success":true}')]] },
  { "a RST_STREAM in the middle of a frame", [[c:head(id, "\x88")
    c:send(c.frame(0, 1, id, '{"success":true}'):sub(1, 15)) c:rst(id, 8)]] },
  -- HPACK
  { "index 0 of HPACK", [[c:head(id, "\x80")]] },
  { "an index past the table", [[c:head(id, "\xff\x10")]] },
  { "an index past every number", [[c:head(id, ("\xff"):rep(100))]] },
  { "a table larger than allowed", [[c:head(id, "\x3f\xff\xff\xff\x0f\x88")]] },
  { "a line longer than its block", [[c:head(id, "\x88\x00\x7fabc")]] },
  { "Huffman coding of no sense", [[c:head(id,
    "\x88\x00\x84\xff\xff\xff\xff")]] },
  -- heads
  { "a head without status", [[c:head(id, c.literal("a", "b"))
    c:data(id, '{"success":true}', true)]] },
  { "a status of two digits", [[c:head(id, c.literal(":status", "20"))
    c:data(id, '{"success":true}', true)]] },
  { "a status of four digits", [[c:head(id, c.literal(":status", "2000"))
    c:data(id, '{"success":true}', true)]] },
  { "a status in words", [[c:head(id, c.literal(":status", "two"))
    c:data(id, '{"success":true}', true)]] },
  { "two statuses", [[c:head(id, "\x88\x88")
    c:data(id, '{"success":true}', true)]] },
  { "a status behind headers", [[c:head(id, c.literal("a", "b") .. "\x88")
    c:data(id, '{"success":true}', true)]] },
  { "a header in capitals", [[c:head(id, "\x88" .. c.literal("A", "b"))
    c:data(id, '{"success":true}', true)]] },
  { "a header of the request", [[c:head(id, "\x88" .. c.literal(":path", "/"))
    c:data(id, '{"success":true}', true)]] },
  { "a line break in a header", [[c:head(id, "\x88" ..
    c.literal("a", "b\r\nzuora-request-id: c"))
    c:data(id, '{"success":true}', true)]] },
  { "a head without end", [[c:head(id, "\x88", 0)
    local line = c.literal("a", ("b"):rep(200))
    while c:send(c.frame(9, 0, id, line:rep(60))) do end]] },
  { "a head of nothing without end", [[c:head(id, "\x88", 0)
    while c:send(c.frame(9, 0, id, ""):rep(100)) do end]] },
  { "a flood of 1xx", [[local hints = c.frame(1, 4, id,
    c.literal(":status", "103") .. c.literal("a", ("b"):rep(200)))
    while c:send(hints:rep(50)) do end]] },
  { "a ping within a head", [[c:head(id, "\x88", 0)
    c:send(c.frame(6, 0, 0, "12345678")) c:send(c.frame(9, 4, id, ""))
    c:data(id, '{"success":true}', true)]] },
  { "a head that is no end of another", [[c:send(c.frame(9, 4, id, "\x88"))
    c:data(id, '{"success":true}', true)]] },
  -- bodies
  { "a body before its head", [[c:data(id, '{"success":true}', true)]] },
  { "a body on no stream", [[c:head(id, "\x88")
    c:data(0, '{"success":true}', true)]] },
  { "a body shorter than it is", [[c:head(id, "\x88" ..
    c.literal("content-length", "17")) c:data(id, '{"success":true}', true)]] },
  { "a body longer than it is", [[c:head(id, "\x88" ..
    c.literal("content-length", "15")) c:data(id, '{"success":true}', true)]] },
  { "a frame larger than allowed", [[c:head(id, "\x88")
    c:data(id, (" "):rep(16385) .. '{"success":true}', true)]] },
  { "more padding than frame", [[c:head(id, "\x88")
    c:send(c.frame(0, 9, id, "\255{}"))]] },
  { "a body without end", [[c:head(id, "\x88")
    while c:data(id, ("x"):rep(16384)) do end]] },
  { "trailers that claim success", [[c:head(id, c.literal(":status", "500"))
    c:data(id, '{"success":true}') c:head(id, "\x88", 5)]] },
  -- what nobody asked for
  { "an answer to a stream that is none yet", [[c:reply(id + 2,
    '{"success":true,"id":"unasked"}')]] },
  { "a stream of the server's", [[c:reply(2, '{"success":true}')]] },
  { "a promise", [[c:send(c.frame(5, 4, id, "\0\0\0\2\x82\x84\x87"))
    c:reply(2, '{"success":true}')]] },
  -- the connection
  { "settings of no sense", [[c:send(c.frame(4, 0, 0,
    "\0\4\255\255\255\255"))]] },
  { "settings cut short", [[c:send(c.frame(4, 0, 0, "\0\4\0"))]] },
  { "a window of nothing more", [[c:send(c.frame(8, 0, 0, "\0\0\0\0"))]] },
  { "a window past every number", [[for i = 1, 3 do
    c:send(c.frame(8, 0, 0, "\127\255\255\255")) end]] },
  { "a ping on a stream", [[c:send(c.frame(6, 0, id, "12345678"))]] },
  { "a flood of pings", [[while c:send(
    c.frame(6, 0, 0, "12345678"):rep(1000)) do end]] },
  { "a flood of settings", [[while c:send(
    c.frame(4, 0, 0, ""):rep(1000)) do end]] },
  { "a flood of frames unknown", [[while c:send(
    c.frame(200, 0, id, ("x"):rep(100)):rep(100)) do end]] },
}
for code = 0, 14 do
  if code ~= 13 then -- asks for HTTP/1.1, and that is spoken then
    cases[#cases + 1] = { "RST_STREAM with " .. code,
      ("c:rst(id, %d)"):format(code) .. GOOD }
  end
  cases[#cases + 1] = { "RST_STREAM with " .. code .. " within the body",
    ([[c:head(id, "\x88") c:data(id, '{"success":') c:rst(id, %d)]])
      :format(code) .. GOOD }
end

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

  local function play(script)
    hostile.play("h2", ("local OK, id = %q, c:begin() "):format(OK) .. script)
  end

  local function works()
    play("c:reply(id, OK)" .. GOOD)
    assert.equal("own", assert(client.connections.accept "y").id)
  end

  it("as it should be: a result", function()
    works()
    assert.equal("own", assert(client.connections.accept "y").id)
    assert.equal(1, hostile.journal().connections.h2)
  end)

  for _, case in ipairs(cases) do
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
    { "a ping", [[c:send(c.frame(6, 0, 0, "12345678"))]] },
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
