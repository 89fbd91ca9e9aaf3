-- The events of a call: their order, their fields, what a hook may do.
local servers = require "spec.support.server"
local worlds = require "spec.support.world"

local ID = "8a808255575bdae401576a914a140420"
local ENTITY = "8a808255557baba1015580e12fa5083a"
local TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

local FAMILIAR = { name = true, operation = true, template = true, call = true,
  attempt = true, carried = true, status = true, zuora_request_id = true,
  zuora_track_id = true, rate_limit = true, concurrency_limit = true,
  timings = true, seconds = true, found = true, kind = true, outcome = true }

describe("events", function()
  local server, world, client, events

  before_each(function()
    server = servers.new()
    world = worlds.new(server)
    events = {}
  end)

  after_each(function()
    if client then
      client:close()
    end
    server:close()
  end)

  local function hooked(hook, options)
    options = options or {}
    options.on_event = hook or function(event)
      events[#events + 1] = event
    end
    client = world:client(options)
    return client
  end

  local function names()
    local list = {}
    for i, event in ipairs(events) do
      list[i] = event.name
    end
    return table.concat(list, " ")
  end

  it("of a call that succeeds are four", function()
    server:script { { body = { success = true, entities = {} },
      headers = { ["Zuora-Request-Id"] = "r-1", ["Zuora-Track-Id"] = "t-1",
        ["RateLimit-Limit"] = "100, 100;w=60", ["RateLimit-Remaining"] = "99",
        ["RateLimit-Reset"] = "60", ["Concurrency-Limit-Limit"] = "40" } } }
    assert(hooked().entities.list())
    assert.equal("call_begin attempt_begin attempt_end call_end", names())
    for _, event in ipairs(events) do
      assert.equal("entities.list", event.operation)
      assert.equal("GET /v1/entities", event.template)
      assert.equal(events[1].call, event.call)
      assert.is_nil(event.kind)
      for name in pairs(event) do
        assert.is_true(FAMILIAR[name], name)
      end
    end
    local ended = events[3]
    assert.equal(1, events[2].attempt)
    assert.equal(1, ended.attempt)
    assert.equal(200, ended.status)
    assert.equal("r-1", ended.zuora_request_id)
    assert.equal("t-1", ended.zuora_track_id)
    assert.equal(99, ended.rate_limit.remaining)
    assert.equal(40, ended.concurrency_limit.limit)
    for _, name in ipairs { "name_lookup", "connect", "tls", "first_byte",
      "total", "bytes_sent", "bytes_received" } do
      assert.equal("number", type(ended.timings[name]), name)
    end
    assert.is_true(ended.timings.bytes_sent > 100)
    assert.equal(0, events[4].seconds)
  end)

  it("tell of each attempt and each wait", function()
    server:script { 503, "drop" }
    assert(hooked().entities.list())
    assert.equal("call_begin attempt_begin attempt_end wait attempt_begin " ..
      "attempt_end wait attempt_begin attempt_end call_end", names())
    assert.equal(503, events[3].status)
    assert.equal(1, events[4].seconds)
    assert.equal("network", events[6].kind)
    assert.is_nil(events[6].status)
    assert.equal(2, events[7].seconds)
    assert.equal(3, events[9].attempt)
    assert.equal(3, events[10].seconds)
    assert.is_nil(events[10].kind)
  end)

  it("tell how a call failed", function()
    server:script({}, { status = 400, body = { success = false,
      reasons = { { code = 53100320, message = "no" } } } })
    assert.is_nil((hooked().connections.accept(ID)))
    assert.equal("call_begin attempt_begin attempt_end call_end", names())
    assert.equal("api", events[4].kind)
    assert.equal("not_done", events[4].outcome)
  end)

  it("tell what settling found, and of its reading", function()
    server:script { 503, { body = { success = true, entityConnections = {
      { id = ID, status = "Connected" } } } } }
    assert(hooked().connections.accept(ID))
    assert.equal("call_begin attempt_begin attempt_end call_begin " ..
      "attempt_begin attempt_end call_end settle call_end", names())
    assert.equal("done", events[8].found)
    assert.equal(events[1].call, events[8].call)
    assert.are_not.equal(events[1].call, events[4].call)
    assert.equal("connections.list", events[4].operation)
  end)

  it("of a login are those of a call of its own", function()
    server:script({ { body = { access_token = "granted-token",
      expires_in = 3599 } } }, { body = { success = true } })
    hooked(function(event)
      events[#events + 1] = event
      return event.name == "call_begin" and event.operation
    end, { access_token = false, client_id = "id-id", client_secret = "a+b" })
    assert(client.entities.list())
    assert.equal("call_begin call_begin attempt_begin attempt_end call_end " ..
      "attempt_begin attempt_end call_end", names())
    for i, event in ipairs(events) do
      local login = i > 1 and i < 6
      assert.equal(login and 2 or 1, event.call)
      assert.equal(login and "oauth.token" or "entities.list",
        event.operation)
      assert.equal(event.name ~= "call_begin" and event.operation or nil,
        event.carried)
      assert.is_nil(event.kind)
    end
  end)

  it("tell how a login failed", function()
    server:script({}, 401)
    hooked(nil, { access_token = false, api_access_key_id = "user",
      api_secret_access_key = "pass-word", session = true })
    assert.is_nil((client.entities.list()))
    assert.equal("call_begin call_begin attempt_begin attempt_end call_end " ..
      "call_end", names())
    assert.equal("session.establish", events[5].operation)
    assert.equal("auth", events[5].kind)
    assert.equal("number", type(events[5].seconds))
    assert.equal("auth", events[6].kind)
    -- What is not tried again soon is no call.
    assert.is_nil((client.entities.list()))
    assert.equal(8, #events)
  end)

  it("say that it could not be read", function()
    server:script({}, 503)
    assert.is_nil((hooked(nil, { max_attempts = 1 }).connections.accept(ID)))
    local found
    for _, event in ipairs(events) do
      found = event.found or found
    end
    assert.equal("unreadable", found)
    assert.equal("unknown", events[#events].outcome)
  end)

  it("of calls that were not sent are none", function()
    hooked(nil, { read_only = true })
    assert.is_nil((client.connections.accept(ID)))
    assert.is_nil((client.connections.list { page_size = 0 }))
    assert.is_table(client.entities.list { dry_run = true })
    assert.equal("", names())
  end)

  it("carry what the hook returned at the beginning", function()
    local number = 0
    hooked(function(event)
      events[#events + 1] = event
      number = number + 1
      return "span " .. number
    end)
    assert(client.entities.list())
    assert.is_nil(events[1].carried)
    for i = 2, 4 do
      assert.equal("span 1", events[i].carried)
    end
    assert(client.entities.list())
    assert.equal("span 5", events[8].carried)
    assert.are_not.equal(events[1].call, events[5].call)
  end)

  it("are not stopped by a hook that raises, and stop no call", function()
    local count = 0
    hooked(function()
      count = count + 1
      error { "of any type" }
    end)
    server:script { 503 }
    local result = assert(client.entities.list())
    assert.equal(2, result.meta.attempts)
    assert.equal(7, count)
  end)

  it("may be changed by the hook without harm", function()
    hooked(function(event)
      for name in pairs(event) do
        event[name] = nil
      end
    end)
    server:script { { headers = { ["Zuora-Request-Id"] = "r-1" },
      body = { success = true } } }
    assert.equal("r-1", assert(client.entities.list()).meta.zuora_request_id)
  end)

  it("may make calls of their own", function()
    local inside
    hooked(function(event)
      if event.name == "call_begin" and not inside then
        inside = true
        assert(client.entities.get(ENTITY))
      end
    end)
    assert(client.entities.list())
    assert.equal(2, #server.requests)
    assert.equal("/v1/entities/" .. ENTITY, server.requests[1].target)
  end)

  it("hold no value of a call, only the template of its path", function()
    local texts = {}
    local function collect(value)
      if type(value) == "table" then
        for key, inner in pairs(value) do
          collect(key)
          collect(inner)
        end
      end
      texts[#texts + 1] = tostring(value)
    end
    hooked(collect, { zuora_entity_ids = ENTITY })
    server:script({ 503 }, { body = { success = true, id = ID,
      entityConnections = { { id = ID, status = "Connected" } } } })
    assert(client.connections.accept(ID))
    assert(client.connections.initiate(ENTITY, { idempotency_key = "KEY" }))
    assert(client.entities.get(ENTITY))
    assert(client:request { path = "/v1/accounts/A-1", query = { q = "Q-1" },
      headers = { ["X-A"] = "H-1" } })
    local all = table.concat(texts, "\n")
    assert.is_truthy(all:find("{connection-id}/accept", 1, true))
    for _, value in ipairs { ID, ENTITY, "KEY", "A-1", "Q-1", "H-1" } do
      assert.is_nil(all:find(value, 1, true), value)
    end
  end)

  it("count on where no hook is", function()
    client = world:client()
    assert(client.entities.list())
    assert.equal(1, #server.requests)
  end)
end)

describe("a trace", function()
  it("is passed on as it was given", function()
    local server = servers.new()
    local client = worlds.new(server):client()
    assert(client.entities.list { traceparent = TRACE })
    assert(client.entities.list())
    assert.equal(TRACE, server.requests[1].headers.traceparent)
    assert.is_nil(server.requests[2].headers.traceparent)
    local _, err = client.entities.list { traceparent = "short" }
    assert.equal("traceparent", err.parameter)
    client:close()
    server:close()
  end)
end)
