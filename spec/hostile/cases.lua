-- Answers that no server should send, for the specs that look at what comes of
-- each: what it is, the script of spec/hostile/server.lua once a request has
-- come, kind and outcome of the error of a change, what the error says.
local hostile = require "spec.hostile.hostile"

local cases = {}

local OK = "HTTP/1.1 200 OK\r\n"
local BODY = 'Content-Length: 16\r\n\r\n{"success":true}'

-- What it is, the script, kind and outcome (or a result), what the error says.
cases.heads = {
  { "a head without end", [[c:send "HTTP/1.1 200 OK\r\n"
    while c:send(("X-A: b\r\n"):rep(1000)) do end]],
    "protocol", "unknown", "the head of the answer" },
  -- libcurl would take it.
  { "a head of 280,000 bytes", ([[c:send(%q .. ("X-A: b\r\n"):rep(35000)
    .. %q)]]):format(OK, BODY),
    "protocol", "unknown", "the head of the answer" },
  { "a header line of 1 MiB", ([[c:send(%q .. "X-A: " .. ("b"):rep(1048576)
    .. "\r\n" .. %q)]]):format(OK, BODY),
    "protocol", "unknown", "the head of the answer" },
  { "a flood of 1xx", [[while c:send(
    ("HTTP/1.1 100 Continue\r\n\r\n"):rep(1000)) do end]],
    "protocol", "unknown", "the head of the answer" },
  { "a flood of early hints", [[while c:send(
    ("HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"):rep(1000)) do end]],
    "protocol", "unknown", "the head of the answer" },
  { "another protocol, unasked", ("c:send(%q)"):format(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" .. BODY),
    "http", "unknown", "101" },
  { "NUL in a header", ("c:send(%q)"):format(OK .. "X-A: a\0b\r\n" .. BODY),
    "protocol", "unknown", "Nul byte" },
  { "a line without a colon", ("c:send(%q)"):format(OK .. "no\r\n" .. BODY),
    "protocol", "unknown", "colon" },
  { "HTTP/0.9", ("c:send(%q)"):format '{"success":true}',
    "protocol", "unknown", "HTTP/0.9" },
  { "HTTP/3.7", ("c:send(%q)"):format("HTTP/3.7 200 OK\r\n" .. BODY),
    "protocol", "unknown", "version" },
  { "a status of two digits", ("c:send(%q)"):format("HTTP/1.1 99 x\r\n" ..
    BODY), "protocol", "unknown", "response code" },
  { "a status of four digits", ("c:send(%q)"):format("HTTP/1.1 2000 x\r\n" ..
    BODY), "protocol", "unknown", "response code" },
  { "a status past all classes", ("c:send(%q)"):format("HTTP/1.1 999 x\r\n" ..
    "Content-Length: 0\r\n\r\n"), "http", "unknown", "999" },
  { "nothing", "", "network", "unknown", "Empty reply" },
  { "a reset", "c:close(true)", "network", "unknown", "reset" },
  { "a reason phrase of escapes", ("c:send(%q)"):format(
    "HTTP/1.1 500 \27[31m\255\r\nContent-Length: 0\r\n\r\n"),
    "http", "unknown", "500" },
  { "a failure whose trailer claims success", ("c:send(%q)"):format(
    "HTTP/1.1 500 Bad\r\nTransfer-Encoding: chunked\r\n\r\n" ..
    '10\r\n{"success":true}\r\n0\r\nHTTP/1.1 200: OK\r\n\r\n'),
    "http", "unknown", "500" },
}

-- ---- bodies ---------------------------------------------------------------

local JSON = '{"success":true}'

-- A head of 200 with these lines, and the body.
local function sent(lines, body)
  return ("c:send(%q)"):format("HTTP/1.1 200 OK\r\n" .. lines .. "\r\n" .. body)
end

local function length(value)
  return sent("Content-Length: " .. value .. "\r\n", JSON)
end

local function chunked(body)
  return sent("Transfer-Encoding: chunked\r\n", body)
end

local function json(text)
  return ("c:answer('200 OK', '', %q)"):format(text)
end

-- What it is, the script, kind, what the error says; the outcome is unknown.
cases.bodies = {
  { "shorter than it is: JSON cut", length "5", "protocol", '"{"suc"' },
  { "longer than it is", length "50", "network", "34 bytes remaining" },
  { "of negative length", length "-16", "protocol", "Content-Length" },
  { "of a length in words", length "many", "protocol", "Content-Length" },
  { "of two lengths", length "16\r\nContent-Length: 5", "protocol", '{"suc' },
  { "of a length that never comes", length "1000000000000000", "network",
    "remaining" },
  { "a chunk of 2^64 bytes", chunked(("f"):rep(16) .. "\r\n" .. JSON),
    "network", "chunked" },
  { "a chunk whose size has no end", chunked(("f"):rep(100000)), "network",
    "hexadecimal" },
  { "a chunk of a negative size", chunked("-10\r\n" .. JSON .. "\r\n0\r\n\r\n"),
    "network", "chunked" },
  { "chunks without the last", chunked("10\r\n" .. JSON .. "\r\n"), "network",
    "closed" },
  { "a coding that nobody knows", sent("Content-Encoding: magic\r\n" ..
    "Content-Length: 16\r\n", JSON), "protocol", "encoding" },
  { "twenty codings", sent("Content-Encoding: " .. ("gzip, "):rep(19) ..
    "gzip\r\nContent-Length: 16\r\n", JSON), "protocol", "encodings" },
  { "gzip that is none", sent("Content-Encoding: gzip\r\n" ..
    "Content-Length: 16\r\n", JSON), "protocol", "" },
  { "JSON 100,000 arrays deep", [[c:answer("200 OK", "",
    ("["):rep(100000) .. ("]"):rep(100000))]], "protocol", "no JSON" },
  { "JSON 100,000 objects deep", [[c:answer("200 OK", "",
    ('{"a":'):rep(100000) .. "1" .. ("}"):rep(100000))]], "protocol",
    "no JSON" },
  { "NaN", json '{"success":true,"a":NaN}', "protocol", "no JSON" },
  { "a number", json "3", "protocol", "no JSON" },
  { "null", json "null", "protocol", "no JSON" },
  { "escapes and bytes that are no text", json "\27[2J\255\254\0<",
    "protocol", "no JSON" },
}

-- A failure in these words: what the error may and may not hold.
cases.failures = {
  { "duplicate keys: the last counts", '{"success":true,"success":false}' },
  { "reasons of text", '{"success":false,"reasons":"x"}' },
  { "reasons of null", '{"success":false,"reasons":[null,null,3]}' },
  { "reasons of objects", '{"success":false,"reasons":{"code":{}}}' },
  { "a code past every number",
    '{"success":false,"reasons":[{"code":1e999,"message":"m"}]}' },
  { "a code below every number",
    '{"success":false,"reasons":[{"code":-1e999,"message":"m"}]}' },
  { "a code with a fraction",
    '{"success":false,"reasons":[{"code":-0.5,"message":"m"}]}' },
  { "a code in words",
    '{"success":false,"reasons":[{"code":"nan","message":"m"}]}' },
  { "a code of 2,000 digits", '{"success":false,"reasons":[{"code":"' ..
    ("9"):rep(2000) .. '","message":"m"}]}' },
  { "a message of escapes", '{"success":false,"reasons":[{"code":1,' ..
    '"message":"a\\r\\nb\\u001b[2J\\u0000\255"}]}' },
  { "a code of escapes", '{"success":false,"reasons":[{"code":"a\\n\27' ..
    '\255"}]}' },
  { "a processId of lines", '{"success":false,"processId":"a\\nERROR b",' ..
    '"reasons":[{"code":1,"message":"m"}]}' },
  { "a processId without end", '{"success":false,"processId":"' ..
    ("p"):rep(100000) .. '","reasons":[{"code":1,"message":"m"}]}' },
  { "a message without end", '{"success":false,"reasons":[{"code":1,' ..
    '"message":"' .. ("m"):rep(100000) .. '"}]}' },
  { "the secret, sent back", '{"success":false,"processId":"' ..
    hostile.SECRET .. '","reasons":[{"code":"' .. hostile.SECRET ..
    '","message":"Bearer ' .. hostile.SECRET .. '"}]}' },
}

return cases
