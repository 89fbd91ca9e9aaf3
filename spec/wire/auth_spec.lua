-- The four ways to sign, against a server that checks them.
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

describe("OAuth", function()
  before_each(function()
    sandbox.reset()
  end)

  it("fetches the token at the first call and keeps it", function()
    local client = sandbox.client()
    assert.equal(0, sandbox.count "oauth.token")
    for _ = 1, 3 do
      assert(client.connections.list())
    end
    assert.equal(1, sandbox.count "oauth.token")
    assert.matches("^Bearer %x+$",
      sandbox.last("connections.list").headers.authorization)
    client:close()
  end)

  it("renews once on a 401 and sends the call once more", function()
    local client = sandbox.client()
    assert(client.connections.list())
    sandbox.advance(4000)
    local result = assert(client.connections.list())
    assert.equal(2, result.meta.attempts)
    assert.equal(2, sandbox.count "oauth.token")
    assert.equal(3, sandbox.count "connections.list")
    client:close()
  end)

  it("gives up when the fresh token is refused as well", function()
    local client = sandbox.client()
    sandbox.fault { match = { operation = "connections.accept", times = 0 },
      kind = "status", status = 401, body = "json" }
    local result, err = client.connections.accept("x")
    assert.is_nil(result)
    assert.equal("auth", err.kind)
    assert.equal("not_done", err.outcome)
    assert.equal(2, err.attempts)
    assert.equal(2, sandbox.count "connections.accept")
    assert.equal(2, sandbox.count "oauth.token")
    client:close()
  end)

  it("says so when the OAuth client is refused", function()
    local client = assert(zuora.new(sandbox.options {
      client_id = "00000000-0000-0000-0000-000000000000",
      client_secret = "wrong-secret-of-the-client",
    }))
    local result, err = client.connections.accept("x")
    assert.is_nil(result)
    assert.equal("auth", err.kind)
    assert.equal("connections.accept", err.operation)
    assert.equal("not_done", err.outcome)
    assert.matches("^oauth.token failed: ", err.message)
    assert.equal(0, sandbox.count "connections.accept")
    assert.is_nil(tostring(err):find("wrong-secret", 1, true))
    client:close()
  end)

  it("reports what kept it from the token", function()
    local client = sandbox.client()
    sandbox.fault { match = { operation = "oauth.token" }, kind = "reset" }
    local _, err = client.connections.accept("x")
    assert.equal("network", err.kind)
    assert.equal("not_done", err.outcome)
    client:close()
  end)

  it("does not quote a cut answer that may hold a token", function()
    local client = sandbox.client()
    sandbox.fault { match = { operation = "oauth.token" },
      kind = "wrong_json" }
    local _, err = client.connections.list()
    assert.equal("protocol", err.kind)
    assert.is_nil(tostring(err):find("access_token", 1, true))
    client:close()
  end)

  it("refuses to guess the entity when the token covers several", function()
    local client = assert(zuora.new {
      base_url = os.getenv "ZUORA_BASE_URL",
      ca_file = os.getenv "ZUORA_CA_FILE",
      client_id = os.getenv "ZUORA_CLIENT_ID",
      client_secret = os.getenv "ZUORA_CLIENT_SECRET",
    })
    local result, err = client.connections.disconnect("x")
    assert.is_nil(result)
    assert.equal("argument", err.kind)
    assert.equal("zuora_entity_ids", err.parameter)
    assert.equal("not_done", err.outcome)
    assert.equal(0, sandbox.count "connections.disconnect")
    assert(client.connections.list { zuora_entity_ids = sandbox.us })
    client:close()
  end)
end)

describe("a given token", function()
  local function fetch_token()
    local client = sandbox.client()
    assert(client.connections.list())
    local token = sandbox.last("connections.list").headers.authorization
    client:close()
    return token:match "^Bearer (.+)$"
  end

  before_each(function()
    sandbox.reset()
  end)

  it("may be a string, which is not renewed", function()
    local client = assert(zuora.new(sandbox.options {
      access_token = fetch_token() }))
    assert(client.connections.list())
    sandbox.advance(4000)
    local _, err = client.connections.list()
    assert.equal("auth", err.kind)
    assert.equal(1, err.attempts)
    client:close()
  end)

  it("may come from a function, told when it was refused", function()
    local good, seen = fetch_token(), {}
    local client = assert(zuora.new(sandbox.options {
      access_token = function(refused)
        seen[#seen + 1] = refused
        return refused and good or "stale"
      end,
    }))
    local result = assert(client.connections.list())
    assert.equal(2, result.meta.attempts)
    assert.same({ false, true }, seen)
    client:close()
  end)
end)

describe("the two key headers", function()
  it("go with each call", function()
    sandbox.reset()
    local client = sandbox.user()
    assert(client.connections.list())
    local headers = sandbox.last("connections.list").headers
    assert.equal(os.getenv "ZUORA_API_ACCESS_KEY_ID", headers.apiaccesskeyid)
    assert.equal(os.getenv "ZUORA_API_SECRET_ACCESS_KEY",
      headers.apisecretaccesskey)
    assert.is_nil(headers.authorization)
    client:close()
  end)
end)

describe("the session", function()
  before_each(function()
    sandbox.reset()
  end)

  it("is established at first use, and its cookie is followed", function()
    local client = sandbox.user { session = true }
    assert.equal(0, sandbox.count "session.establish")
    for _ = 1, 3 do
      assert(client.connections.list())
    end
    assert.equal(1, sandbox.count "session.establish")
    local cookies = {}
    for _, entry in ipairs(sandbox.journal()) do
      if entry.operation == "connections.list" then
        assert.is_nil(entry.headers.apisecretaccesskey)
        cookies[entry.headers.cookie] = true
      end
    end
    local different = 0
    for cookie in pairs(cookies) do
      assert.matches("^ZSession=[%w_-]+$", cookie)
      different = different + 1
    end
    assert.equal(3, different)
    client:close()
  end)

  it("is established anew once when it has ended", function()
    local client = sandbox.user { session = true }
    assert(client.connections.list())
    sandbox.advance(9 * 3600)
    local result = assert(client.connections.list())
    assert.equal(2, result.meta.attempts)
    assert.equal(2, sandbox.count "session.establish")
    client:close()
  end)

  it("says so when the password is wrong", function()
    local client = assert(zuora.new(sandbox.options {
      api_access_key_id = os.getenv "ZUORA_API_ACCESS_KEY_ID",
      api_secret_access_key = "not-the-password",
      session = true,
    }))
    local _, err = client.connections.list()
    assert.equal("auth", err.kind)
    assert.equal(90000011, err.code)
    assert.equal(11, err.category)
    assert.matches("^session.establish failed: ", err.message)
    local _, direct = client.session.establish()
    assert.equal("auth", direct.kind)
    assert.equal("session.establish", direct.operation)
    client:close()
  end)

  local ID, SECRET = os.getenv "ZUORA_API_ACCESS_KEY_ID",
    os.getenv "ZUORA_API_SECRET_ACCESS_KEY"

  -- The id of the session that the client has: what follows rolls.
  local function session_of(client)
    assert(client.entities.list())
    return sandbox.last("entities.list").headers.cookie:sub(1, 41)
  end

  it("is renewed by hand where nothing else is named", function()
    local client = sandbox.user { session = true }
    local first = session_of(client)
    for _, options in ipairs { false, {}, { zuora_track_id = "x" } } do
      assert(client.session.establish(nil, nil, options or nil))
      local second = session_of(client)
      assert.are_not.equal(first, second)
      first = second
    end
    client:close()
  end)

  it("stays as it is where another is established by hand", function()
    local store = require("zuora.stores.memory").new()
    local client = sandbox.user { session = true, store = store }
    local own = session_of(client)
    for _, call in ipairs {
      { nil, nil, { zuora_entity_ids = sandbox.us } },
      { nil, nil, { entity_id = sandbox.us } },
      { nil, nil, { entity_name = "Acme US" } },
      { ID, SECRET }, { ID }, { nil, SECRET },
    } do
      assert(client.session.establish(call[1], call[2], call[3]))
      assert.equal(own, session_of(client))
    end
    client:close()
    local sharing = sandbox.user { session = true, store = store }
    assert.equal(own, session_of(sharing))
    sharing:close()
  end)

  it("of others is none of a client that has none yet", function()
    local client = sandbox.user { session = true }
    assert(client.session.establish(ID, SECRET))
    assert(client.entities.list())
    assert.equal(2, sandbox.count "session.establish")
    client:close()
  end)

  it("can be established by hand, also for others", function()
    local client = sandbox.client()
    local result = assert(client.session.establish(
      os.getenv "ZUORA_API_ACCESS_KEY_ID",
      os.getenv "ZUORA_API_SECRET_ACCESS_KEY"))
    assert.is_true(result.success)
    client:close()
  end)
end)
