-- How a client comes by its tokens, and when it fetches another.
local servers = require "spec.support.server"
local worlds = require "spec.support.world"

local ID = "8a808255575bdae401576a914a140420"

local server, world, client

before_each(function()
  server = servers.new()
  world = worlds.new(server)
end)

after_each(function()
  world:close()
end)

local function open(options)
  client = world:client(options)
  return client
end

describe("a token of the program's own", function()
  it("is asked for before each call, and once more after a 401", function()
    local asked = {}
    open { access_token = function(refused)
      asked[#asked + 1] = refused
      return "token-" .. #asked
    end }
    assert(client.entities.list())
    server:script { 401 }
    assert(client.entities.list())
    assert.same({ false, false, true }, asked)
    assert.equal("Bearer token-2", server.requests[1].headers.authorization)
    assert.equal("Bearer token-3", server.requests[2].headers.authorization)
    server:script({}, 401)
    local _, err = client.entities.list()
    assert.equal("auth", err.kind)
    assert.equal(2, #server.requests)
    assert.equal(2, err.attempts)
  end)

  it("is asked for after a 401, whatever other calls asked meanwhile",
    function()
      open { access_token = function(refused)
        return refused and "fresh" or "stale"
      end }
      server:script({}, function(request)
        return request.headers["zuora-track-id"] == "first" and
          request.headers.authorization == "Bearer stale" and 401 or
          { body = { success = true } }
      end)
      local results = client:map({ "first", "second" }, function(id)
        return client.entities.list { zuora_track_id = id }
      end)
      assert.is_nil(results[1].err and tostring(results[1].err))
      assert.equal(2, results[1].value.meta.attempts)
    end)

  it("is missed where there is none, whatever the function does", function()
    local answer
    open { access_token = function()
      return answer()
    end }
    for _, case in ipairs {
      function() end, function() return "" end, function() return 5 end,
      function() return nil, "vault is sealed" end,
      function() return nil, {} end, function() error "x" end,
      function() error {} end,
      function()
        error(setmetatable({}, { __tostring = function() error "y" end }))
      end,
      function() return "a\r\nb: c" end } do
      answer = case
      local result, err = client.connections.accept(ID)
      assert.is_nil(result)
      assert.equal("auth", err.kind)
      assert.equal("not_done", err.outcome)
      assert.equal(0, err.attempts)
      assert.is_nil(tostring(err):find "[\r\n]")
    end
    answer = function()
      return nil, "vault is sealed"
    end
    local _, err = client.entities.list()
    assert.matches("gave no token: vault is sealed", err.message)
    assert.equal(0, #server.requests)
  end)

  it("that is a string is not renewed", function()
    server:script({}, 401)
    open()
    local _, err = client.entities.list()
    assert.equal("auth", err.kind)
    assert.equal(1, #server.requests)
  end)
end)

describe("a session", function()
  -- A cookie says nothing of who was let in.
  it("that is refused is none, whatever cookie comes with it", function()
    open { access_token = false, api_access_key_id = "user",
      api_secret_access_key = "pass-word", session = true }
    server:script({}, { headers = { ["Set-Cookie"] = "ZSession=none" },
      body = { success = false, reasons = { { code = 90000011,
        message = "wrong password" } } } })
    local _, err = client.connections.accept(ID)
    assert.equal("auth", err.kind)
    assert.matches("session%.establish failed: .*wrong password", err.message)
    assert.equal("not_done", err.outcome)
    assert.equal(1, #server.requests)
    _, err = client.connections.accept(ID)
    assert.matches("not tried again for 1 s", err.message)
    assert.equal(1, #server.requests)
  end)
end)

describe("an OAuth client", function()
  local GRANT = { body = { access_token = "granted-token", expires_in = 3599,
    scope = "entity.e-1 tenant.1" } }
  local token

  -- Answers token requests with `token`, all else in order.
  local function answers(list, rest)
    local n = 0
    server:script({}, function(request)
      if request.target == "/oauth/token" then
        return type(token) == "function" and token() or token
      end
      n = n + 1
      return list[n] or rest or { body = { success = true } }
    end)
  end

  local function count(target)
    local n = 0
    for _, request in ipairs(server.requests) do
      n = n + (request.target == target and 1 or 0)
    end
    return n
  end

  before_each(function()
    token = GRANT
    answers {}
    open { access_token = false, client_id = "id-id", client_secret = "a+b/c=" }
  end)

  it("fetches a token at the first call, and keeps it", function()
    assert(client.entities.list())
    assert(client.entities.list())
    assert.equal(1, count "/oauth/token")
    local request = server.requests[1]
    assert.equal("POST", request.method)
    assert.is_nil(request.headers.authorization)
    assert.matches("client_secret=a%%2Bb%%2Fc%%3D", request.body)
    assert.equal("Bearer granted-token",
      server.requests[2].headers.authorization)
  end)

  -- The chance of this world is 1: the last of the moments.
  it("renews it at four fifths of its life or so, beside a call", function()
    assert(client.entities.list())
    world.time = world.time + 3059
    assert(client.entities.list())
    assert.equal(1, count "/oauth/token")
    world.time = world.time + 1
    token = { body = { access_token = "fresh-token", expires_in = 3599 } }
    assert(client.entities.list())
    assert.equal(2, count "/oauth/token")
    assert(client.entities.list())
    assert.equal(2, count "/oauth/token")
    local seen = {}
    for _, request in ipairs(server.requests) do
      seen[#seen + 1] = request.headers.authorization
    end
    assert.same({ "Bearer granted-token", "Bearer granted-token",
      "Bearer granted-token", "Bearer fresh-token" }, seen)
  end)

  it("does not use one that is about to end", function()
    token = { body = { access_token = "granted-token", expires_in = 100 } }
    assert(client.entities.list())
    world.time = world.time + 84
    assert(client.entities.list())
    assert.equal(1, count "/oauth/token")
    world.time = world.time + 6
    token = { body = { access_token = "fresh-token", expires_in = 100 } }
    assert(client.entities.list())
    assert.equal(2, count "/oauth/token")
    assert.equal("Bearer fresh-token",
      server.requests[#server.requests].headers.authorization)
  end)

  it("does not use one that is about to end where renewing it failed",
    function()
      token = { body = { access_token = "granted-token", expires_in = 100 } }
      assert(client.entities.list())
      token = { status = 503 }
      world.time = world.time + 85
      assert(client.entities.list()) -- with the old one, and a fetch beside it
      assert.equal(2, count "/oauth/token")
      world.time = world.time + 5
      token = { body = { access_token = "fresh-token", expires_in = 100 } }
      assert(client.entities.list())
      assert.equal("Bearer fresh-token",
        server.requests[#server.requests].headers.authorization)
    end)

  it("renews it once after a 401, and no more", function()
    answers { 401 }
    assert.equal(2, assert(client.entities.list()).meta.attempts)
    assert.equal(2, count "/oauth/token")
    answers({}, 401)
    local _, err = client.entities.list()
    assert.equal("auth", err.kind)
    assert.equal(2, count "/v1/entities")
    assert.equal(1, count "/oauth/token")
  end)

  it("gives the login no more time than an attempt has", function()
    assert(client.entities.list { attempt_timeout = 5 })
    assert.same({ 5, 5 }, world.limits)
    token = "hang"
    open { access_token = false, client_id = "id-id", client_secret = "x" }
    local _, err = client.connections.accept(ID, { attempt_timeout = 0.05 })
    assert.equal("timeout", err.kind)
    assert.equal("not_done", err.outcome)
  end)

  it("sends no login for a call whose time a 401 took", function()
    assert(client.entities.list())
    server:script({}, function()
      world.time = world.time + 50
      return 401
    end)
    local _, err = client.connections.accept(ID, { timeout = 50 })
    assert.equal("timeout", err.kind)
    assert.equal("not_done", err.outcome)
    assert.equal(1, err.attempts)
    assert.equal(1, #server.requests)
    answers {}
    assert(client.entities.list())
  end)

  it("closes no login that the pace kept from being sent", function()
    assert(client.entities.list())
    server:script({}, { status = 401, headers = { ["RateLimit-Limit"] = "10",
      ["RateLimit-Remaining"] = "0", ["RateLimit-Reset"] = "100" } })
    for _ = 1, 2 do
      local _, err = client.entities.list { timeout = 50 }
      assert.equal("rate_limit", err.kind)
      assert.is_nil(err.message:find("not tried again", 1, true))
    end
    assert.equal(1, #server.requests)
  end)

  it("takes its time out of that of the call", function()
    token = function()
      world.time = world.time + 25
      return GRANT
    end
    assert(client.entities.list { timeout = 100 })
    assert.same({ 30, 75 }, world.limits)
  end)

  it("does not try again at once after a login that failed", function()
    token = { status = 401, body = { error = "Unauthorized", status = 401 } }
    local waits = { 1, 2, 4 }
    for _, wait in ipairs(waits) do
      local before = #server.requests
      local _, err = client.connections.accept(ID)
      assert.equal("auth", err.kind)
      assert.equal("not_done", err.outcome)
      assert.equal("connections.accept", err.operation)
      assert.matches("oauth%.token failed: ", err.message)
      assert.equal(before + 1, #server.requests)
      _, err = client.connections.accept(ID)
      assert.equal("auth", err.kind)
      assert.matches("not tried again for %d s", err.message)
      assert.is_true(err.retry_after > 0 and err.retry_after <= wait)
      assert.equal(before + 1, #server.requests)
      world.time = world.time + wait
    end
    token = GRANT
    assert(client.entities.list())
  end)

  it("never quotes what a login was answered", function()
    for _, body in ipairs { '{"access_token":"leaked-token', "leaked-token",
      "<html>leaked-token", '{"access_token":["leaked-token"]}' } do
      token = { body = body }
      local _, err = client.entities.list()
      assert.is_nil((tostring(err) .. err:report()):find("leaked-token", 1,
        true), body)
      world.time = world.time + 60
    end
  end)

  it("takes no token out of an answer that was cut behind it", function()
    for _, body in ipairs { '{"access_token":"leaked-token"',
      '{"access_token":"leaked-token","expires_in":35',
      '{"access_token":null}' } do
      token = { body = body }
      local _, err = client.connections.accept(ID)
      assert.equal("protocol", err.kind)
      assert.equal("not_done", err.outcome)
      assert.equal(0, count("/v1/entity-connections/" .. ID ..
        "/accept"))
      world.time = world.time + 60
    end
  end)

  it("knows of a scope without end that it covers several", function()
    token = { body = { access_token = "granted-token", expires_in = 3599,
      scope = ("entity.e-1 "):rep(1000) } }
    local _, err = client.entities.list()
    assert.equal("argument", err.kind)
    assert.equal("zuora_entity_ids", err.parameter)
  end)

  it("asks which entity is meant when its token covers several", function()
    token = { body = { access_token = "granted-token", expires_in = 3599,
      scope = "entity.e-1 tenant.1 entity.e-2" } }
    local _, err = client.entities.list()
    assert.equal("argument", err.kind)
    assert.equal("zuora_entity_ids", err.parameter)
    assert.matches("e%-1, e%-2", err.message)
    assert.equal(0, count "/v1/entities")
    assert(client.entities.list { zuora_entity_ids = "e-1" })
  end)

  it("sends no login for a call whose time the store took", function()
    local shared, slow = {}, true
    local function wait_for()
      world.time = world.time + (slow and 30 or 0)
    end
    open { access_token = false, client_id = "id-id", client_secret = "a+b/c=",
      store = {
        get = wait_for,
        set = function(_, key)
          shared[#shared + 1] = key
          return true
        end,
        add = function() return true end,
        delete = function() return true end,
      } }
    local _, err = client.connections.accept(ID, { timeout = 20 })
    assert.equal("timeout", err.kind)
    assert.equal("not_done", err.outcome)
    assert.equal(0, #server.requests)
    assert.same({}, shared)
    slow = false
    assert(client.entities.list())
  end)

  -- Another process took the lock and is gone: it stays for its lease.
  local function behind_a_lock(until_when, options)
    token = GRANT
    answers {}
    options.client_id, options.client_secret = "some-client", "some-secret"
    options.access_token = false
    options.store = {
      get = function() end,
      set = function() return true end,
      add = function() return world.time >= until_when end,
      delete = function() return true end,
    }
    options.wait = function(engine, pending)
      if pending.due then
        world.time = math.max(world.time, pending.due)
      end
      return world.wait(engine, pending)
    end
    return open(options)
  end

  it("outlasts the lock of one that is gone", function()
    behind_a_lock(30.01, {})
    assert(client.entities.list())
    assert.equal(1, count "/oauth/token")
    -- It has the lock now: nobody may take it while it fetches.
    assert.is_true(world.limits[1] > 29 and world.limits[1] <= 30)
  end)

  it("waits for a lock no longer than the call may take", function()
    for _, timeout in ipairs { 20, 0.06 } do
      world.time = 0
      behind_a_lock(30.01, { timeout = timeout })
      local _, err = client.entities.list()
      assert.equal("timeout", err.kind)
      assert.near(timeout, world.time, 1e-6)
      assert.equal(0, count "/oauth/token")
    end
  end)
end)
