-- Answers that break HTTP/2, for the specs that look at what comes of each.
local hostile = require "spec.hostile.hostile"

local http2 = {}

local OK = '{"success":true,"id":"own"}'

-- From here on each request is answered as it should be.
http2.GOOD = " id = c:stream() while id do c:reply(id, OK) id = c:stream() end"

--- Has each connection to the port h2 begin, and then do that with `id`, the
--- stream of its first request, and OK, a body.
function http2.play(script)
  hostile.play("h2", ("local OK, id = %q, c:begin() " ..
    "if not id then return end "):format(OK) .. script)
end

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
  -- With an end: libcurl before 8.7 reads on as long as they come.
  { "a flood of frames unknown", [[for _ = 1, 2000 do if not c:send(
    c.frame(200, 0, id, ("x"):rep(100)):rep(100)) then return end end]] },
}
for code = 0, 14 do
  if code ~= 13 then -- asks for HTTP/1.1, and that is spoken then
    cases[#cases + 1] = { "RST_STREAM with " .. code,
      ("c:rst(id, %d)"):format(code) .. http2.GOOD }
  end
  cases[#cases + 1] = { "RST_STREAM with " .. code .. " within the body",
    ([[c:head(id, "\x88") c:data(id, '{"success":') c:rst(id, %d)]])
      :format(code) .. http2.GOOD }
end
http2.cases = cases

return http2
