-- A client: what it has, misuse of its calls, its end, its answers.
local core = require "zuora.core"
local servers = require "spec.support.server"
local worlds = require "spec.support.world"
local zuora = require "zuora"

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

describe("a client", function()
  it("has a function for each operation that is not internal", function()
    open()
    for _, operation in ipairs(core.operations) do
      local group, verb = operation.name:match "^(.+)%.(.+)$"
      if group then
        local there = client[group] and client[group][verb]
        assert.equal(operation.internal and "nil" or "function", type(there),
          operation.name)
        if operation.items then
          assert.equal("function", type(client[group].each))
          assert.equal("function", type(client[group].all))
        end
      end
    end
    assert.is_nil(client.oauth)
    assert.is_nil(client.entities.all)
  end)

  it("does no I/O when it is made and when it ends", function()
    open { client_id = "id-id", client_secret = "secret", access_token = false }
    client:close()
    server:step()
    assert.equal(0, #server.requests)
  end)

  it("tells where it leads", function()
    open { base_url = server.url .. "/prefix/" }
    assert.matches("^zuora client %(http://127%.0%.0%.1:%d+/prefix/?%)$",
      tostring(client))
    client:close()
    assert.equal("zuora client (closed)", tostring(client))
  end)

  it("has no field that leads to its secrets", function()
    open()
    for name, value in pairs(client) do
      assert.equal("table", type(value), name)
      for _, inner in pairs(value) do
        assert.equal("function", type(inner), name)
      end
    end
  end)

  it("keeps a path prefix", function()
    open { base_url = server.url .. "/prefix" }
    assert(client.entities.list())
    assert.equal("/prefix/v1/entities", server.requests[1].target)
  end)

  it("has defaults that a call overrides, one of a kind", function()
    open { zuora_entity_ids = "e-1" }
    assert(client.entities.list())
    assert(client.entities.list { zuora_entity_ids = "e-2" })
    assert(client.entities.list { entity_name = "Acme" })
    local function named(i)
      local headers = server.requests[i].headers
      return ("%s %s"):format(tostring(headers["zuora-entity-ids"]),
        tostring(headers.entityname))
    end
    assert.equal("e-1 nil", named(1))
    assert.equal("e-2 nil", named(2))
    assert.equal("nil Acme", named(3))
  end)

  it("passes unknown fields and statuses through", function()
    server:script { { body = '{"success":true,"new":{"a":[1,"x"]},' ..
      '"status":"Denied"}' } }
    local result = assert(open().entities.get("x"))
    assert.equal("Denied", result.status)
    assert.equal("x", result.new.a[2])
    assert.equal(200, result.meta.status)
    for name in pairs(result) do
      assert.are_not.equal("meta", name)
    end
  end)

  it("takes an empty answer with a good status for a success", function()
    server:script { { status = 204, headers = { ["Content-Length"] = "0" } } }
    assert.equal(204, assert(open():request { method = "DELETE",
      path = "/v1/x" }).meta.status)
  end)
end)

describe("misuse", function()
  before_each(function()
    open()
  end)

  -- Whatever is raised has to name the line of this file that made it.
  local function raised(call, what)
    local ok, message = pcall(call)
    assert.is_false(ok)
    local line = debug.getinfo(call, "S").linedefined
    assert.matches("client_spec.lua:" .. line .. ": ", message)
    assert.is_truthy(message:find(what, 1, true), message)
    assert.equal(0, #server.requests)
  end

  it("is raised at the caller's line, with the nearest name", function()
    raised(function() local _ = client.connections.list { pagesize = 1 } end,
      "connections.list: pagesize is not an option (did you mean page_size?)")
    raised(function() local _ = client.connections.each { pagesize = 1 } end,
      "(did you mean page_size?)")
    raised(function() local _ = client.connections.all { pagesize = 1 } end,
      "(did you mean page_size?)")
    raised(function() local _ = client:request { paht = "/v1/x" } end,
      "request: paht is not an option (did you mean path?)")
    raised(function() local _ = client.entities.list { qwertz = 1 } end,
      "entities.list: qwertz is not an option")
  end)

  it("is a colon in the place of a dot, and the other way round", function()
    local connections = client.connections
    for verb in pairs { list = 1, each = 1, all = 1, accept = 1 } do
      raised(function() local _ = connections[verb](connections, {}) end,
        "is called with a dot, not with a colon")
    end
    for _, verb in ipairs { "request", "map", "cancel", "close" } do
      raised(function() local _ = client[verb] { path = "/v1/x" } end,
        "client:" .. verb .. " is called with a colon, not with a dot")
    end
  end)

  it("is a missing argument or a wrong type", function()
    raised(function() local _ = client.connections.accept() end,
      "connections.accept: connection_id ")
    raised(function() local _ = client.connections.accept(5) end,
      "connection_id must be a string, not a number")
    raised(function() local _ = client.connections.accept(ID, "x") end,
      "connections.accept: ")
    raised(function() local _ = client.connections.initiate(ID, 5) end,
      "connections.initiate: ")
    raised(function() local _ = client.entities.list { page = 1 } end,
      "page is not an option")
    raised(function() local _ = client.connections.list { page = "1" } end,
      "page must be a number, not a string")
    raised(function() local _ = client.connections.list { true } end,
      "connections.list: ")
    raised(function() local _ = client.connections.all { max = "1" } end,
      "max must be a number")
    raised(function() local _ = client:request() end, "request: ")
    raised(function() local _ = client:request { path = 5 } end,
      "path must be a string")
    raised(function() local _ = client:request {} end, "path ")
    raised(function() local _ = client.entities.list { timeout = "1" } end,
      "timeout must be a number")
    raised(function() local _ = client.entities.list { settle = 1 } end,
      "settle must be a boolean")
  end)

  -- A part of the library would see what comes from a metatable, another not:
  -- of two the one that lets a change be sent.
  it("is a metatable, from which options would come", function()
    local defaults = { dry_run = true, headers = { ["X-A"] = "1" } }
    local function plain()
      return setmetatable({}, { __index = defaults })
    end
    local connections = client.connections
    local what = "options must be a plain table, without a metatable"
    for _, timeout in ipairs { 5, false } do
      local options = plain()
      options.timeout = timeout or nil
      raised(function() local _ = connections.disconnect(ID, options) end,
        "connections.disconnect: " .. what)
      raised(function() local _ = connections.initiate(ID, options) end,
        "connections.initiate: " .. what)
      raised(function() local _ = connections.list(options) end, what)
      raised(function() local _ = connections.each(options) end, what)
      raised(function() local _ = connections.all(options) end, what)
    end
    local request = plain()
    request.path, request.method = "/v1/x", "PUT"
    raised(function() local _ = client:request(request) end, what)
    request.body = {}
    raised(function() local _ = client:request(request) end, what)
    raised(function() local _ = client:request { path = "/v1/x",
      headers = setmetatable({}, { __index = { ["X-A"] = "1" } }) } end,
      "headers must be a plain table, without a metatable")
    raised(function() local _ = client:map({}, print, plain()) end,
      "client:map: " .. what)
  end)

  it("is no table of options", function()
    raised(function() local _ = client.connections.each "x" end,
      "connections.list: options must be a table, not a string")
    raised(function() local _ = client.connections.all(5) end,
      "connections.list: options must be a table, not a number")
  end)

  it("is a call of a closed client", function()
    client:close()
    raised(function() local _ = client.entities.list() end,
      "the client is closed")
    raised(function() local _ = client.connections.accept(ID) end,
      "connections.accept: the client is closed")
    raised(function() local _ = client.connections.each {} end,
      "the client is closed")
    raised(function() local _ = client:request { path = "/v1/x" } end,
      "the client is closed")
  end)

  it("is no value that breaks a rule: that comes back", function()
    for parameter, options in pairs { page_size = { page_size = 301 },
      page = { page = 1 }, type = { type = "both" },
      zuora_track_id = { zuora_track_id = "a:b" },
      timeout = { timeout = 1e9 }, max_attempts = { max_attempts = 1.5 } } do
      local result, err = client.connections.list(options)
      assert.is_nil(result)
      assert.equal("argument", err.kind)
      assert.equal(parameter, err.parameter)
      assert.matches("^connections%.list: .*; nothing was sent", tostring(err))
    end
  end)

  it("is no body that cannot be written as JSON: that comes back", function()
    local _, err = client:request { method = "POST", path = "/v1/x",
      body = { f = print } }
    assert.equal("argument", err.kind)
    assert.equal("body", err.parameter)
  end)
end)

describe("the end of a client", function()
  it("may come twice", function()
    open()
    client:close()
    client:close()
  end)

  it("comes with the scope on 5.4, and with the collector", function()
    open()
    local metatable = getmetatable(client)
    assert.equal("function", type(metatable.__close))
    metatable.__close(client)
    assert.equal("zuora client (closed)", tostring(client))
    local forgotten = setmetatable({}, { __mode = "k" })
    forgotten[world:client()] = true
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(forgotten))
  end)

  it("comes in the middle of a call as an error of it", function()
    server:script({}, "hang")
    open { wait = function(engine, exchange)
      while not exchange:done() and #server.requests == 0 do
        server:step()
        engine:step(0.005)
      end
      client:close()
    end }
    local _, err = client.connections.accept(ID)
    assert.equal("cancelled", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, err.attempts)
  end)

  it("comes before the call was sent, and then nothing was done", function()
    open { wait = function()
      client:close()
    end }
    local _, err = client.connections.accept(ID)
    assert.equal("cancelled", err.kind)
    assert.equal("not_done", err.outcome)
  end)

  it("is not needed to cancel what is in flight", function()
    server:script({}, "hang")
    local cancelled = 0
    open { wait = function(engine, exchange)
      while not exchange:done() do
        server:step()
        engine:step(0.005)
        if #server.requests > cancelled then
          cancelled = cancelled + 1
          client:cancel()
        end
      end
    end }
    local _, err = client.entities.list()
    assert.equal("cancelled", err.kind)
    assert.equal(1, err.attempts)
    server:script({}, { body = { success = true } })
    cancelled = math.huge
    assert(client.entities.list())
    client:close()
    client:cancel() -- there is nothing
  end)
end)

describe("an answer", function()
  -- Codes that no integer holds, and others that are no codes.
  it("may have any number or text for a code", function()
    open()
    for _, code in ipairs { "1e400", "-1e400", "1e300", "-1", "0.5", '"nan"',
      '"inf"', '"0x10"', '"1e400"', '"-nan"', '""' } do
      server:script({}, { body = '{"success":false,"reasons":[{"code":' ..
        code .. ',"message":"a"}]}' })
      local result, err = client.connections.accept(ID)
      assert.is_nil(result, code)
      assert.equal("api", err.kind, code)
      assert.equal("not_done", err.outcome, code)
      assert.equal("string", type(tostring(err) .. err:report()))
      local category = err.category
      assert.is_true(category == nil or category >= 0 and category < 100)
    end
  end)

  it("cannot break the line of its error", function()
    open()
    server:script({}, { body = '{"success":false,"processId":"a\\nb",' ..
      '"reasons":[{"code":"x\\r\\ny"}]}' })
    local _, err = client.connections.accept(ID)
    assert.is_nil(tostring(err):find "[\r\n]")
  end)

  it("is recognised as an error of this library", function()
    open()
    server:script({}, 400)
    assert.is_true(zuora.is_error(select(2, client.entities.list())))
  end)
end)
