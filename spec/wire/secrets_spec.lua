-- Whatever a server echoes, no secret comes out of an error, an event, a log,
-- a metric or a dry run; the server alone gets it, and the right one.
local log = require "zuora.log"
local metrics = require "zuora.metrics"
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local function env(name)
  return assert(os.getenv(name))
end

local function percent(text)
  return (text:gsub("[^%w%-%._~]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

-- All text in a value, however deep, keys and metatables too.
local function dump(value, into, seen)
  if type(value) ~= "table" then
    into[#into + 1] = tostring(value)
  elseif not seen[value] then
    seen[value] = true
    into[#into + 1] = tostring(value)
    for k, v in pairs(value) do
      dump(k, into, seen)
      dump(v, into, seen)
    end
    dump(getmetatable(value), into, seen)
  end
end

local function text_of(value)
  local into = {}
  dump(value, into, {})
  return table.concat(into, "\n")
end

-- The forms in which a server may give a secret back.
local function echoes(secret)
  local escaped = secret:gsub('[\\"/]', "\\%0")
  local long = ("x"):rep(150) .. secret .. secret
  return {
    { status = 500, body = "<h1>" .. secret .. "</h1>" },
    { status = 400, body = { success = false, processId = secret,
      reasons = { { code = 50000020, message = "bad: " .. secret },
        { code = secret, message = long } } } },
    { status = 400, body = '{"success":false,"reasons":[{"code":"' ..
      escaped .. '","message":"' .. escaped .. '"}]}' },
    { status = 400, body = { message = "not " .. percent(secret) } },
    { status = 400, body = { errors = { { code = secret,
      title = secret } } } },
    { status = 400, body = { faultcode = secret, faultstring = secret } },
    { status = 403, body = { error = secret, message = secret } },
    { status = 200, body = "Bearer " .. secret },
    { status = 302, body = secret,
      headers = { Location = "https://evil.example/?t=" .. percent(secret) } },
    { status = 503, body = "empty", headers = {
      ["Zuora-Request-Id"] = secret:sub(1, 36),
      ["Zuora-Track-Id"] = secret:sub(1, 64), ["Retry-After"] = secret,
      ["RateLimit-Limit"] = secret, ["Concurrency-Limit-Type"] = secret,
      ["Content-Type"] = secret, ["X-Echo"] = secret } },
    { status = 429, body = { reasons = { { code = 70, message = secret } } },
      headers = { ["WWW-Authenticate"] = "Bearer " .. secret } },
    { status = 401, body = { message = long } },
  }
end

local CALLS = {
  { "connections.list", function(c) return c.connections.list() end },
  { "connections.accept",
    function(c) return c.connections.accept(sandbox.asked) end },
  { "connections.initiate",
    function(c) return c.connections.initiate(sandbox.canada) end },
  { "entities.get", function(c) return c.entities.get(sandbox.us) end },
}

local OPTIONS = { max_attempts = 2, max_retry_wait = 0.5, timeout = 5 }

local WAYS = {
  ["an OAuth client"] = {
    secret = function() return env "ZUORA_CLIENT_SECRET" end,
    make = sandbox.client, },
  ["the token of an OAuth client"] = {
    secret = function(client)
      assert(client.connections.list())
      return sandbox.last("connections.list").headers.authorization
        :match "^Bearer (.+)$"
    end,
    make = sandbox.client },
  ["a given token"] = {
    secret = function() return sandbox.token() end,
    make = sandbox.bearer },
  ["a token by a function"] = {
    secret = function() return sandbox.token() end,
    make = function(more)
      more.access_token = sandbox.token
      return assert(zuora.new(sandbox.options(more)))
    end },
  ["the two key headers"] = {
    secret = function() return env "ZUORA_API_SECRET_ACCESS_KEY" end,
    make = sandbox.user },
  ["the password of a session"] = {
    secret = function() return env "ZUORA_API_SECRET_ACCESS_KEY" end,
    make = function(more)
      more.session = true
      return sandbox.user(more)
    end },
}

describe("no secret is told", function()
  local client, out, talk

  local function check(secret)
    local all = table.concat(out, "\n")
    for _, form in ipairs { secret, percent(secret),
      (secret:gsub("/", "\\/")) } do
      local at = all:find(form, 1, true)
      assert.is_nil(at and all:sub(math.max(1, at - 200), at + #form + 20))
    end
  end

  -- Everything that the library hands to the program, kept.
  local function note(value)
    out[#out + 1] = text_of(value)
  end

  local function listen(options)
    local counters = metrics.new()
    local logged = {}
    local write = log.stderr { write = function(_, ...)
      logged[#logged + 1] = table.concat { ... }
    end }
    options.on_event = function(event)
      note(event)
      counters.hook(event)
      write(event)
    end
    talk = function()
      note(logged)
      note(counters:text())
    end
    return options
  end

  local function call(made)
    local result, err = made(client)
    if err then
      note(err)
      note(tostring(err))
      note(err:report())
    elseif result.meta then
      note(result.meta)
    end
  end

  before_each(function()
    sandbox.token()
    sandbox.reset { keep_tokens = true }
    out = {}
  end)

  for name, way in pairs(WAYS) do
    local function meet(i, one)
      local options = listen {}
      for key, value in pairs(OPTIONS) do
        options[key] = value
      end
      client = way.make(options)
      local secret = way.secret(client)
      local echo = echoes(secret)[i]
      sandbox.fault { match = { operation = one[1], times = 2 },
        kind = "status", status = echo.status, body = echo.body,
        headers = echo.headers }
      call(one[2])
      sandbox.mend()
      note(client.connections.disconnect(sandbox.joined, { dry_run = true }))
      talk()
      note(client)
      client:close()
      note(client)
      check(secret)
    end

    it("of " .. name, function()
      for i = 1, #echoes "" do
        for _, one in ipairs(CALLS) do
          out = {}
          meet(i, one)
          assert.is_true(#table.concat(out) > 500)
        end
      end
    end)
  end

  it("when logging in fails", function()
    local secret = env "ZUORA_CLIENT_SECRET"
    for _, echo in ipairs(echoes(secret)) do
      client = sandbox.client(listen { max_attempts = 1 })
      sandbox.fault { match = { operation = "oauth.token" }, kind = "status",
        status = echo.status, body = echo.body, headers = echo.headers }
      call(CALLS[1][2])
      talk()
      client:close()
    end
    check(secret)
  end)

  it("of a session that a server echoes", function()
    client = sandbox.user(listen { session = true, max_attempts = 1 })
    assert(client.connections.list())
    for i = 1, #echoes "" do
      -- The cookie rolls with each success: a failure tells which is current.
      local failing = { match = { operation = "connections.list" },
        kind = "status", status = 400 }
      sandbox.fault(failing)
      assert.is_nil((client.connections.list()))
      local cookie = sandbox.last("connections.list").headers.cookie
        :match "^ZSession=(.+)$"
      local echo = echoes(cookie)[i]
      failing.status, failing.body = echo.status, echo.body
      failing.headers = echo.headers
      sandbox.fault(failing)
      out = {}
      call(CALLS[1][2])
      if echo.status ~= 401 then -- which logs in anew
        assert.equal("ZSession=" .. cookie,
          sandbox.last("connections.list").headers.cookie)
      end
      talk()
      check(cookie)
    end
    client:close()
  end)
end)

describe("a secret is sent", function()
  local function heads(client)
    client.connections.list()
    client.connections.accept(sandbox.asked)
    client:close()
    local found = {}
    for _, entry in ipairs(sandbox.journal()) do
      found[#found + 1] = { entry.operation, entry.target,
        text_of(entry.headers), type(entry.body) == "string" and
          entry.body or "" }
    end
    return found
  end

  it("to log in only, where there is something to log in to", function()
    sandbox.reset()
    for _, entry in ipairs(heads(sandbox.client())) do
      local login = entry[1] == "oauth.token"
      for i = 2, 4 do
        local has = entry[i]:find(percent(env "ZUORA_CLIENT_SECRET"), 1, true)
          or entry[i]:find(env "ZUORA_CLIENT_SECRET", 1, true)
        assert.equal(login and i == 4, has ~= nil)
      end
    end
    sandbox.reset()
    for _, entry in ipairs(heads(sandbox.user { session = true })) do
      local login = entry[1] == "session.establish"
      for i = 2, 4 do
        local has = entry[i]:find(env "ZUORA_API_SECRET_ACCESS_KEY", 1, true)
        assert.equal(login and i == 3, has ~= nil)
      end
    end
  end)
end)
