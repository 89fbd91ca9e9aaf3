-- Where a server or a value would like to lead a call: nowhere but to the
-- resource that was named, at the origin that was configured.
local hostile = require "spec.hostile.hostile"
local zuora = require "zuora"

local ID = "8a808255575bdae401576a914a140420"

describe("where calls go", function()
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

  -- ---- nextPage ------------------------------------------------------------

  -- PLAIN and OTHER stand for the ports of our server and of the other one.
  local function filled(text)
    return (text:gsub("PLAIN", hostile.port "plain")
      :gsub("OTHER", hostile.port "other"))
  end

  local elsewhere = {
    "http://127.0.0.1:OTHER/v1/x", "http://localhost:PLAIN/v1/x",
    "https://127.0.0.1:PLAIN/v1/x", "https://rest.zuora.com@evil/",
    "http://127.0.0.1:PLAIN@127.0.0.1:OTHER/v1/x",
    "http://127.0.0.1:PLAIN%40127.0.0.1:OTHER/v1/x",
    "http://127.0.0.1:PLAIN:x@127.0.0.1:OTHER/v1/x",
    "http:\\\\127.0.0.1:OTHER\\v1", "http://127.0.0.1:PLAIN\\@127.0.0.1:OTHER/",
    "http://127.0.0.1:OTHER\\@127.0.0.1:PLAIN/", "\\\\127.0.0.1:OTHER\\v1",
    "http://127.0.0.1:PLAIN#@127.0.0.1:OTHER/",
    "http://127.0.0.1:PLAIN.evil.example/", "http://127.0.0.1.evil:PLAIN/",
    "http://127.1:PLAIN/", "http://0177.0.0.1:PLAIN/", "http://2130706433/",
    "http://[::ffff:127.0.0.1]:PLAIN/", "http://127.0.0.1:0PLAIN/v1/x",
    "http://127.0.0.1:PLAIN PLAIN/", "http://127.0.0.1/", "http:///v1/x",
    "http:/127.0.0.1:OTHER/", "http:127.0.0.1:OTHER/", "//127.0.0.1:OTHER@/../",
    "ftp://127.0.0.1:OTHER/", "file:///etc/passwd", "gopher://127.0.0.1:OTHER/",
    "javascript:alert(1)", "v1/x", "?page=2", "#x", " /v1/x", "\t/v1/x",
    "/v1/../x", "/v1/%2e%2E/x", "/v1/.%2e", "/./x", "/v1/x#y", "/v1\\..\\x",
    "/v1/x HTTP/1.1\r\nHost: evil\r\n\r\n", "/v1/x\0", "/v1/\255",
    "/" .. ("x"):rep(10000),
  }

  local function escaped(text)
    return (text:gsub('[%c\\"]', function(byte)
      return ("\\u%04x"):format(byte:byte())
    end))
  end

  local function follow(url)
    hostile.play("plain", ([[while c:request() do
      c:answer("200 OK", "", %q) end]]):format(
      '{"success":true,"entityConnections":[{"id":"1"}],"nextPage":"' ..
      escaped(filled(url)) .. '"}'))
    return client.connections.all()
  end

  for _, url in ipairs(elsewhere) do
    it("nextPage is not followed to " .. hostile.show(url),
      function()
        local _, err = follow(url)
        hostile.check(err, "protocol", nil)
        assert.truthy(err.message:find("nextPage cannot be followed", 1, true))
        assert.equal(1, #hostile.check_other().requests)
      end)
  end

  local within = {
    { "http://127.0.0.1:PLAIN?@127.0.0.1:OTHER/", "/?@127.0.0.1:OTHER/" },
    { "//127.0.0.1:OTHER/v1/x", "//127.0.0.1:OTHER/v1/x" },
    { "/v1/x?to=http://127.0.0.1:OTHER/", "/v1/x?to=http://127.0.0.1:OTHER/" },
    { "/v1/..%2f..%2fx", "/v1/..%2f..%2fx" },
    { "HTTP://127.0.0.1:PLAIN/v1/x", "/v1/x" },
  }
  for _, case in ipairs(within) do
    it("nextPage that looks so stays at the origin: " .. case[1], function()
      follow(case[1])
      local requests = hostile.check_other().requests
      assert.equal(2, #requests)
      assert.equal("GET " .. filled(case[2]) .. " HTTP/1.1", requests[2].line)
    end)
  end

  it("a nextPage of nothing ends the list, one of another type is no list",
    function()
      for value, ends in pairs { ["3"] = false, ["true"] = false,
        ["{}"] = false, ["[]"] = false, null = true, ['""'] = true } do
        hostile.json("plain", '{"success":true,"entityConnections":' ..
          '[{"id":"1"}],"nextPage":' .. value .. "}")
        local list, err = client.connections.all()
        if ends then
          assert.equal(1, #assert(list, err))
        else
          hostile.check(err, "protocol", nil)
        end
        client:close()
        client = hostile.client "plain"
      end
    end)

  it("a chain of pages without end: `all` ends at its bound", function()
    hostile.play("plain", [[local n = 0 while c:request() do n = n + 1
      c:answer("200 OK", "", ('{"success":true,"entityConnections":[{},{}],' ..
        '"nextPage":"/v1/x?page=%d"}'):format(n)) end]])
    local _, err = client.connections.all { max = 200 }
    hostile.check(err, "argument", nil)
    -- The page behind may be on its way already.
    assert.is_true(#hostile.journal().requests <= 102)
  end)

  it("a chain of empty pages without end is not believed", function()
    hostile.play("plain", [[local n = 0 while c:request() do n = n + 1
      c:answer("200 OK", "", ('{"success":true,"entityConnections":[],' ..
        '"nextPage":"/v1/x?page=%d"}'):format(n)) end]])
    local _, err = client.connections.all()
    hostile.check(err, "protocol", nil)
    assert.is_true(#hostile.journal().requests < 150)
  end)

  it("a chain of pages in a circle is not believed", function()
    hostile.play("plain", [[local n = 0 while c:request() do n = n + 1
      c:answer("200 OK", "", ('{"success":true,"entityConnections":[{}],' ..
        '"nextPage":"/v1/x?page=%d"}'):format(n % 3)) end]])
    local _, err = client.connections.all()
    hostile.check(err, "protocol", nil)
    assert.is_true(#hostile.journal().requests < 6)
  end)

  -- ---- redirects -----------------------------------------------------------

  for status = 300, 308 do
    it("a redirect with " .. status .. " is not followed", function()
      for _, target in ipairs { "http://127.0.0.1:OTHER/v1/x", "/v1/y",
        "//127.0.0.1:OTHER/" } do
        hostile.reset()
        hostile.play("plain", ([[while c:request() do
          c:answer("%d Elsewhere", "Location: %s\r\n", "") end]]):format(status,
          filled(target)))
        local _, err = client.connections.accept "x"
        hostile.check(err, "http", "unknown")
        assert.equal(status, err.status)
        assert.equal(1, #hostile.check_other().requests)
        _, err = client.connections.list()
        hostile.check(err, "http", nil)
        assert.equal(2, #hostile.check_other().requests)
        client:close()
        client = hostile.client "plain"
      end
    end)
  end

  for _, lines in ipairs { "Refresh: 0; url=http://127.0.0.1:OTHER/",
    'Alt-Svc: h2=":OTHER", h3=":OTHER"; ma=99999',
    "Content-Location: http://127.0.0.1:OTHER/",
    "Link: <http://127.0.0.1:OTHER/>; rel=preload" } do
    it("nobody goes where this leads: " .. lines, function()
      hostile.play("plain", ([[while c:request() do c:answer("200 OK", %q,
        '{"success":true}') end]]):format(filled(lines) .. "\r\n"))
      for _ = 1, 3 do
        assert(client.connections.accept "x")
      end
      assert.equal(3, #hostile.check_other().requests)
    end)
  end

  -- ---- cookies -------------------------------------------------------------

  local cookies = {
    { "JSESSIONID=a", nil }, { "zsession=a", nil }, { "XZSession=a", nil },
    { "ZSession=", nil }, { "ZSession=;a", nil }, { "ZSession", nil },
    { "ZSession=a b", nil }, { 'ZSession="a"', nil }, { "ZSession=a,b", nil },
    { "ZSession=a\\b", nil }, { "ZSession=a\27b", nil },
    { "ZSession=\255", nil },
    { "ZSession=" .. ("a"):rep(5000), nil },
    { "ZSession=rolled; Domain=.evil.example; Path=/elsewhere", "rolled" },
    { "ZSession=rolled; Max-Age=-1", "rolled" },
  }
  for _, case in ipairs(cookies) do
    it("the cookie " .. hostile.show(case[1]), function()
      hostile.play("plain", ([[c:request()
        c:answer("200 OK", "Set-Cookie: ZSession=first; Path=/\r\n",
          '{"success":true}')
        c:request()
        c:answer("200 OK", "Set-Cookie: " .. %q .. "\r\n", '{"success":true}')
        while c:request() do c:answer("200 OK", "", '{"success":true}') end]])
        :format(case[1]))
      local session = hostile.client("plain", { session = true,
        access_token = false, api_access_key_id = "user",
        api_secret_access_key = hostile.SECRET })
      assert(session.connections.accept "x")
      assert(session.connections.accept "y")
      local requests = hostile.check_other().requests
      assert.equal(3, #requests)
      assert.equal("ZSession=first",
        requests[2].head:match "\nCookie: ([^\r]*)")
      assert.equal("ZSession=" .. (case[2] or "first"),
        requests[3].head:match "\nCookie: ([^\r]*)")
      assert.is_nil(requests[3].head:find(hostile.SECRET, 1, true))
      session:close()
    end)
  end

  -- ---- values in the path --------------------------------------------------

  local values = {
    ".", "..", "", "%2e%2e", "..%2f", "../", "/", "//", "a/b", "a/../b", "\\",
    "..\\", "%", "%00", "%2", "?", "a?b=c", "#", "a#b", ";", "a;b", "a b", "+",
    "~", "a@b", ":", "\255\254", "\192\174\192\174", "é", "%c0%ae",
    "x/accept?", ID .. "/disconnect#", ID .. "/disconnect?x=",
    "a\r\nb", "a\rb", "a\nb", "a\0b", "\0", "\127", "\t",
    "x HTTP/1.1\r\nHost: evil\r\n\r\nDELETE /v1/all", ("a"):rep(10240),
    ("../"):rep(1000),
  }
  for _, value in ipairs(values) do
    it("an id stays one step of the path: " .. hostile.show(value),
      function()
        hostile.json("plain", '{"success":true}')
        local result, err = client.connections.disconnect(value)
        local requests = hostile.check_other().requests
        if not result then
          hostile.check(err, "argument", "not_done")
          assert.equal(0, #requests)
          return
        end
        assert.equal(1, #requests)
        local step = requests[1].line:match(
          "^PUT /v1/entity%-connections/([%w%-._~%%]+)/disconnect HTTP/1%.1$")
        assert.truthy(step, requests[1].line)
        assert.equal(value, (step:gsub("%%(%x%x)", function(digits)
          return string.char(tonumber(digits, 16))
        end)))
        assert.is_nil(step:gsub("%%2[eE]", "."):match "^%.%.?$")
      end)
  end

  it("values for headers cannot add one", function()
    hostile.json("plain", '{"success":true}')
    for _, name in ipairs { "zuora_track_id", "zuora_entity_ids", "entity_id",
      "entity_name", "traceparent" } do
      for _, evil in ipairs { "a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1",
        "a\0X-Evil: 1" } do
        local _, err = client.connections.accept("x", {
          [name] = evil .. (" "):rep(60) })
        hostile.check(err, "argument", "not_done")
      end
    end
    for _, evil in ipairs { "a\r\nX-Evil: 1", "a\nb", "a\0b" } do
      local _, err = client:request { path = "/v1/x",
        headers = { ["X-Mine"] = evil } }
      hostile.check(err, "argument", err.outcome)
      _, err = client:request { path = "/v1/x", headers = { [evil] = "a" } }
      hostile.check(err, "argument", err.outcome)
    end
    assert.equal(0, #hostile.journal().requests)
  end)

  it("values for the query and the body stay values", function()
    hostile.json("plain", '{"success":true}')
    assert(client:request { path = "/v1/x", query = {
      ["a&b=c"] = "d&e=f#g h\r\nX-Evil: 1" } })
    assert(client.connections.initiate 'a","b":"c\\')
    local requests = hostile.journal().requests
    assert.equal("GET /v1/x?a%26b%3Dc=d%26e%3Df%23g%20h%0D%0AX-Evil%3A%201 " ..
      "HTTP/1.1", requests[1].line)
    local body = require("cjson").decode(requests[2].body)
    assert.equal('a","b":"c\\', body.targetEntityId)
    assert.is_nil(body.b)
  end)

  it("a path given to request stays at the origin", function()
    hostile.json("plain", '{"success":true}')
    for _, path in ipairs { "http://127.0.0.1:OTHER/", "//x/../y",
      "http://127.0.0.1:PLAIN@127.0.0.1:OTHER/", "x", "/a b", "/a\r\nb" } do
      local _, err = client:request { path = filled(path) }
      hostile.check(err, "argument", err.outcome)
    end
    assert.equal(0, #hostile.check_other().requests)
  end)

  it("plain HTTP leaves the machine only where that is allowed", function()
    for _, host in ipairs { "rest.zuora.com", "127.0.0.1.evil.example",
      "localhost.evil.example", "127.1", "127.0.0.256", "0.0.0.0",
      "128.0.0.1", "[::ffff:127.0.0.1]" } do
      local made, err = zuora.new { base_url = "http://" .. host,
        access_token = hostile.SECRET }
      assert.is_nil(made)
      assert.equal("argument", err.kind)
      assert.equal("base_url", err.parameter)
      assert(zuora.new { base_url = "http://" .. host, allow_insecure = true,
        access_token = hostile.SECRET }):close()
    end
    for _, host in ipairs { "127.0.0.1", "localhost", "[::1]", "LOCALHOST" } do
      assert(zuora.new { base_url = "http://" .. host,
        access_token = hostile.SECRET }):close()
    end
  end)

  it("a change leaves once, also when the kept connection breaks", function()
    hostile.play("plain", [[c:request()
      c:answer("200 OK", "", '{"success":true}')
      c:request() c:close(true)]])
    assert(client.connections.accept "x")
    local _, err = client.connections.accept "y"
    hostile.check(err, "network", "unknown")
    assert.equal(2, #hostile.check_other().requests)
  end)
end)
