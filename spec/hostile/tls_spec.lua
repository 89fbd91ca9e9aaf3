-- Peers that are not who they should be, or do not speak TLS as they should.
-- The proof that nothing was given away is what arrived: no request at all.
local hostile = require "spec.hostile.hostile"
local zuora = require "zuora"

local OK = '{"success":true}'

describe("a TLS peer", function()
  setup(hostile.start)
  teardown(hostile.stop)

  before_each(function()
    hostile.reset()
  end)

  local function accept(name, more)
    hostile.json(name, OK)
    local client = hostile.client(name, more)
    local result, err = client.connections.accept "x"
    client:close()
    return result, err
  end

  it("as it should be: a result", function()
    assert(accept "good")
    assert.equal(1, #hostile.journal().requests)
  end)

  local peers = {
    { "wrong", "with another's name", "name" },
    { "expired", "whose certificate has expired", "expired" },
    { "self", "that vouches for itself", "self" },
    { "old", "that speaks TLS 1.1 at most", "version" },
  }
  for _, case in ipairs(peers) do
    it(case[2] .. " gets no request", function()
      local result, err = accept(case[1])
      assert.is_nil(result)
      hostile.check(err, "tls", "not_done")
      assert.truthy(err.message:find(case[3], 1, true), err.message)
      local journal = hostile.check_other()
      assert.equal(1, journal.connections[case[1]])
      assert.equal(0, #journal.requests)
    end)
  end

  -- The system's own settings must not be what keeps it out.
  it("that speaks TLS 1.1 at most, where OpenSSL is told to put up with it",
    function()
      hostile.json("old", OK)
      local folder = hostile.ca_file():match "^(.*)/"
      local path = folder .. "/weak.cnf"
      local file = assert(io.open(path, "w"))
      file:write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\n" ..
        "system_default = c\n[c]\nMinProtocol = None\n" ..
        "CipherString = DEFAULT:@SECLEVEL=0\n")
      file:close()
      local function speak(command)
        local pipe = assert(io.popen(("OPENSSL_CONF='%s' %s 2>&1"):format(path,
          command)))
        local said = pipe:read "*a"
        pipe:close()
        return said
      end
      assert.matches("TLSv1.1", speak(
        ("openssl s_client -connect 127.0.0.1:%d </dev/null"):format(
          hostile.port "old")))
      local said = speak(([['%s' -e '
        local client = assert(require("zuora").new { base_url = "%s",
          ca_file = "%s", access_token = "x", max_attempts = 1 })
        print(select(2, client.connections.accept "x"))']]):format(
        hostile.interpreter(), hostile.url "old", hostile.ca_file()))
      assert.matches("no trusted connection", said)
      assert.equal(0, #hostile.journal().requests)
    end)

  it("whose authority nobody trusts gets no request", function()
    hostile.json("good", OK)
    local client = assert(zuora.new { base_url = hostile.url "good",
      access_token = hostile.SECRET, max_attempts = 1 })
    local _, err = client.connections.accept "x"
    client:close()
    hostile.check(err, "tls", "not_done")
    assert.equal(0, #hostile.journal().requests)
  end)

  it("by another name of the certificate: a result", function()
    assert(accept("good", { base_url = hostile.url("good", "https",
      "localhost") }))
  end)

  it("that speaks plain text gets no request", function()
    hostile.play("plain", [[local hello = c:fill()
      c:send "HTTP/1.1 400 Plain\r\nContent-Length: 16\r\n\r\n"
      c:send '{"success":true}' c:fill()]])
    local client = hostile.client("plain", {
      base_url = hostile.url("plain", "https") })
    local _, err = client.connections.accept "x"
    client:close()
    hostile.check(err, "tls", "not_done")
    assert.equal(0, #hostile.journal().requests)
  end)

  it("that sends alerts or noise for a handshake", function()
    for _, bytes in ipairs { "\21\3\3\0\2\2\40", "\22\3\3\255\255",
      ("\0"):rep(100), "\22\3\3\0\4\2\0\0\0" } do
      hostile.play("plain", ("c:fill() c:send(%q) c:fill()"):format(bytes))
      local client = hostile.client("plain", { timeout = 1,
        base_url = hostile.url("plain", "https") })
      local _, err = client.connections.accept "x"
      client:close()
      hostile.check(err, err.kind, "not_done")
    end
  end)

  for _, seconds in ipairs { 0.3, 0.0001 } do
    it(("that is silent costs connect_timeout: %g"):format(seconds), function()
      hostile.play("plain", "c:sleep(60)")
      local client = hostile.client("plain", { timeout = 20,
        connect_timeout = seconds, base_url = hostile.url("plain", "https") })
      local began = os.time()
      local _, err = client.connections.accept "x"
      client:close()
      hostile.check(err, "timeout", "not_done")
      assert.is_true(os.time() - began < 5)
    end)
  end

  local CUT = [[c:request() c:send("HTTP/1.1 200 OK\r\n%s\r\n" ..
    '%s') c.cut() c:sleep(60)]]

  -- libcurl takes such an end for the end of the body, so the body has to
  -- show that it is whole.
  for _, part in ipairs { "", "{", '{"success":true' } do
    it(("cut without a farewell behind %q, the length unknown: no result")
      :format(part), function()
        hostile.play("good", CUT:format([[Connection: close\r\n]], part))
        local client = hostile.client "cut"
        local result, err = client.connections.accept "x"
        client:close()
        assert.is_nil(result)
        hostile.check(err, "protocol", "unknown")
      end)
  end

  it("cut without a farewell behind a whole body: a result", function()
    hostile.play("good", CUT:format([[Content-Length: 16\r\n]],
      '{"success":true}'))
    local client = hostile.client "cut"
    assert(client.connections.accept "x")
    client:close()
  end)

  it("cut in the middle of the body: no result", function()
    hostile.play("good", CUT:format([[Content-Length: 17\r\n]],
      '{"success":true}'))
    local client = hostile.client "cut"
    local _, err = client.connections.accept "x"
    client:close()
    hostile.check(err, "network", "unknown")
  end)
end)
