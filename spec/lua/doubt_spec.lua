-- The life of a change of which it is unknown what it did: what is looked at,
-- what is sent again, under which idempotency key.
local servers = require "spec.support.server"
local worlds = require "spec.support.world"

local ID = "8a808255575bdae401576a914a140420"
local TARGET = "8a80825556ff28a4015708ba29312ecc"

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

local function failure(code, status)
  return { status = status or 200, body = { success = false,
    reasons = { { code = code, message = "no" } } } }
end

local HTML = { headers = { ["Content-Type"] = "text/html" },
  body = "<html>Service Unavailable</html>" }

-- The methods of the requests, in order.
local function methods()
  local list = {}
  for i, request in ipairs(server.requests) do
    list[i] = request.method
  end
  return table.concat(list, " ")
end

-- Answers changes with these, in order, and readings with that list.
local function changes(answers, connections)
  local n = 0
  server:script({}, function(request)
    if request.method == "GET" then
      return connections and { body = { success = true,
        entityConnections = connections } } or 503
    end
    n = n + 1
    return answers[n] or answers[#answers]
  end)
end

local function connection(status)
  return { id = ID, sourceEntityId = "a", targetEntityId = TARGET,
    status = status }
end

describe("a change of which it is unknown what it did", function()
  -- Each answer takes three seconds, each page names another.
  local function slow_pages()
    server:script({}, function(request, number)
      local is_late = world.time >= 10
      world.time = world.time + 3
      return request.method ~= "GET" and "drop" or is_late and "hang" or {
        body = { success = true,
          entityConnections = { connection "Connected" },
          nextPage = server.url .. "/v1/entity-connections?page=" .. number },
      }
    end)
  end

  for _, options in ipairs { { timeout = 10 }, { deadline = 1800000010 } } do
    it("is read back within " .. next(options), function()
      slow_pages()
      local result, err = open().connections.disconnect(ID, options)
      assert.is_nil(result)
      assert.equal("unknown", err.outcome)
      assert.is_true(table.remove(world.limits, 5) < 0.01)
      assert.same({ 9, 7, 4, 1 }, world.limits)
    end)
  end

  it("is done where its connection shows it", function()
    for verb, status in pairs { accept = "Connected", deny = "Disconnected",
      disconnect = "Disconnected" } do
      for _, answer in ipairs { "drop", 500, failure(53100361), HTML } do
        changes({ answer }, { connection(status) })
        open()
        local result = assert(client.connections[verb](ID))
        assert.is_true(result.success)
        assert.equal(status, result.meta.settled)
        assert.equal("PUT GET", methods())
      end
    end
  end)

  it("is one whose answer does not say that it succeeded", function()
    for _, body in ipairs { "{}", "[]", '{"id":"x"}', '{"success":"true"}',
      '{"success":null}', '{"status":"Pending"}' } do
      for _, status in ipairs { 200, 202 } do
        local answer = { status = status, body = body }
        for verb, after in pairs { accept = "Connected", deny = "Denied",
          disconnect = "Disconnected" } do
          changes({ answer }, { connection(after) })
          open()
          local result = assert(client.connections[verb](ID))
          assert.is_true(result.success)
          assert.equal(after, result.meta.settled)
        end
        changes({ answer }, { connection "Pending" })
        local made = assert(open().connections.initiate(TARGET))
        assert.equal(ID, made.id)
        assert.equal("Pending", made.meta.settled)
        local _, err = client.connections.accept(ID, { settle = false })
        assert.equal("protocol", err.kind)
        assert.equal("unknown", err.outcome)
        assert.equal(status, err.status)
        assert.matches("without saying that it succeeded", err.message)
      end
    end
    changes({ { status = 204 } }, { connection "Connected" })
    assert.equal("Connected",
      assert(client.connections.accept(ID)).meta.settled)
  end)

  it("is none where what answers may be silent", function()
    server:script({}, { body = { id = ID } })
    open()
    assert(client.entities.list())
    assert(client:request { method = "PUT", path = "/v1/x", body = {} })
  end)

  it("is sent again where nothing has changed", function()
    changes({ "drop", 503, { body = { success = true } } },
      { connection "Pending" })
    open()
    local result = assert(client.connections.accept(ID))
    assert.equal(3, result.meta.attempts)
    assert.is_nil(result.meta.settled)
    assert.equal("PUT GET PUT GET PUT", methods())
    assert.same({ 0, 0, 1, 0, 2 }, world.delays)
  end)

  it("is not sent more often than max_attempts", function()
    changes({ "drop" }, { connection "Pending" })
    open { max_attempts = 2 }
    local _, err = client.connections.accept(ID)
    assert.equal("PUT GET PUT GET", methods())
    assert.equal("not_done", err.outcome)
    assert.equal(2, err.attempts)
  end)

  it("stays unknown where its connection shows something else", function()
    for _, list in ipairs { { connection "Disconnected" }, {},
      { connection "Denied" } } do
      changes({ 503 }, list)
      open()
      local _, err = client.connections.accept(ID)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.equal("PUT GET", methods())
      assert.matches("looking again showed: ", err.message)
      assert.is_truthy(err.message:find(list[1] and list[1].status or
        "not in the list", 1, true))
    end
  end)

  it("stays unknown where its connection cannot be read", function()
    changes({ "drop" }, nil)
    open()
    local _, err = client.connections.disconnect(ID)
    assert.equal("unknown", err.outcome)
    assert.matches("unknown: look before repeating", tostring(err))
    assert.equal(1, err.attempts)
  end)

  it("is not looked at with settle = false", function()
    changes({ "drop" }, { connection "Connected" })
    for _, options in ipairs { { settle = false }, {} } do
      open { settle = options.settle }
      local _, err = client.connections.accept(ID, { settle = false })
      assert.equal("unknown", err.outcome)
    end
    assert.equal("PUT PUT", methods())
  end)

  it("is looked at from the same entity", function()
    changes({ 500 }, { connection "Connected" })
    open()
    assert(client.connections.accept(ID, { zuora_entity_ids = "e-1",
      zuora_track_id = "t-1" }))
    assert.equal("e-1", server.requests[2].headers["zuora-entity-ids"])
    assert.equal("t-1", server.requests[2].headers["zuora-track-id"])
  end)

  it("is looked at within the same trace, and time of an attempt", function()
    changes({ 500 }, { connection "Connected" })
    open()
    local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
    assert(client.connections.accept(ID, { traceparent = trace,
      attempt_timeout = 5 }))
    assert.equal(trace, server.requests[2].headers.traceparent)
    assert.same({ 5, 5 }, world.limits)
  end)

  it("is looked at also where its client makes none but it", function()
    changes({ 500 }, { connection "Connected" })
    open { dry_run = true }
    local result = assert(client.connections.accept(ID, { dry_run = false }))
    assert.equal("Connected", result.meta.settled)
    assert.equal("PUT GET", methods())
  end)

  it("is found however its target's id is written", function()
    changes({ 500 }, { connection "Pending" })
    open()
    local result = assert(client.connections.initiate(TARGET:upper()))
    assert.equal(ID, result.id)
    assert.equal("POST GET", methods())
  end)

  it("cannot be looked at when it was a free request", function()
    changes({ "drop" }, { connection "Connected" })
    open()
    local _, err = client:request { method = "PUT", path = "/v1/x", body = {} }
    assert.equal("unknown", err.outcome)
    assert.equal("PUT", methods())
  end)
end)

describe("an idempotency key", function()
  local function keys()
    local list = {}
    for _, request in ipairs(server.requests) do
      list[#list + 1] = request.headers["idempotency-key"]
    end
    return table.concat(list, " ")
  end

  local GOOD = { body = { success = true, id = ID } }

  it("is made for each initiated connection", function()
    open()
    assert(client.connections.initiate(TARGET))
    assert(client.connections.initiate(TARGET))
    assert.equal("uuid-1 uuid-2", keys())
  end)

  it("is the caller's where there is one", function()
    open()
    assert(client.connections.initiate(TARGET, { idempotency_key = "K" }))
    assert.equal("K", keys())
  end)

  it("is not sent with other methods", function()
    open()
    assert(client.connections.accept(ID))
    assert(client.entities.list())
    assert.equal("", keys())
  end)

  it("does not change the caller's options", function()
    open()
    local options = { zuora_track_id = "t" }
    changes({ 503, GOOD }, {})
    assert(client.connections.initiate(TARGET, options))
    assert.same({ zuora_track_id = "t" }, options)
  end)

  it("stays the same when no answer came", function()
    changes({ "drop", "cut", GOOD }, {})
    open()
    assert.equal(ID, assert(client.connections.initiate(TARGET)).id)
    assert.equal("POST POST POST", methods())
    assert.equal("uuid-1 uuid-1 uuid-1", keys())
    assert.same({ 0, 1, 2 }, world.delays)
  end)

  it("stays the same while the first call is running", function()
    changes({ 409, 409, GOOD }, {})
    open()
    assert(client.connections.initiate(TARGET))
    assert.equal("uuid-1 uuid-1 uuid-1", keys())
    assert.same({ 0, 1, 2 }, world.delays)
  end)

  it("is a new one after a failure that was answered, and looked at",
    function()
      changes({ 503, GOOD }, {})
      open()
      assert(client.connections.initiate(TARGET))
      assert.equal("POST GET POST", methods())
      assert.equal("uuid-1 uuid-2", keys())
      assert.same({ 0, 0, 1 }, world.delays)
      assert.equal(server.requests[1].body, server.requests[3].body)
      assert.matches("type=outbound", server.requests[2].target)
    end)

  it("is not changed where it is the caller's: the call ends", function()
    changes({ 503, GOOD }, {})
    open()
    local _, err = client.connections.initiate(TARGET, {
      idempotency_key = "K" })
    assert.equal("POST GET", methods())
    assert.equal("not_done", err.outcome)
    assert.equal(1, err.attempts)
  end)

  it("is of no use where the connection is there: it is done", function()
    changes({ 500 }, { { id = "other", targetEntityId = "x",
      status = "Connected" }, connection "Pending" })
    open()
    local result = assert(client.connections.initiate(TARGET))
    assert.equal(ID, result.id)
    assert.equal("Pending", result.meta.settled)
    assert.equal("POST GET", methods())
  end)

  it("keeps a free POST from being made twice", function()
    changes({ "drop", GOOD })
    open()
    assert(client:request { method = "POST", path = "/v1/x", body = {},
      idempotency_key = "K" })
    assert.equal("K K", keys())
  end)

  it("leaves it unknown when a refusal follows an attempt in doubt", function()
    changes({ "drop", failure(53100330) })
    open()
    local _, err = client:request { method = "POST", path = "/v1/x",
      body = {}, idempotency_key = "K" }
    assert.equal("api", err.kind)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
    assert.matches("unknown: look before", tostring(err))
  end)

  it("has the refusal after an attempt in doubt looked at", function()
    changes({ "drop", failure(53100330) }, { connection "Pending" })
    open()
    assert.equal(ID, assert(client.connections.initiate(TARGET)).id)
    assert.equal("POST POST GET", methods())
    changes({ "drop", failure(53100330) }, {})
    local _, err = client.connections.initiate(TARGET)
    assert.equal("not_done", err.outcome)
    changes({ "drop", failure(53100330) }, nil)
    _, err = client.connections.initiate(TARGET)
    assert.equal("unknown", err.outcome)
  end)

  it("has it looked at when all attempts broke", function()
    changes({ "drop" }, {})
    open()
    local _, err = client.connections.initiate(TARGET)
    assert.equal(4, err.attempts)
    assert.equal("not_done", err.outcome)
    changes({ "drop" }, nil)
    _, err = client.connections.initiate(TARGET)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
  end)
end)
