-- Engines and exchanges at work, against the sandbox.
local core = require "zuora.core"
local support = require "spec.binding.support"
local json = require "cjson"

local plain = assert(os.getenv "ZUORA_SANDBOX_HTTP_URL",
  "run this under sandbox/zuora-sandbox")
local policy = { max_attempts = 4, backoff_base = 1, backoff_cap = 60,
  max_retry_wait = 60, chance = 1 }

local engine
before_each(function() engine = support.sandbox() end)
after_each(function() engine:close() end)

local function list(more)
  return assert(support.exchange(engine, "connections.list", more))
end

-- An engine whose calls nobody answers: its proxy is a socket that accepts.
local function silent()
  local socket = require "socket"
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  engine:close()
  engine = support.engine { base_url = ("http://127.0.0.1:%d"):format(port),
    max_concurrency = 1 }
  finally(function() listener:close() end)
  return listener
end

describe("an exchange", function()
  it("brings an answer", function()
    local _, grant = support.login(engine)
    assert.is_true(grant.expires_in > 0)
    assert.is_string(grant.scope)
    local exchange = list { zuora_track_id = "t-1",
      zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS" }
    support.carry(engine, exchange, "token")
    assert.is_nil((exchange:failure()))
    assert.is_true(exchange:sent())
    assert.equal(200, exchange:status())
    assert.is_true(json.decode(exchange:body()).success)
    local status, body, head, remaining, limit, reset = exchange:answer(2)
    assert.equal(200, status)
    assert.equal(exchange:body(), body)
    local told = exchange:head():table()
    assert.is_nil(told.attempts)
    told.attempts = 2
    assert.same(told, head:table())
    assert.is_true(remaining >= 0 and limit > 0 and reset >= 0)
    local _, _, lines = exchange:request()
    assert.is_nil(table.concat(lines):find("Bearer", 1, true))
  end)

  it("tells of a success what is in it", function()
    support.login(engine)
    local exchange = list { zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS" }
    support.carry(engine, exchange, "token")
    local head, remaining, limit, reset, body = exchange:succeeded()
    assert.equal(1, head:table().attempts)
    assert.is_true(remaining >= 0 and limit > 0 and reset >= 0)
    assert.equal(exchange:body(), body) -- it is not freed
    local refused = list { zuora_track_id = "t" }
    support.carry(engine, refused, "none")
    assert.equal(401, refused:status())
    assert.is_nil((refused:succeeded()))
  end)

  it("is waited for until it ends, or for a time", function()
    local exchange = list()
    assert(exchange:submit(core.sign.none, 0, 60))
    assert.is_false(exchange:wait(0))
    while not exchange:wait(60) do end
    assert.is_true(exchange:done())
    assert.is_true(exchange:wait(60))
  end)

  it("tells its head, which outlives it", function()
    support.login(engine)
    local exchange = list { zuora_track_id = "t-1",
      zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS" }
    support.carry(engine, exchange, "token")
    local head = exchange:head()
    exchange:free()
    local told = head:table()
    assert.equal(200, told.status)
    assert.equal(36, #told.zuora_request_id)
    assert.equal("t-1", told.zuora_track_id)
    assert.matches("^application/json", told.content_type)
    assert.is_true(told.seconds > 0)
    assert.is_number(told.rate_limit.limit)
    assert.is_number(told.rate_limit.remaining)
    assert.is_number(told.rate_limit.reset)
    assert.is_true(#told.rate_limit.windows > 0)
    for _, window in ipairs(told.rate_limit.windows) do
      assert.is_true(window.quota > 0 and window.seconds > 0)
    end
    assert.equal("Default", told.concurrency_limit.type)
    assert.is_nil(told.session)
    assert.error_matches(function() head.table(exchange) end,
      "zuora.head expected")
  end)

  it("tells how long its parts took, of an engine that measures", function()
    assert.equal(0, support.carry(engine, list()):timings().total)
    engine:close()
    engine = support.sandbox { timings = true }
    local exchange = support.carry(engine, list())
    local timings = exchange:timings()
    for _, name in ipairs { "name_lookup", "connect", "tls", "first_byte",
      "total", "bytes_sent", "bytes_received" } do
      assert.is_true(timings[name] >= 0, name)
    end
    assert.is_true(timings.tls > 0)
    assert.is_true(timings.total >= timings.first_byte)
    assert.is_true(timings.bytes_received > 0)
  end)

  it("tells why none came", function()
    engine:close()
    engine = support.engine { base_url = "http://127.0.0.1:1" }
    local exchange = support.carry(engine, list())
    assert.equal("network", exchange:failure())
    assert.equal(-1, exchange:status())
    assert.is_false(exchange:sent())
    local status, kind, message, parameter = exchange:answer()
    assert.is_nil(status)
    assert.equal("network", kind)
    assert.is_string(message)
    assert.is_nil(parameter)
  end)

  it("trusts nobody by itself", function()
    engine:close()
    engine = support.engine { base_url = os.getenv "ZUORA_BASE_URL" }
    local exchange = support.carry(engine, list())
    assert.equal("tls", exchange:failure())
    assert.is_false(exchange:sent())
  end)

  it("may be submitted again once it has ended", function()
    local exchange = list()
    local first = assert(exchange:submit(core.sign.none))
    local id, kind, message = exchange:submit(core.sign.none)
    assert.is_nil(id)
    assert.equal("misuse", kind)
    assert.equal("it is in flight already", message)
    exchange:cancel()
    assert.equal("cancelled", exchange:failure())
    assert.is_true(assert(exchange:submit(core.sign.none)) > first)
    support.carry(engine, list())
  end)
end)

describe("an engine", function()
  it("moves by its descriptor and its time", function()
    local exchange = list()
    assert(exchange:submit(core.sign.none, 0.02))
    assert.equal(1, engine:busy())
    local timeout = engine:timeout()
    assert.is_true(timeout >= 0 and timeout <= 0.02)
    assert.is_true(engine:fd() >= 0)
    local stop = core.clock() + 30
    while not exchange:done() and core.clock() < stop do
      engine:step(math.min(engine:timeout(), 1))
    end
    assert.is_true(exchange:done())
    assert.equal(0, engine:busy())
    assert.is_number(engine:ended())
    assert.is_nil(engine:ended())
  end)

  it("tells of each end once", function()
    local expected, told = {}, {}
    local exchanges = {}
    for i = 1, 5 do
      exchanges[i] = list()
      expected[assert(exchanges[i]:submit(core.sign.none))] = true
    end
    local stop, count = core.clock() + 30, 0
    while engine:busy() > 0 and core.clock() < stop do
      count = count + engine:step(1)
    end
    assert.equal(5, count)
    for id in function() return engine:ended() end do
      assert.is_nil(told[id])
      told[id] = true
    end
    assert.same(expected, told)
  end)

  it("ends what takes too long", function()
    silent()
    local exchange = support.carry(engine, list(), "none", 1)
    assert.equal("timeout", exchange:failure())
    assert.is_true(exchange:sent())
  end)

  it("cancels all", function()
    silent()
    local running, waiting = list(), list()
    assert(running:submit(core.sign.none))
    assert(waiting:submit(core.sign.none))
    engine:step(0.05)
    assert.equal(2, engine:busy())
    engine:cancel()
    assert.equal(0, engine:busy())
    assert.equal("cancelled", running:failure())
    assert.equal("cancelled", waiting:failure())
    assert.is_false(waiting:sent())
  end)

  it("allows http to loopback, and elsewhere to who insists", function()
    local own = assert(core.engine { base_url = plain })
    local exchange = support.carry(own,
      assert(support.exchange(own, "connections.list")))
    assert.equal(401, exchange:status())
    own:close()
    assert.is_nil((core.engine { base_url = "http://gateway.example" }))
    assert(core.engine { base_url = "http://gateway.example",
      allow_insecure = true }):close()
  end)

  it("bounds an answer", function()
    engine:close()
    engine = support.sandbox { max_body = 10 }
    local exchange = support.carry(engine, list())
    assert.equal("protocol", exchange:failure())
    local _, _, message = exchange:answer()
    assert.equal("the answer is larger than 10 bytes", message)
  end)
end)

describe("exchange:keep", function()
  it("keeps a token in C", function()
    local exchange = support.login(engine)
    assert.is_string(engine:secret "access_token")
    assert.equal("", exchange:body())
  end)

  it("keeps a session in C", function()
    engine:set_secret("api_access_key_id",
      os.getenv "ZUORA_API_ACCESS_KEY_ID")
    engine:set_secret("api_secret_access_key",
      os.getenv "ZUORA_API_SECRET_ACCESS_KEY")
    local exchange = assert(support.exchange(engine, "session.establish"))
    support.carry(engine, exchange)
    local grant = assert(exchange:keep "session")
    assert.same({ scope = "" }, grant)
    assert.is_string(engine:secret "session")
    local entities = assert(support.exchange(engine, "entities.list"))
    support.carry(engine, entities, "session")
    assert.equal(200, entities:status())
  end)

  it("says so when there is none", function()
    local exchange = support.carry(engine, list())
    for _, secret in ipairs { "access_token", "session" } do
      local grant, kind, message = exchange:keep(secret)
      assert.is_nil(grant)
      assert.equal("protocol", kind)
      assert.matches("^the answer holds no ", message)
    end
    assert.error_matches(function() exchange:keep "password" end,
      "no such secret")
  end)
end)

describe("exchange:decide", function()
  local function decide(exchange, ...)
    return { exchange:decide(policy, ...) }
  end

  it("follows the table of retries", function()
    local exchange = support.carry(engine, list())
    assert.equal(401, exchange:status())
    assert.same({ "stop", 1, false, false }, decide(exchange, 1, 100))
    assert.same({ "repeat", 1, false, true }, decide(exchange, 1, 100, 50))
    assert.same({ "repeat", 2, false, true }, decide(exchange, 2, 100, 50))
    assert.same({ "stop", 8, false, true }, decide(exchange, 4, 100, 50))
    assert.same({ "stop", 1, false, true }, decide(exchange, 1, 0.5, 50))
    assert.same({ "stop", 1, true, false }, decide(exchange, 1, 100, nil, true))
  end)

  it("settles what changes something", function()
    local exchange = assert(support.exchange(engine, "connections.accept", "x"))
    support.carry(engine, exchange)
    assert.same({ "settle", 1, true, false },
      decide(exchange, 1, 100, nil, true))
    assert.same({ "settle", 1, true, false }, decide(exchange, 1, 100, 60))
  end)

  it("wants a policy and numbers", function()
    local exchange = list()
    assert.error_matches(function() exchange:decide() end, "table expected")
    assert.error_matches(function() exchange:decide(policy) end,
      "number expected")
    assert.error_matches(function() exchange:decide(policy, 1) end,
      "number expected")
  end)
end)
