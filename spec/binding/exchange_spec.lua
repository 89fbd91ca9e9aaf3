-- Exchanges made of Lua values, without anything being sent.
local core = require "zuora.core"
local support = require "spec.binding.support"

local engine

before_each(function() engine = support.engine() end)
after_each(function() engine:close() end)

-- That the call fails so: kind, message, parameter.
local function fails(expected, name, ...)
  local exchange, kind, message, parameter =
    support.exchange(engine, name, ...)
  assert.is_nil(exchange)
  assert.same(expected, { kind, message, parameter })
end

local function request_of(name, ...)
  local method, url, lines, body =
    assert(support.exchange(engine, name, ...)):request()
  return { method = method, url = url:gsub("^https://rest.zuora.com", ""),
    lines = lines, body = body }
end

describe("engine:exchange", function()
  it("makes requests", function()
    assert.same({ method = "GET", url = "/v1/entity-connections",
      lines = { "Accept: application/json" } }, request_of "connections.list")
    assert.equal("/v1/entity-connections?type=inbound&pageSize=7",
      request_of("connections.list", { type = "inbound", page_size = 7 }).url)
    local accept = request_of("connections.accept", "a/b",
      { zuora_track_id = "t" })
    assert.equal("/v1/entity-connections/a%2Fb/accept", accept.url)
    assert.equal("{}", accept.body)
    assert.same({ "Accept: application/json", "Zuora-Track-Id: t",
      "Content-Type: application/json" }, accept.lines)
    assert.equal('{"targetEntityId":"x"}',
      request_of("connections.initiate", "x", nil).body)
    assert.equal("/v1/entities?provisioned=false",
      request_of("entities.list", { provisioned = false }).url)
  end)

  it("raises on what no program should pass", function()
    for _, index in ipairs { 0, -1, #core.operations + 1 } do
      assert.error_matches(function() engine:exchange(index, nil) end,
        "no such operation")
    end
    assert.error_matches(function() engine:exchange("x", nil) end,
      "number expected")
    assert.error_matches(function() engine:exchange(1) end, "value expected")
    assert.error_matches(function() engine:exchange(1, {}) end,
      "zuora.exchange expected")
  end)

  it("tells wrong types apart", function()
    fails({ "misuse", "must be a string, not a table", "connection_id" },
      "connections.accept", {})
    fails({ "misuse", "must be a string, not a number", "connection_id" },
      "connections.accept", 12)
    fails({ "misuse", "must be a string, not a boolean", "connection_id" },
      "connections.accept", false)
    fails({ "misuse", "must be a table, not a string", "options" },
      "connections.accept", "x", "y")
    fails({ "misuse", "must be a table, not a boolean", "options" },
      "connections.list", false)
    fails({ "misuse", "must be a string, not a number", "type" },
      "connections.list", { type = 1 })
    fails({ "misuse", "must be a number, not a string", "page_size" },
      "connections.list", { page_size = "30" })
    fails({ "misuse", "must be a number, not a boolean", "timeout" },
      "connections.list", { timeout = true })
    fails({ "misuse", "must be a boolean, not a string", "provisioned" },
      "entities.list", { provisioned = "true" })
    fails({ "misuse", "must be a table, not a string", "query" },
      "request", { path = "/", query = "a=b" })
    fails({ "misuse", "must be a string, not a number", "the name of an option"
      }, "connections.list", { "inbound" })
  end)

  it("tells what is missing or too much", function()
    fails({ "misuse", "is required", "connection_id" }, "connections.accept")
    fails({ "misuse", "is required", "path" }, "request", {})
    fails({ "misuse", "takes no arguments after the options" },
      "connections.list", {}, 1)
    fails({ "misuse", "takes no arguments after the options" },
      "connections.accept", "x", {}, nil, 1)
  end)

  it("tells options that are none", function()
    fails({ "option", "is not an option", "pagesize" }, "connections.list",
      { pagesize = 1 })
    fails({ "option", "is not an option", "connection_id" },
      "connections.accept", "x", { connection_id = "y" })
    fails({ "option", "is not an option", "a\0b" }, "connections.list",
      { ["a\0b"] = 1 })
    fails({ "option", "is not an option", "type\0" }, "connections.list",
      { ["type\0"] = "inbound" })
  end)

  it("tells values that break a rule", function()
    fails({ "argument", "must be from 1 to 300, not 301", "page_size" },
      "connections.list", { page_size = 301 })
    fails({ "argument", "must be a whole number", "page_size" },
      "connections.list", { page_size = 1.5 })
    fails({ "argument", "must be a whole number", "page_size" },
      "connections.list", { page_size = 0 / 0 })
    fails({ "argument", "may not be empty", "connection_id" },
      "connections.accept", "")
    fails({ "argument", "may not hold control characters (found byte 0)",
      "connection_id" }, "connections.accept", "a\0b")
    fails({ "argument", "may only be given together with page_size", "page" },
      "connections.list", { page = 2 })
    fails({ "argument", "the URL is longer than 8192 bytes" },
      "connections.accept", ("x"):rep(9000))
  end)

  it("leaves what is not given to the core", function()
    assert.equal("/v1/entity-connections",
      request_of("connections.list", nil).url)
    assert.equal("/v1/entity-connections", request_of("connections.list", {
      type = nil, timeout = 5, settle = true, dry_run = false }).url)
  end)
end)

describe("pairs", function()
  local function url(query)
    return request_of("request", { path = "/x", query = query }).url
  end

  it("are written as text", function()
    assert.equal("/x?a%20b=c%26d", url { ["a b"] = "c&d" })
    assert.equal("/x?n=30", url { n = 30 })
    assert.equal("/x?n=1.5", url { n = 1.5 })
    assert.equal("/x?n=-9007199254740991", url { n = -9007199254740991 })
    assert.equal("/x?n=0.1", url { n = 0.1 })
    if math.maxinteger then
      assert.equal("/x?n=9223372036854775807", url { n = math.maxinteger })
    end
    assert.equal("/x?b=true", url { b = true })
    assert.equal("/x?b=false", url { b = false })
    assert.equal("/x?z=%00", url { z = "\0" })
    assert.equal("/x", url {})
    assert.same({ "Accept: application/json", "X-A: 1" },
      request_of("request", { path = "/x", headers = { ["X-A"] = 1 } }).lines)
  end)

  it("have names and values that are text", function()
    fails({ "misuse", "must be a table with string keys, not a number",
      "query" }, "request", { path = "/", query = { "a" } })
    fails({ "misuse", "must be a table of strings, not a table", "query" },
      "request", { path = "/", query = { a = {} } })
    fails({ "argument", "may not hold Host, which the library sets", "headers"
      }, "request", { path = "/", headers = { Host = "x" } })
    fails({ "argument", "may not hold control characters (in X-A)", "headers" },
      "request", { path = "/", headers = { ["X-A"] = "a\r\nb" } })
    fails({ "argument", "holds a name that no header can have", "headers" },
      "request", { path = "/", headers = { ["X\0A"] = "a" } })
  end)
end)

describe("an exchange", function()
  it("is used again once it is freed", function()
    local index = support.index "connections.list"
    local first = assert(engine:exchange(index, nil))
    assert.error_matches(function() engine:exchange(index, first) end,
      "the exchange is not freed")
    first:free()
    local second = assert(engine:exchange(support.index "entities.list", first))
    assert.equal(first, second)
    local _, url = second:request()
    assert.equal("https://rest.zuora.com/v1/entities", url)
  end)

  it("is sent at once, or not at all", function()
    local index = support.index "connections.accept"
    local none, keys = core.sign.none, core.sign.keys
    assert.error_matches(function() engine:send(index, nil, 9, 1, "a") end,
      "not one of core.sign")
    assert.is_nil((engine:send(index, nil, none, 1))) -- no connection
    assert.is_nil((engine:send(index, nil, keys, 1, "a"))) -- no credentials
    assert.is_nil((engine:send(index, nil, none, 1, "a", { timeout = 5 })))
    assert.is_nil((engine:send(index, nil, none, 1, "a", { settle = false })))
    assert.is_nil((engine:send(index, nil, none, 1, "a", {}, "more")))
    assert.equal(0, engine:busy())
    local spare = assert(support.exchange(engine, "connections.list"))
    spare:free()
    assert.is_nil((engine:send(index, spare, keys, 1, "a")))
    local exchange, id = engine:send(index, spare, none, 1, "a",
      { zuora_track_id = "t" })
    assert.equal(spare, exchange)
    local _, _, lines = exchange:request()
    assert.equal("Zuora-Track-Id: t", lines[2])
    assert.equal(1, engine:busy())
    assert.is_nil((exchange:succeeded()))
    exchange:cancel()
    assert.equal(id, engine:ended())
    assert.is_nil((exchange:succeeded()))
    exchange:free()
  end)

  it("is free for use again after a failure", function()
    local spare = assert(support.exchange(engine, "connections.list"))
    spare:free()
    local index = support.index "request"
    for _, options in ipairs { { path = "x" }, { path = "/", query = { {} } },
      { path = "/", headers = { Host = "x" } } } do
      assert.is_nil((engine:exchange(index, spare, options)))
    end
    assert.equal(spare, engine:exchange(index, spare, { path = "/x" }))
  end)

  it("may be freed twice, and is of no use then", function()
    local exchange = assert(support.exchange(engine, "connections.list"))
    exchange:free()
    exchange:free()
    for _, name in ipairs { "submit", "done", "wait", "sent", "writes",
      "answer", "succeeded", "names_entity", "failure", "status", "head",
      "timings", "request", "body", "decide", "keep", "cancel" } do
      assert.error_matches(function() exchange[name](exchange, 0, {}) end,
        "the exchange was freed")
    end
  end)

  it("knows nothing before it is sent", function()
    local exchange = assert(support.exchange(engine, "connections.deny", "x"))
    assert.is_false(exchange:done())
    assert.is_false(exchange:sent())
    assert.is_true(exchange:writes())
    assert.is_false(exchange:names_entity())
    assert.is_nil((exchange:failure()))
    assert.equal(-1, exchange:status())
    assert.equal("", exchange:body())
    assert.same({ seconds = 0 }, exchange:head():table())
  end)

  it("is not submitted in ways that are none", function()
    local exchange = assert(support.exchange(engine, "connections.list"))
    for _, sign in ipairs { -1, 4 } do
      assert.error_matches(function() exchange:submit(sign) end,
        "not one of core.sign")
    end
    assert.error_matches(function() exchange:submit "token" end,
      "number expected")
    local id, kind, message = exchange:submit(core.sign.token)
    assert.is_nil(id)
    assert.equal("misuse", kind)
    assert.equal("there are no credentials of that kind", message)
  end)

  it("outlives its engine", function()
    local exchange = assert(support.exchange(engine, "connections.list"))
    engine:close()
    assert.equal("GET", (exchange:request()))
    local id, kind, message = exchange:submit(core.sign.none)
    assert.is_nil(id)
    assert.equal("misuse", kind)
    assert.equal("the client is closed", message)
    local _, failed = exchange:keep "session"
    assert.equal("misuse", failed)
    exchange:free()
  end)
end)
