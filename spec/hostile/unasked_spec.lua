-- What a server sends on a kept connection before it is asked is none of the
-- answers to the calls that come: whose would it be?
local hostile = require "spec.hostile.hostile"
local socket = require "socket"

local function answer(id)
  local body = ('{"success":true,"id":"%s"}'):format(id)
  return ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

local FIRST = {
  { "whose length is told", answer "first" },
  { "in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" ..
    '1b\r\n{"success":true,"id":"first"\r\n1\r\n}\r\n0\r\n\r\n' },
  { "without a body", "HTTP/1.1 204 None\r\n\r\n" },
  { "of no bytes", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
}

-- What it is, the bytes, whether the connection ends with them.
local UNASKED = {
  { "an answer", answer "unasked" },
  { "a hundred answers", answer "unasked":rep(100) },
  { "answers of 1 MiB", answer "unasked":rep(16384) },
  { "the start of an answer", answer "unasked":sub(1, 25) },
  { "a head that lacks its end", "HTTP/1.1 200 OK\r\nX-A: b" },
  { "a provisional answer", "HTTP/1.1 100 Continue\r\n\r\n" },
  { "the time-out of an idle connection", "HTTP/1.1 408 Request Timeout\r\n" ..
    "Content-Length: 0\r\nConnection: close\r\n\r\n", true },
  { "a line", "\r\n" },
  { "a byte", "H" },
  { "its end", "", true },
}

-- The connection that is asked for x goes bad; y is answered as it should be.
local SCRIPT = [[
  while true do
    local request = c:request()
    if not request then return end
    if request.line:find "/x/" then
      local unasked, later, ends = %q, %s, %s
      c:send(%q .. (later and "" or unasked))
      if later then
        c:sleep(0.1)
        c:send(unasked)
      end
      if ends then c:close() end
      c.tell "sent"
      if ends then return end
    else
      c:send(%q)
    end
  end]]

describe("a kept connection on which there comes unasked", function()
  setup(hostile.start)
  teardown(hostile.stop)

  before_each(function()
    hostile.reset()
  end)

  local function play(name, first, unasked, later)
    hostile.play(name, SCRIPT:format(unasked[2], tostring(later),
      tostring(unasked[3]), first[2], answer "own"))
  end

  -- That call's own fate is another matter: its answer may be empty.
  local function next_calls_get_theirs(name)
    local client = hostile.client(name)
    client.connections.accept "x"
    hostile.await "sent"
    for _ = 1, 3 do
      assert.equal("own", assert(client.connections.accept "y").id)
    end
    client:close()
    assert.equal(4, #hostile.check_other().requests)
  end

  local function test(name, first, unasked, later)
    it(("%s%s, behind an answer %s (%s)"):format(unasked[1],
      later and " later on" or "", first[1], name), function()
      play(name, first, unasked, later)
      next_calls_get_theirs(name)
    end)
  end

  for _, name in ipairs { "plain", "good" } do
    for _, later in ipairs { false, true } do
      for _, unasked in ipairs(UNASKED) do
        test(name, FIRST[1], unasked, later)
      end
      for i = 2, #FIRST do
        test(name, FIRST[i], UNASKED[1], later)
        test(name, FIRST[i], UNASKED[4], later)
      end
    end

    it("nothing is used for all calls: " .. name, function()
      hostile.json(name, '{"success":true}')
      local client = hostile.client(name)
      for _ = 1, 3 do
        assert(client.connections.accept "x")
        socket.sleep(0.05)
      end
      client:close()
      assert.equal(1, hostile.journal().connections[name])
    end)

    it("an answer, where the next call waits for its turn: " .. name,
      function()
        play(name, FIRST[1], UNASKED[1], false)
        local client = hostile.client(name, { max_concurrency = 1 })
        local results = client:map({ "x", "y", "x", "y" }, function(id)
          return assert(client.connections.accept(id)).id
        end)
        client:close()
        local ids = {}
        for i, result in ipairs(results) do
          ids[i] = result.value or tostring(result.err)
        end
        assert.same({ "first", "own", "first", "own" }, ids)
      end)
  end
end)
