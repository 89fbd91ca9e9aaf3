-- No secret stands in what a program can print: errors of each kind, reports,
-- events, log lines, metrics, clients, meta, requests that were not sent. The
-- server does its worst and sends back whatever it was sent.
local cjson = require "cjson"
local log = require "zuora.log"
local metrics = require "zuora.metrics"
local mime = require "mime"
local servers = require "spec.support.server"
local worlds = require "spec.support.world"

local ID = "8a808255575bdae401576a914a140420"

-- With characters that other forms write in another way.
local SECRETS = { client_secret = 'cs+SECRET=one"\\x',
  token = "tok.SECRET-two~",
  api_secret = "api&SECRET three%41", cookie = "zsession_SECRET-four",
  given = "given:SECRET@five" }

local function percent(text)
  return (text:gsub("[^%w%-%._~]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

-- A secret in each form in which it could be written.
local function forms_of(secret)
  local json = cjson.encode({ secret }):sub(3, -3)
  return { plain = secret, percent = percent(secret),
    ["percent, lower case"] = percent(secret):gsub("%%%x%x", string.lower),
    form = percent(secret):gsub("%%20", "+"), JSON = json,
    ["JSON, percent"] = percent(json), base64 = (mime.b64(secret)),
    hex = (secret:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)) }
end

-- Which of the secrets a text holds, and how; nil when none.
local function find(text)
  for name, secret in pairs(SECRETS) do
    for form, written in pairs(forms_of(secret)) do
      if text:find(written, 1, true) then
        return name .. ", " .. form
      end
    end
  end
  if text:find("SECRET", 1, true) then
    return "a part of one"
  end
end

-- All that a value holds, its metatable's fields as well, as one text.
local function dump(value, seen)
  seen = seen or {}
  if type(value) ~= "table" or seen[value] then
    return tostring(value)
  end
  seen[value] = true
  local parts = { tostring(value) }
  for key, inner in pairs(value) do
    parts[#parts + 1] = dump(key, seen) .. "=" .. dump(inner, seen)
  end
  local metatable = getmetatable(value)
  if type(metatable) == "table" then
    parts[#parts + 1] = dump(metatable.meta, seen)
  end
  return table.concat(parts, "\n")
end

describe("the search itself", function()
  it("finds each secret in each form", function()
    for name, secret in pairs(SECRETS) do
      for form, written in pairs(forms_of(secret)) do
        assert.is_truthy(find("x" .. written .. "y"), name .. ", " .. form)
      end
    end
    assert.is_nil(find "nothing to see")
  end)

  it("looks into tables, keys, errors and meta", function()
    local secret = SECRETS.token
    for _, value in ipairs { { a = { [secret] = 1 } }, { { { secret } } },
      setmetatable({}, { __tostring = function() return secret end }),
      setmetatable({}, { meta = { x = secret } }) } do
      assert.is_truthy(find(dump(value)))
    end
  end)
end)

describe("no secret is told", function()
  local server, world, set, told, client, closing

  before_each(function()
    server = servers.new()
    world = worlds.new(server)
    set = metrics.new()
    told, closing = {}, nil
  end)

  after_each(function()
    world:close()
  end)

  local function tell(value)
    told[#told + 1] = dump(value)
  end

  local function open(options)
    local write = log.stderr { write = function(_, ...)
      tell(table.concat { ... })
    end }
    options.on_event = function(event)
      tell(event)
      if closing and event.name == "attempt_end" then
        closing()
      end
      write(event)
      set.hook(event)
      return event
    end
    client = world:client(options)
  end

  -- Makes a call, tells all that comes of it, and returns the error's kind.
  local function try(call, ...)
    local results = { pcall(call, ...) }
    local err = results[3]
    for _, value in pairs(results) do
      tell(value)
    end
    if type(err) == "table" and err.report then
      tell(err:report())
      return err.kind
    end
    return results[1] and "ok" or "raised"
  end

  local function check()
    tell(client)
    tell(set:text())
    client:close()
    tell(client)
    assert.is_true(#told > 3)
    for _, text in ipairs(told) do
      local found = find(text)
      assert.is_nil(found, found and found .. " in: " .. text)
    end
  end

  -- How each client signs, and which secrets the server then sees.
  local WAYS = {
    { "OAuth", { access_token = false, client_id = "the-client-id",
      client_secret = SECRETS.client_secret } },
    { "a token", { access_token = SECRETS.given } },
    { "a token function", { access_token = function()
      return SECRETS.given
    end } },
    { "keys", { access_token = false, api_access_key_id = "the-user",
      api_secret_access_key = SECRETS.api_secret } },
    { "a session", { access_token = false, api_access_key_id = "the-user",
      api_secret_access_key = SECRETS.api_secret, session = true } },
  }

  local function grant(request)
    if request.target == "/oauth/token" then
      return { body = { access_token = SECRETS.token, expires_in = 3599,
        scope = "entity.e-1" } }
    end
    return request.target == "/v1/connections" and
      { body = { success = true }, headers = { ["Set-Cookie"] =
        "ZSession=" .. SECRETS.cookie .. "; Path=/; Secure; HttpOnly" } }
  end

  -- All that the request held that is secret, in each form.
  local function echo(request)
    local parts = { request.body }
    for _, name in ipairs { "authorization", "apisecretaccesskey", "cookie" } do
      parts[#parts + 1] = request.headers[name]
    end
    local text = table.concat(parts, " ")
    for _, secret in pairs(SECRETS) do
      if text:find(secret, 1, true) then
        text = text .. " " .. percent(secret)
      end
    end
    return text
  end

  -- Answers that lead to each kind of error, holding what the server was sent.
  local ANSWERS = {
    api = function(said)
      return { status = 400, body = { success = false, processId = said,
        reasons = { { code = said, message = said }, { message = said } } } }
    end,
    auth = function(said)
      return { status = 401, body = { success = false,
        reasons = { { code = 90000011, message = said } } } }
    end,
    rate_limit = function(said)
      return { status = 429, body = { message = said },
        headers = { ["Retry-After"] = "100" } }
    end,
    http = function(said)
      return { status = 403, body = "<html>" .. said }
    end,
    protocol = function(said)
      return { body = "<html>" .. said }
    end,
    network = function()
      return "drop"
    end,
    timeout = function()
      return "hang"
    end,
  }

  -- Time runs out only where nothing is answered.
  local OPTIONS = { max_attempts = 1, settle = false }
  local HURRIED = { max_attempts = 1, settle = false, attempt_timeout = 0.05 }

  for _, way in ipairs(WAYS) do
    it("by errors of a client that signs by " .. way[1], function()
      open(way[2])
      for kind, make in pairs(ANSWERS) do
        server:script({}, function(request)
          return grant(request) or make(echo(request))
        end)
        local options = kind == "timeout" and HURRIED or OPTIONS
        assert.equal(kind, try(client.connections.accept, ID, options))
        assert.equal(kind, try(client.entities.list, options))
      end
      assert.equal("argument", try(client.connections.list, { page_size = 0 }))
      assert.equal("raised", try(client.connections.list, { pagesize = 0 }))
      client:close()
      assert.equal("raised", try(client.connections.list))
      assert.is_true(#server.requests > 0)
      check()
    end)

    it("by logins that fail, of a client that signs by " .. way[1], function()
      open(way[2])
      for kind, make in pairs(ANSWERS) do
        server:script({}, function(request)
          return make(echo(request))
        end)
        -- A login has all the time of the call that needs it.
        local options = { max_attempts = 1,
          timeout = kind == "timeout" and 0.05 or nil }
        try(client.session.establish, nil, nil, options)
        if way[2].client_id or way[2].session then
          try(client.entities.list, options)
        end
        world.time = world.time + 100
      end
      check()
    end)

    it("by what was not sent, by a client that signs by " .. way[1], function()
      open(way[2])
      tell(assert(client.connections.initiate(ID, { dry_run = true })))
      tell(assert(client:request { method = "POST", path = "/v1/x",
        body = {}, dry_run = true }))
      if way[2].api_access_key_id then
        tell(assert(client.session.establish(nil, nil, { dry_run = true })))
      end
      check()
    end)

    it("by results of a client that signs by " .. way[1], function()
      open(way[2])
      server:script({}, function(request)
        return grant(request) or { body = { success = true } }
      end)
      assert.equal("ok", try(client.entities.list))
      assert.equal("ok", try(client.request, client, { path = "/v1/x" }))
      check()
    end)
  end

  -- The engine knows the secrets of the client only.
  it("by the refusal of a login with other credentials", function()
    open(WAYS[2][2])
    server:script({}, function(request)
      return ANSWERS.auth(echo(request))
    end)
    assert.equal("auth", try(client.session.establish, "user",
      SECRETS.api_secret))
    check()
  end)

  it("by ids that a server made of it", function()
    open(WAYS[2][2])
    server:script({}, { body = { success = true }, headers = {
      ["Zuora-Request-Id"] = SECRETS.given, ["Zuora-Track-Id"] = SECRETS.given,
      ["Content-Type"] = "application/json; a=" .. SECRETS.given } })
    assert.equal("ok", try(client.entities.list))
    check()
  end)

  -- What was a secret a moment ago may be one still.
  local OLD = { "tok.SECRET-old-one", "tok.SECRET-old-two",
    "tok.SECRET-old-three" }
  -- An answer that tells the first so many of them.
  local function tells(count, headers)
    return { status = 400, body = { success = false, reasons = { {
      code = 1, message = table.concat(OLD, " ", 1, count) } } },
      headers = headers or { ["Zuora-Request-Id"] = OLD[1] } }
  end

  it("by an echo of a token that was renewed on a 401", function()
    open(WAYS[1][2])
    local granted, refused = 0, 0
    server:script({}, function(request)
      if request.target == "/oauth/token" then
        granted = granted + 1
        return { body = { access_token = OLD[granted] } }
      end
      refused = refused + 1
      return refused % 2 == 1 and 401 or tells(granted)
    end)
    assert.equal("api", try(client.connections.accept, ID))
    assert.equal("api", try(client.entities.list))
    assert.equal(3, granted)
    check()
  end)

  it("by an echo of a token that a function gave before", function()
    local asked = 0
    open { access_token = function()
      asked = asked + 1
      return OLD[asked]
    end }
    server:script { 401, { body = { success = true } }, tells(3) }
    assert.equal("ok", try(client.entities.list))
    assert.equal("api", try(client.entities.list))
    assert.equal(3, asked)
    check()
  end)

  local function cookie(value)
    return { ["Set-Cookie"] = "ZSession=" .. value .. "; Path=/" }
  end

  it("by an echo of cookies that rolled, or came with it", function()
    open(WAYS[5][2])
    server:script { { headers = cookie(OLD[1]), body = { success = true } },
      { headers = cookie(OLD[2]), body = { success = true } },
      tells(3, cookie(OLD[3])) }
    assert.equal("ok", try(client.entities.list))
    assert.equal("api", try(client.entities.list))
    check()
  end)

  it("by an answer that comes to a client that is closed", function()
    open { access_token = OLD[1] }
    server:script { function()
      return { status = 400, body = { message = OLD[1] } }
    end }
    closing = function()
      client:close()
    end
    assert.equal("api", try(client.entities.list))
    check()
  end)

  -- Cut at the end of its place, a part of it would be left.
  it("by ids that begin with something else, or are encoded", function()
    open(WAYS[2][2])
    local headers = {}
    for _, room in ipairs { 40, 64, 80 } do
      for cut = 5, 16 do
        headers[#headers + 1] = ("x"):rep(room - cut) .. SECRETS.given
      end
    end
    headers[#headers + 1] = percent(SECRETS.given)
    headers[#headers + 1] = (percent(SECRETS.given):gsub("%%%x%x",
      string.lower))
    for _, value in ipairs(headers) do
      server:script { { headers = { ["Zuora-Request-Id"] = value,
        ["Zuora-Track-Id"] = value, ["Content-Type"] = value,
        ["Concurrency-Limit-Type"] = value },
        body = { success = true, id = ID } } }
      assert.equal("ok", try(client.entities.list))
    end
    check()
  end)

  it("by libcurl, of a proxy that it cannot make out", function()
    for _, proxy in ipairs { "http://bob:SECRET/x@127.0.0.1:1",
      "http://bob:SECRET#x@127.0.0.1:1", "htp://bob:SECRET@127.0.0.1:1",
      "http://bob:SECRET@127.0.0.1:99999", "http://bob:SECRET@a b:1" } do
      local other = assert(require("zuora").new { access_token = "x",
        base_url = "https://zuora.invalid", proxy = proxy, max_attempts = 1 })
      local _, err = other.connections.accept(ID)
      other:close()
      assert.equal("not_done", err.outcome)
      assert.is_nil(find(dump(err) .. err:report()))
      assert.matches("the proxy is given in a form", err.message)
    end
  end)
end)
