-- The calls themselves: a life of a connection, what comes with each answer.
local json = require "zuora.json"
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local function status_of(client, id)
  for connection in client.connections.each {} do
    if connection.id == id then
      return connection.status
    end
  end
end

describe("connections", function()
  local client

  before_each(function()
    sandbox.reset()
    client = sandbox.client()
  end)

  after_each(function()
    client:close()
  end)

  it("are initiated, accepted and disconnected", function()
    local target
    local taken = {}
    for c in client.connections.each {} do
      taken[c.targetEntityId], taken[c.sourceEntityId] = true, true
    end
    for _, entity in ipairs(assert(client.entities.list {
      provisioned = true }).entities) do
      target = target or not taken[entity.id] and entity.id
    end
    local made = assert(client.connections.initiate(target or sandbox.us))
    assert.equal("Pending", status_of(client, made.id))
    local _, err = client.connections.accept(made.id)
    assert.equal("api", err.kind)
    assert(client.connections.accept(made.id, {
      zuora_entity_ids = target or sandbox.us }))
    assert.equal("Connected", status_of(client, made.id))
    assert(client.connections.disconnect(made.id))
    assert.equal("Disconnected", status_of(client, made.id))
  end)

  it("are denied by their target", function()
    local id = sandbox.pending(client)
    assert(client.connections.deny(id))
    assert.not_equal("Pending", status_of(client, id))
    local _, err = client.connections.accept(id)
    assert.equal("api", err.kind)
    assert.equal("not_done", err.outcome)
  end)

  it("tell with each answer what support asks for", function()
    local result = assert(client.connections.list { zuora_track_id = "t 1" })
    local meta = result.meta
    assert.equal(200, meta.status)
    assert.equal(36, #meta.zuora_request_id)
    assert.equal("t 1", meta.zuora_track_id)
    assert.equal(1, meta.attempts)
    assert.is_true(meta.seconds > 0)
    assert.equal("number", type(meta.rate_limit.limit))
    assert.equal("number", type(meta.rate_limit.remaining))
    assert.equal(60, meta.rate_limit.windows[1].seconds)
    assert.equal("Default", meta.concurrency_limit.type)
    for key in pairs(result) do
      assert.not_equal("meta", key)
    end
    assert.is_nil(json.encode(result):find("zuora_request_id", 1, true))
  end)

  it("are made once for one idempotency key", function()
    local key = { idempotency_key = "0b5e7e0e-key" }
    local state = sandbox.state()
    local target = sandbox.pending(client) and sandbox.us
    local first, err = client.connections.initiate(target, key)
    local second, again = client.connections.initiate(target, key)
    assert.is_truthy(state)
    if first then
      assert.equal(first.id, second.id)
    else
      assert.equal(err.code, again.code)
    end
  end)

  it("refuse a key where none is taken, before sending", function()
    local _, err = client:request { method = "PUT", path = "/v1/x",
      idempotency_key = "k" }
    assert.equal("argument", err.kind)
    assert.equal("idempotency_key", err.parameter)
  end)

  it("share one connection to the server", function()
    local serials = {}
    for _ = 1, 5 do
      assert(client.connections.list())
    end
    for _, entry in ipairs(sandbox.journal()) do
      serials[entry.connection] = true
    end
    local first = next(serials)
    assert.is_nil(next(serials, first))
  end)

  it("take HTTP/2 where it is offered", function()
    assert(client.connections.list())
    assert.equal("HTTP/2.0", sandbox.last("connections.list").protocol)
  end)
end)

describe("entities", function()
  it("are listed and got", function()
    sandbox.reset()
    local client = sandbox.client()
    local all = assert(client.entities.list()).entities
    local used = assert(client.entities.list { provisioned = true }).entities
    local unused = assert(client.entities.list { provisioned = false }).entities
    assert.equal(#all, #used + #unused)
    assert.is_true(#unused > 0)
    local one = assert(client.entities.get(sandbox.us))
    assert.equal(sandbox.us, one.id)
    local _, err = client.entities.get("8a80825500000000000000000000none")
    assert.equal("api", err.kind)
    assert.equal(40, err.category)
    client:close()
  end)
end)

describe("any other call", function()
  local client

  before_each(function()
    sandbox.reset()
    client = sandbox.client()
  end)

  after_each(function()
    client:close()
  end)

  it("carries method, query, headers and body", function()
    local result = assert(client:request {
      method = "PATCH", path = "/v1/_echo/a%20b?x=1",
      query = { ["näme"] = "a&b=c d", n = 5, yes = true },
      headers = { ["Zuora-Version"] = "341.0" },
      body = { name = "Äcme \"x\"" },
      zuora_track_id = "t",
    })
    assert.equal("PATCH", result.method)
    assert.same({ name = "Äcme \"x\"" }, result.body)
    local seen = sandbox.last()
    assert.equal("341.0", seen.headers["zuora-version"])
    assert.equal("application/json", seen.headers["content-type"])
    assert.is_truthy(seen.target:find("^/v1/_echo/a%%20b%?x=1&"))
    assert.is_truthy(seen.target:find("n%C3%A4me=a%26b%3Dc%20d", 1, true))
    assert.is_truthy(seen.target:find("n=5", 1, true))
    assert.is_truthy(seen.target:find("yes=true", 1, true))
  end)

  it("is compressed when asked", function()
    local body = { text = ("zuora "):rep(2000) }
    local result = assert(client:request { method = "POST",
      path = "/v1/_echo/x", body = body, content_encoding = "gzip" })
    assert.same(body, result.body)
    assert.equal("gzip", sandbox.last().headers["content-encoding"])
    assert.is_true(tonumber(sandbox.last().headers["content-length"]) < 500)
  end)

  it("goes to the configured origin only", function()
    local base = os.getenv "ZUORA_BASE_URL"
    assert(client:request { path = base .. "/v1/entities" })
    for _, path in ipairs {
      "https://evil.example/v1/x", "http" .. base:sub(6) .. "/v1/x",
      base .. "@evil.example/v1/x", base .. "0/v1/x",
      base:gsub("127.0.0.1", "127.0.0.1.evil.example") .. "/x", "v1/x",
      "//evil.example/v1/x\\", "/v1/../oauth/token", "/v1/%2E%2e/x",
      "/v1/x#y", "/v1/a b", "/v1/\r\nHost: evil",
    } do
      local result, err = client:request { path = path }
      assert.is_nil(result, path)
      assert.equal("argument", err.kind, path)
      assert.equal("path", err.parameter, path)
    end
  end)

  it("may not set the headers that the library sets", function()
    for _, name in ipairs { "Authorization", "cookie", "HOST",
      "Content-Length", "Transfer-Encoding", "apiSecretAccessKey",
      "Zuora-Track-Id", "a b", "", "x\r\ny" } do
      local result, err = client:request { path = "/v1/_echo/x",
        headers = { [name] = "v" } }
      assert.is_nil(result, name)
      assert.equal("argument", err.kind, name)
      assert.equal("headers", err.parameter, name)
    end
    local _, err = client:request { path = "/v1/_echo/x",
      headers = { ["X-Y"] = "a\r\nAuthorization: b" } }
    assert.equal("argument", err.kind)
  end)

  it("understands every shape of error", function()
    local kinds = {
      rest = "api", rest_several = "api", login = "auth", bad_entity = "api",
      string_code = "rate_limit", word_code = "api", rate_limit = "rate_limit",
      concurrency = "rate_limit", message = "auth", user_info = "auth",
      unknown_fields = "api", no_token = "api", gateway_limit = "rate_limit",
      crud = "api", actions = "api", fault = "api", errors = "api",
      code_message = "api", error_message = "api", error_object = "api",
      gateway = "auth", deactivated = "api", html_503 = "http",
      html_400 = "http", html_403 = "http", html_414 = "http",
      html_200 = "protocol", text_500 = "http", empty_500 = "http",
    }
    local shapes = assert(client:request { path = "/v1/_shape/" })
    for _, name in ipairs(shapes.names) do
      -- A client for each: a 429 slows the next calls of its client down.
      local fresh = sandbox.bearer { max_attempts = 1 }
      local result, err = fresh:request { path = "/v1/_shape/" .. name }
      fresh:close()
      assert.is_nil(result, name)
      assert.equal(kinds[name], err.kind, name)
      assert.is_true(#err.message > 10, name)
      kinds[name] = nil
    end
    assert.is_nil((next(kinds)))
  end)
end)

describe("the default client", function()
  it("is made from the environment", function()
    sandbox.reset()
    assert(zuora.connections.list { type = "inbound" })
    assert.equal(zuora.connections, zuora.default().connections)
    assert.is_nil(zuora.nothing)
  end)
end)
