-- A request for a connection bears a key: the same while no answer came that
-- Zuora may have kept, another once a failure did.
local sandbox = require "spec.wire.sandbox"

local NAME = "connections.initiate"
-- What the demo has of connections that lead from the global entity.
local EU = "8a80825555a3c7a10155b460f53858e6" -- Connected
local JAPAN = "8a80825556ff28a4015708ba29312ecc" -- Pending

local client

local function use(options)
  sandbox.reset { keep_tokens = true }
  client = sandbox.bearer(options)
end

local function fault(given)
  given.match = given.match or {}
  given.match.operation = NAME
  sandbox.fault(given)
end

-- The keys of the requests in order, and what was effected.
local function seen()
  local requests, effects = sandbox.seen(NAME)
  local keys = {}
  for i, entry in ipairs(requests) do
    keys[i] = entry.headers["idempotency-key"]
  end
  return keys, effects
end

describe("initiate", function()
  before_each(function() use { max_attempts = 3 } end)
  after_each(function() client:close() end)

  it("bears a key of its own with each call", function()
    local first = assert(client.connections.initiate(sandbox.canada))
    assert.is_nil(first.meta.settled)
    client.connections.initiate(sandbox.canada)
    local keys = seen()
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", keys[1])
    assert.not_equal(keys[1], keys[2])
  end)

  it("repeats the same key when no answer came", function()
    fault { kind = "reset" }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.equal(2, #keys)
    assert.equal(keys[1], keys[2])
    assert.same({ "initiated " .. result.id }, effects)
    assert.is_nil(result.meta.settled)
    assert.equal(0, sandbox.count "connections.list")
  end)

  it("gets the answer that was kept when the first was lost", function()
    fault { kind = "reset", when = "after" }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.equal(keys[1], keys[2])
    assert.same({ "initiated " .. result.id }, effects)
    assert.equal("Pending", sandbox.status(result.id))
  end)

  it("looks, and takes another key, after a failure that was kept", function()
    fault { kind = "status", status = 500, store = true }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.equal(2, #keys)
    assert.not_equal(keys[1], keys[2])
    assert.same({ "initiated " .. result.id }, effects)
    local list = sandbox.last "connections.list"
    assert.is_truthy(list.target:find("type=outbound", 1, true))
  end)

  it("finds what a failure hid", function()
    fault { kind = "status", status = 500, when = "after" }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.equal(1, #keys)
    assert.same({ "initiated " .. result.id }, effects)
    assert.equal("Pending", result.meta.settled)
  end)

  it("finds it too when every answer was lost", function()
    fault { kind = "reset", when = "after", match = { times = 0 } }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.same({ keys[1], keys[1], keys[1] }, keys)
    assert.same({ "initiated " .. result.id }, effects)
    assert.equal("Pending", result.meta.settled)
  end)

  it("keeps the caller's key, whatever comes", function()
    fault { kind = "reset" }
    assert(client.connections.initiate(sandbox.canada, {
      idempotency_key = "mine" }))
    assert.same({ "mine", "mine" }, (seen()))
  end)

  it("is not sent again with the caller's key after a failure", function()
    fault { kind = "status", status = 500, store = true }
    local result, err = client.connections.initiate(sandbox.canada, {
      idempotency_key = "mine" })
    assert.is_nil(result)
    assert.equal("api", err.kind)
    assert.equal("not_done", err.outcome)
    local keys, effects = seen()
    assert.same({ "mine" }, keys)
    assert.same({}, effects)
  end)

  it("waits for the first with the same key: 409", function()
    client:close()
    use { max_attempts = 100, attempt_timeout = 0.25, backoff_base = 0.02,
      backoff_cap = 0.1 }
    fault { kind = "delay", seconds = 0.8 }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.is_true(#keys > 2)
    for _, key in ipairs(keys) do
      assert.equal(keys[1], key)
    end
    assert.same({ "initiated " .. result.id }, effects)
    assert.is_nil(result.meta.settled)
  end)

  it("repeats the same key after 504, which is no answer either", function()
    fault { kind = "status", status = 504, body = "html" }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.equal(2, #keys)
    assert.equal(keys[1], keys[2])
    assert.same({ "initiated " .. result.id }, effects)
  end)

  it("takes no other key while the first request may be under way", function()
    client:close()
    use { max_attempts = 50, attempt_timeout = 0.25, backoff_base = 0.02,
      backoff_cap = 0.1 }
    sandbox.assume { duplicate = "new" }
    fault { kind = "delay", seconds = 0.6 }
    fault { kind = "status", status = 503, body = "html",
      match = { nth = 2 } }
    local result = assert(client.connections.initiate(sandbox.canada))
    require("system").sleep(0.5)
    local keys, effects = seen()
    assert.is_true(#keys > 2)
    for _, key in ipairs(keys) do
      assert.equal(keys[1], key)
    end
    assert.same({ "initiated " .. result.id }, effects)
  end)

  it("takes no other key after a request without an answer", function()
    fault { kind = "reset" }
    fault { kind = "status", status = 503, body = "html" }
    local result = assert(client.connections.initiate(sandbox.canada))
    local keys, effects = seen()
    assert.same({ keys[1], keys[1], keys[1] }, keys)
    assert.same({ "initiated " .. result.id }, effects)
  end)

  it("says why a key is refused: 422", function()
    sandbox.assume { idempotency_changed_body = "422" }
    local key = { idempotency_key = "mine" }
    assert(client.connections.initiate(sandbox.canada, key))
    local result, err = client.connections.initiate(sandbox.us, key)
    assert.is_nil(result)
    assert.equal("api", err.kind)
    assert.equal(422, err.status)
    assert.equal("not_done", err.outcome)
    assert.equal(1, err.attempts)
    assert.matches("^this idempotency key was used for another call: ",
      err.message)
  end)

  it("is left alone with settle = false", function()
    fault { kind = "status", status = 500, when = "after" }
    local result, err = client.connections.initiate(sandbox.canada, {
      settle = false })
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    assert.equal(1, err.attempts)
    assert.equal(1, #sandbox.journal())
  end)

  it("does not take an older connection for its own", function()
    fault { kind = "status", status = 500, match = { times = 0 } }
    local result, err = client.connections.initiate(EU)
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    assert.matches("looking again showed: Connected", err.message)
    assert.equal(1, sandbox.count(NAME))
  end)

  it("cannot tell whose a request is that waits: it says so", function()
    fault { kind = "status", status = 500 }
    local result = assert(client.connections.initiate(JAPAN))
    assert.equal("Pending", result.meta.settled)
    assert.equal("8a808255575bdae401576a914a140420", result.id)
  end)

  it("is refused as Zuora says when there is one already", function()
    local result, err = client.connections.initiate(EU)
    assert.is_nil(result)
    assert.equal("api", err.kind)
    assert.equal(30, err.category)
    assert.equal("not_done", err.outcome)
    assert.equal(1, err.attempts)
  end)
end)
