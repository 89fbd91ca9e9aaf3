-- Servers that take their time, and clocks that jump.
local hostile = require "spec.hostile.hostile"

describe("time", function()
  setup(hostile.start)
  teardown(hostile.stop)

  local client

  before_each(function()
    hostile.reset()
  end)

  after_each(function()
    client:close()
  end)

  local drips = {
    { "a body", [[c:request() c:send "HTTP/1.1 200 OK\r\n"
      c:send "Content-Length: 16\r\n\r\n"
      for i = 1, 16 do c:send "{" c:sleep(60) end]] },
    { "a head", [[c:request() for i = 1, 60 do c:send "H" c:sleep(60) end]] },
    { "chunks of one byte", [[c:request() c:send "HTTP/1.1 200 OK\r\n"
      c:send "Transfer-Encoding: chunked\r\n\r\n"
      for i = 1, 1e6 do c:send "1\r\n \r\n" c:sleep(0.05) end]] },
    { "provisional answers", [[c:request() for i = 1, 1e6 do
      c:send "HTTP/1.1 100 Continue\r\n\r\n" c:sleep(0.05) end]] },
    { "nothing", [[c:request() c:sleep(60)]] },
  }
  for _, option in ipairs { "timeout", "attempt_timeout" } do
    for _, case in ipairs(drips) do
      it(option .. " ends a server that drips " .. case[1], function()
        hostile.play("plain", case[2])
        client = hostile.client("plain", { timeout = 20, [option] = 0.5 })
        local began = os.time()
        local _, err = client.connections.accept "x"
        hostile.check(err, "timeout", "unknown")
        assert.is_true(os.time() - began < 5)
        assert.equal(1, #hostile.journal().requests)
      end)
    end
  end

  it("a request that is never read costs the timeout", function()
    hostile.play("plain", "c:sleep(60)")
    client = hostile.client("plain", { timeout = 0.5 })
    local _, err = client:request { method = "POST", path = "/v1/x",
      body = ('"%s"'):format(("a"):rep(32 * 1024 * 1024)) }
    hostile.check(err, "timeout", "unknown")
  end)

  -- ---- the wall clock -------------------------------------------------------

  -- Tokens by number, each good until the server is told otherwise.
  local TOKENS = [[
    while true do
      local request = c:request()
      if not request then return end
      if request.line:find "/oauth/token" then
        issued = (issued or 0) + 1
        c:answer("200 OK", "", ('{"access_token":"token-%d-0123456789",' ..
          '"expires_in":LIFE,"scope":"","token_type":"bearer"}')
          :format(issued))
      elseif request.head:find("Bearer token-" .. (issued or 0) .. "-", 1,
        true) and not (issued == 1 and request.line:find "ended") then
        c:answer("200 OK", "", '{"success":true}')
      else
        c:answer("401 No", "", '{"success":false}')
      end
    end]]

  local function oauth(life, now)
    hostile.play("plain", "issued = 0 " ..
      TOKENS:gsub("LIFE", life))
    client = hostile.client("plain", { access_token = false, now = now,
      client_id = "id-of-ours", client_secret = hostile.SECRET })
  end

  local function logins()
    local n = 0
    for _, request in ipairs(hostile.journal().requests) do
      n = n + (request.line:find "/oauth/token" and 1 or 0)
    end
    return n
  end

  for _, jump in ipairs { -86400, -3e9, 86400, 1e9, 0 } do
    it(("a wall clock that jumps by %g s breaks no call"):format(jump),
      function()
        local shift = 0
        oauth("3600", function()
          return os.time() + shift
        end)
        for _, each in ipairs { 0, jump, 0 } do
          shift = each
          for _ = 1, 20 do
            assert(client.connections.accept "x")
          end
        end
        assert.is_true(logins() <= 3, logins() .. " logins")
      end)
  end

  it("a wall clock that jumps with every look breaks no call", function()
    local n = 0
    oauth("3600", function()
      n = n + 1
      return os.time() + (n % 2 == 0 and -1e6 or 1e6)
    end)
    for _ = 1, 20 do
      assert(client.connections.accept "x")
    end
  end)

  it("a token that the server ended while the clock stood in the past",
    function()
      local shift = 0
      oauth("3600", function()
        return os.time() + shift
      end)
      assert(client.connections.accept "x")
      shift = -1e6
      assert(client.connections.accept "ended")
      assert.equal(2, logins())
    end)

  local lives = { "0", "-1", "1e999", "null", '"soon"', "1e-9", "{}" }
  for _, life in ipairs(lives) do
    it("a token that lives " .. life .. " s serves its call", function()
      oauth(life)
      for _ = 1, 5 do
        assert(client.connections.accept "x")
      end
      assert.is_true(logins() <= 5)
    end)
  end

  it("a limit that ends in 30 years holds no client up so long", function()
    hostile.play("plain", [[while c:request() do c:answer("200 OK",
      "RateLimit-Limit: 10\r\nRateLimit-Remaining: 0\r\n" ..
      "RateLimit-Reset: 999999999\r\n", '{"success":true}') end]])
    client = hostile.client "plain"
    for _ = 1, 5 do
      assert(client.connections.accept "x")
    end
  end)
end)
