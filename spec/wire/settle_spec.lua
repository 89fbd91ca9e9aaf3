-- What became of a change whose answer was lost: looked for, and sent again
-- only where nothing can have two effects.
local sandbox = require "spec.wire.sandbox"

-- Each with the connection it is about, the status after it, its effect, and
-- the statuses that the connection has before.
local CHANGES = {
  accept = { id = sandbox.asked, status = "Connected", effect = "accepted " },
  deny = { id = sandbox.asked, status = "Disconnected", effect = "denied " },
  disconnect = { id = sandbox.joined, status = "Disconnected",
    effect = "disconnected " },
}

local function fault(verb, given)
  given.match = given.match or {}
  given.match.operation = given.operation or "connections." .. verb
  given.operation = nil
  sandbox.fault(given)
end

local client

local function use(options)
  sandbox.reset { keep_tokens = true }
  client = sandbox.bearer(options)
end

local function finish()
  client:close()
end

-- Whether a request of that operation is still held up by a delay.
local function is_at_work(operation)
  for _, request in ipairs((sandbox.seen(operation))) do
    if request.fault ~= "delay" then
      return true
    end
  end
  return false
end

for verb, change in pairs(CHANGES) do
  local operation = "connections." .. verb

  local function run(options)
    return client.connections[verb](change.id, options)
  end

  describe(verb, function()
    before_each(function() use { max_attempts = 3 } end)
    after_each(finish)

    it("is done when it took effect before the answer was lost", function()
      fault(verb, { kind = "reset", when = "after" })
      local result = assert(run())
      assert.same({ success = true }, result)
      assert.equal(change.status, result.meta.settled)
      assert.equal(1, result.meta.attempts)
      local _, effects = sandbox.seen(operation)
      assert.same({ change.effect .. change.id }, effects)
    end)

    it("is sent again when it is provably as before", function()
      fault(verb, { kind = "reset" })
      local result = assert(run())
      assert.is_nil(result.meta.settled)
      assert.equal(2, result.meta.attempts)
      local requests, effects = sandbox.seen(operation)
      assert.equal(2, #requests)
      assert.same({ change.effect .. change.id }, effects)
      assert.equal(1, sandbox.count "connections.list")
    end)

    it("is read back for the same entity, with the same track id", function()
      fault(verb, { kind = "reset", when = "after" })
      assert(run { zuora_track_id = "night 7" })
      local seen = sandbox.last "connections.list"
      assert.equal("night 7", seen.headers["zuora-track-id"])
      assert.equal(sandbox.global, seen.headers["zuora-entity-ids"])
    end)

    it("stays unknown when it cannot be read back", function()
      fault(verb, { kind = "reset", when = "after" })
      fault(verb, { kind = "status", status = 403, body = "json",
        operation = "connections.list" })
      local result, err = run()
      assert.is_nil(result)
      assert.equal("network", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.is_nil(err.message:find("looking", 1, true))
      assert.equal(1, sandbox.count(operation))
    end)

    it("is left alone with settle = false", function()
      fault(verb, { kind = "reset", when = "after" })
      local result, err = run { settle = false }
      assert.is_nil(result)
      assert.equal("unknown", err.outcome)
      assert.equal(1, err.attempts)
      assert.equal(1, #sandbox.journal())
    end)

    it("says what state it is in, not whose doing that is", function()
      -- It was so before the call, which never took effect.
      local other = sandbox.bearer()
      assert(other.connections[verb](change.id))
      other:close()
      fault(verb, { kind = "status", status = 500 })
      local result = assert(run())
      assert.equal(change.status, result.meta.settled)
    end)

    it("is no success when Zuora refuses it in that state", function()
      local other = sandbox.bearer()
      assert(other.connections[verb](change.id))
      other:close()
      local result, err = run()
      assert.is_nil(result)
      assert.equal("api", err.kind)
      assert.equal(30, err.category)
      assert.equal("not_done", err.outcome)
      assert.equal(0, sandbox.count "connections.list")
    end)

    it("is done when the next attempt is refused because it was", function()
      -- The first attempt takes effect when nobody waits for it any more.
      finish()
      use { max_attempts = 3, attempt_timeout = 0.25, on_event =
        function(event)
          if event.name == "settle" and event.operation == operation and
            event.attempt == 1 then
            assert.equal("before", event.found)
            while sandbox.status(change.id) ~= change.status do
              client.connections.list()
            end
          end
        end }
      fault(verb, { kind = "delay", seconds = 0.6 })
      local result = assert(run())
      assert.equal(change.status, result.meta.settled)
      assert.equal(2, result.meta.attempts)
      local requests, effects = sandbox.seen(operation)
      assert.equal(2, #requests)
      assert.same({ change.effect .. change.id }, effects)
    end)

    it("is not called not done while Zuora may be at it", function()
      finish()
      use { max_attempts = 2, attempt_timeout = 0.25 }
      fault(verb, { kind = "delay", seconds = 0.8, match = { times = 0 } })
      local before = sandbox.status(change.id)
      local result, err = run()
      assert.is_nil(result)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_truthy(err.message:find("looking again showed: " .. before,
        1, true))
      -- Nor does it go on into the next test.
      for _ = 1, 500 do
        if not is_at_work(operation) then
          break
        end
        require("system").sleep(0.02)
      end
      assert.is_false(is_at_work(operation))
      assert.equal(change.status, sandbox.status(change.id))
    end)

    it("does not wait longer than it may, after looking either", function()
      finish()
      use { max_retry_wait = 5 }
      fault(verb, { kind = "status", status = 503, body = "html",
        retry_after = 90, match = { times = 0 } })
      local began = os.time()
      local result, err = run()
      assert.is_nil(result)
      assert.equal("http", err.kind)
      assert.equal(503, err.status)
      assert.equal(90, err.retry_after)
      assert.equal("not_done", err.outcome)
      assert.equal(1, err.attempts)
      assert.is_true(os.time() - began < 5)
    end)

    it("ends in its time, tries, waits and looking together", function()
      finish()
      use { attempt_timeout = 0.2 }
      for _, name in ipairs { operation, "connections.list" } do
        fault(verb, { kind = "stall", seconds = 30, when = "after",
          operation = name, match = { times = 0 } })
      end
      local clock = require("zuora.core").clock
      local began = clock()
      local result, err = run { timeout = 0.7 }
      assert.is_nil(result)
      assert.equal("unknown", err.outcome)
      assert.is_true(clock() - began < 1.2)
    end)
  end)
end

describe("a change that somebody else crossed", function()
  after_each(finish)

  it("is unknown, with the status that was seen", function()
    local other
    use { on_event = function(event)
      if event.name == "attempt_end" and
        event.operation == "connections.accept" then
        assert(other.connections.deny(sandbox.asked))
      end
    end }
    other = sandbox.bearer()
    fault("accept", { kind = "reset" })
    local result, err = client.connections.accept(sandbox.asked)
    other:close()
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    assert.matches("looking again showed: Disconnected", err.message)
    assert.equal(1, sandbox.count "connections.accept")
  end)

  it("is unknown when the connection is gone", function()
    use()
    sandbox.assume { denied_status = "vanishes" }
    fault("deny", { kind = "reset", when = "after" })
    local result, err = client.connections.deny(sandbox.asked)
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    assert.matches("looking again showed: not in the list", err.message)
  end)

  it("is done when denying has a status of its own", function()
    use()
    sandbox.assume { denied_status = "Denied" }
    fault("deny", { kind = "reset", when = "after" })
    local result = assert(client.connections.deny(sandbox.asked))
    assert.equal("Denied", result.meta.settled)
  end)

  it("is no success when 409 says that the state forbids it", function()
    use()
    sandbox.assume { wrong_state = "409" }
    for id, status in pairs { [sandbox.joined] = "Connected",
      [sandbox.ended] = "Disconnected" } do
      local result, err = client.connections.accept(id)
      assert.is_nil(result, status)
      assert.equal("api", err.kind)
      assert.equal(409, err.status)
      assert.equal("not_done", err.outcome)
      assert.equal(1, err.attempts)
      assert.is_nil(err.message:find("idempotency", 1, true))
    end
  end)
end)

describe("a doubt", function()
  after_each(finish)

  it("ends with its call", function()
    use()
    for verb, change in pairs(CHANGES) do
      sandbox.reset { keep_tokens = true }
      fault(verb, { kind = "reset", when = "after" })
      assert(client.connections[verb](change.id))
      sandbox.forget()
      local result, err = client.connections[verb](change.id)
      assert.is_nil(result)
      assert.equal("not_done", err.outcome)
      assert.equal(1, #sandbox.journal())
    end
  end)

  it("does not outlast its call, however many pages are read", function()
    use()
    sandbox.scenario { name = "many", n = 6000 }
    fault("list", { kind = "delay", seconds = 0.5, times = 0 })
    fault("disconnect", { kind = "reset" })
    local clock = require("zuora.core").clock
    local began = clock()
    local result, err = client.connections.disconnect("none", { timeout = 1 })
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    assert.is_true(clock() - began < 5) -- all pages: 10 s
  end)
end)

describe("a client that is closed meanwhile", function()
  for _, at in ipairs { "attempt_end", "wait", "settle" } do
    for _, verb in ipairs { "accept", "initiate" } do
      it(("at %s: %s ends with an error"):format(at, verb), function()
        use { backoff_base = 0.01, on_event = function(event)
          if event.name == at and event.operation == "connections." .. verb
            then
            client:close()
          end
        end }
        fault(verb, { kind = "status", status = 500, match = { times = 0 } })
        local result, err = client.connections[verb](verb == "accept" and
          sandbox.asked or sandbox.canada)
        assert.is_nil(result)
        assert.equal("string", type(err.kind))
        assert.is_not_nil(err.outcome)
        assert.equal(1, sandbox.count("connections." .. verb))
      end)
    end
  end
end)

describe("a client that is closed between two pages that are read back",
  function()
    it("leaves the change its own error", function()
      use { on_event = function(event)
        if event.name == "call_end" and event.operation == "connections.list"
          then
          client:close()
        end
      end }
      sandbox.scenario { name = "many", n = 900 }
      fault("disconnect", { kind = "reset" })
      local result, err = client.connections.disconnect("none")
      assert.is_nil(result)
      assert.equal("connections.disconnect", err.operation)
      assert.equal("network", err.kind)
      assert.equal("unknown", err.outcome)
    end)
  end)

describe("a dry run", function()
  it("opens no socket and sends nothing", function()
    use { dry_run = true, wait = function() error "it waited" end }
    local function descriptors()
      local n = 0
      for _ in require("lfs").dir "/proc/self/fd" do
        n = n + 1
      end
      return n
    end
    local before = descriptors()
    local shown = assert(client.connections.disconnect(sandbox.joined))
    assert.equal("PUT", shown.method)
    assert(client.connections.initiate(sandbox.canada))
    assert.equal(before, descriptors())
    assert.equal(0, #sandbox.journal())
    finish()
  end)
end)
