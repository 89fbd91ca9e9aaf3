-- What keeps a call from being made: read_only, dry_run, confirm.
local cjson = require "cjson"
local servers = require "spec.support.server"
local worlds = require "spec.support.world"

local ID = "8a808255575bdae401576a914a140420"
local TARGET = "8a80825556ff28a4015708ba29312ecc"
local SECRET = "secret+/=secret"

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

describe("read_only", function()
  before_each(function()
    open { read_only = true }
  end)

  local function refused(result, err)
    assert.is_nil(result)
    assert.equal("argument", err.kind)
    assert.equal("read_only", err.parameter)
    assert.equal("not_done", err.outcome)
    assert.is_false(err.retryable)
    assert.equal(0, #server.requests)
  end

  it("forbids every operation that changes something", function()
    refused(client.connections.initiate(TARGET))
    for _, verb in ipairs { "accept", "deny", "disconnect" } do
      refused(client.connections[verb](ID))
    end
  end)

  it("forbids free requests of every method but GET", function()
    for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE" } do
      refused(client:request { method = method, path = "/v1/x" })
    end
  end)

  it("lets be read", function()
    assert(client.entities.list())
    assert(client:request { path = "/v1/x" })
    assert(client:request { method = "GET", path = "/v1/x" })
    assert.equal(3, #server.requests)
  end)

  it("is no way around misuse: that is raised", function()
    assert.has_error(function()
      client.entities.list { page_sice = 1 }
    end)
  end)
end)

describe("confirm", function()
  local asked, answer

  before_each(function()
    asked = {}
    open { confirm = function(name, arguments)
      asked[#asked + 1] = { name, arguments[1] }
      if type(answer) == "function" then
        return answer()
      end
      return answer
    end }
  end)

  it("is asked before what cannot be undone, and lets it be", function()
    answer = true
    assert(client.connections.disconnect(ID))
    assert.same({ { "connections.disconnect", ID } }, asked)
    assert.equal(1, #server.requests)
  end)

  it("is not asked before anything else", function()
    answer = false
    assert(client.connections.accept(ID))
    assert(client.connections.deny(ID))
    assert(client.connections.initiate(TARGET))
    assert(client.entities.list())
    assert.equal(0, #asked)
  end)

  it("forbids with everything but true", function()
    for _, no in ipairs { false, 1, "yes", {} } do
      answer = no
      local result, err = client.connections.disconnect(ID)
      assert.is_nil(result)
      assert.equal("cancelled", err.kind)
      assert.equal("not_done", err.outcome)
      assert.equal("connections.disconnect", err.operation)
      assert.equal("connections.disconnect: the confirm function refused it" ..
        " (outcome not done); nothing was sent", tostring(err))
    end
    answer = nil
    assert.is_nil((client.connections.disconnect(ID)))
    assert.equal(0, #server.requests)
  end)

  it("forbids when it raises, and says what", function()
    answer = function()
      error("nobody\nis there", 0)
    end
    local _, err = client.connections.disconnect(ID)
    assert.equal("cancelled", err.kind)
    assert.equal("the confirm function refused it: nobody is there",
      err.message)
    answer = function()
      error(setmetatable({}, { __tostring = function()
        error "and this, too"
      end }))
    end
    assert.is_nil((client.connections.disconnect(ID)))
    assert.equal(0, #server.requests)
  end)

  it("cannot tell a secret by what it raises", function()
    answer = function()
      error("tokentokentoken", 0)
    end
    local _, err = client.connections.disconnect(ID)
    assert.is_nil(tostring(err):find("tokentokentoken", 1, true))
  end)

  local PATH = "/v1/entity-connections/" .. ID .. "/disconnect"

  it("is asked before a free request that is the same call", function()
    answer = false
    for _, path in ipairs { PATH, PATH .. "/", PATH .. "?a=b",
      PATH .. "/?a=b", server.url .. PATH } do
      local result, err = client:request { method = "PUT", path = path }
      assert.is_nil(result, path)
      assert.equal("cancelled", err.kind)
      assert.equal("request", err.operation)
    end
    assert.equal(5, #asked)
    assert.equal(0, #server.requests)
  end)

  it("is asked however the path is written", function()
    answer = false
    for _, path in ipairs {
      "/v1/entity-connections/" .. ID .. "/%64isconnect",
      "/v1/entity%2Dconnections/" .. ID .. "/disconnect",
      "/v1//entity-connections/" .. ID .. "/disconnect",
      PATH .. "//", PATH .. ";a=b", PATH .. "#x",
    } do
      client:request { method = "PUT", path = path }
      assert.equal(0, #server.requests, path)
    end
  end)

  it("is not asked before free requests of other paths or methods", function()
    answer = false
    assert(client:request { method = "PUT", path =
      "/v1/entity-connections/" .. ID .. "/accept" })
    assert(client:request { method = "GET", path = PATH })
    assert(client:request { method = "PUT", path = "/v1/x/disconnect" })
    assert.equal(0, #asked)
    assert.equal(3, #server.requests)
  end)
end)

describe("dry_run", function()
  it("opens no socket, not even to log in", function()
    open { dry_run = true, base_url = servers.nobody(), access_token = false,
      client_id = "id-id-id", client_secret = SECRET }
    assert.equal("PUT", assert(client.connections.accept(ID)).method)
    assert.same({}, world.delays)
    assert.equal(0, #server.requests)
  end)

  it("shows the finished request", function()
    open { zuora_entity_ids = "e-1" }
    local made = assert(client.connections.initiate(TARGET, { dry_run = true,
      zuora_track_id = "t-1" }))
    assert.equal("POST", made.method)
    assert.equal(server.url .. "/v1/entity-connections", made.url)
    assert.same({ targetEntityId = TARGET }, cjson.decode(made.body))
    local headers = "\n" .. table.concat(made.headers, "\n") .. "\n"
    for _, line in ipairs { "Accept: application/json", "Zuora-Track-Id: t-1",
      "Zuora-Entity-Ids: e-1", "Idempotency-Key: uuid-1",
      "Content-Type: application/json", "Authorization: Bearer ****" } do
      assert.is_truthy(headers:find("\n" .. line .. "\n", 1, true), line)
    end
    assert.equal(0, #server.requests)
  end)

  it("shows what is then sent", function()
    open()
    local query = { b = "x y&z", a = "ä" }
    local made = assert(client:request { path = "/v1/x", query = query,
      headers = { ["X-A"] = "1" }, dry_run = true })
    assert(client:request { path = "/v1/x", query = query,
      headers = { ["X-A"] = "1" } })
    local sent = server.requests[1]
    local function sorted(url)
      local list = {}
      for pair in url:match("%?(.*)"):gmatch "[^&]+" do
        list[#list + 1] = pair
      end
      table.sort(list)
      return table.concat(list, "&")
    end
    assert.equal(sorted(sent.target), sorted(made.url))
    for _, line in ipairs(made.headers) do
      local name, value = line:match "^([^:]+): (.*)$"
      if name ~= "Authorization" then
        assert.equal(value, sent.headers[name:lower()], name)
      end
    end
  end)

  it("of a client may be undone by a call, and the other way round",
    function()
      open { dry_run = true }
      assert.is_true(assert(client.entities.list { dry_run = false }).success)
      assert.equal(1, #server.requests)
      assert.equal("GET", assert(client.entities.list()).method)
      assert.equal(1, #server.requests)
    end)

  it("shows the first page of a list, and has none to go through", function()
    open { dry_run = true }
    local made = assert(client.connections.all { type = "inbound" })
    assert.matches("pageSize=300", made.url)
    local ok, err = pcall(client.connections.each, {})
    assert.is_false(ok)
    assert.equal("argument", err.kind)
    assert.equal("dry_run", err.parameter)
    assert.equal(0, #server.requests)
  end)

  it("is no way around read_only and confirm", function()
    open { dry_run = true, read_only = true }
    assert.is_nil((client.connections.accept(ID)))
  end)

  it("masks whatever signs the call", function()
    local keys = { access_token = false, api_access_key_id = "login-name",
      api_secret_access_key = SECRET }
    open(keys)
    local function headers(made)
      return table.concat(made.headers, "\n")
    end
    local text = headers(assert(client.entities.list { dry_run = true }))
    assert.matches("apiAccessKeyId: %*%*%*%*\napiSecretAccessKey: %*%*%*%*",
      text)
    assert.is_nil(text:find(SECRET, 1, true))
    text = headers(assert(client.session.establish(nil, nil, {
      dry_run = true })))
    assert.is_nil(text:find(SECRET, 1, true))
    assert.is_nil(text:find("login-name", 1, true))
    text = headers(assert(client.session.establish("other", "otherother", {
      dry_run = true })))
    assert.is_nil(text:find("other", 1, true))
    keys.session = true
    client:close()
    open(keys)
    assert.matches("Cookie: ZSession=%*%*%*%*",
      headers(assert(client.entities.list { dry_run = true })))
  end)

  it("masks a secret wherever the caller put it", function()
    open { access_token = SECRET }
    local made = assert(client:request { method = "POST", path = "/v1/x",
      query = { q = SECRET }, headers = { ["X-A"] = SECRET },
      body = '{"secret":"' .. SECRET .. '"}', dry_run = true })
    local all = made.url .. table.concat(made.headers, "\n") .. made.body
    for _, form in ipairs { SECRET, "secret%2B%2F%3Dsecret" } do
      assert.is_nil(all:find(form, 1, true), form)
    end
  end)

  -- cjson writes a slash with a backslash before it.
  it("masks a secret with a slash in a body that is a table", function()
    open { access_token = SECRET }
    local made = assert(client:request { method = "POST", path = "/v1/x",
      body = { secret = SECRET }, dry_run = true })
    assert.is_nil(made.body:find("secret+\\/=secret", 1, true))
  end)
end)
