-- Each kind of error, from a real server over TLS and from bad input: which
-- fields it has, what its line says, what the server saw. Nothing is looked
-- for afterwards here; settle_spec.lua is about that.
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

-- "connections.accept: ...; ..." in one line.
local function check_line(err, operation)
  local text = tostring(err)
  assert.is_nil(text:find "[\r\n]")
  assert.equal(operation, text:match "^([^:]+): ")
  assert.matches("; %l[%l ,:_]+", text)
end

describe("an error", function()
  local client

  before_each(function()
    sandbox.reset()
    client = sandbox.client { settle = false }
    assert(client.connections.list())
  end)

  after_each(function()
    client:close()
  end)

  local function accept(fault)
    fault.match = { operation = "connections.accept", times = 0 }
    sandbox.fault(fault)
    local id = sandbox.pending(client)
    local result, err = client.connections.accept(id, { timeout = 1 })
    assert.is_nil(result)
    check_line(err, "connections.accept")
    assert.equal(1, err.attempts)
    local requests, effects = sandbox.seen "connections.accept"
    assert.equal(1, #requests)
    assert.equal(fault.when == "after" and 1 or 0, #effects)
    return err
  end

  it("argument: nothing is sent", function()
    local before = #sandbox.journal()
    local _, err = client.connections.accept("x", { zuora_track_id = "a:b" })
    assert.equal("argument", err.kind)
    assert.equal("zuora_track_id", err.parameter)
    assert.equal("not_done", err.outcome)
    check_line(err, "connections.accept")
    assert.equal(before, #sandbox.journal())
  end)

  it("network: nobody listens", function()
    local lost = assert(zuora.new { base_url = "http://127.0.0.1:1",
      access_token = "x", max_attempts = 2, backoff_base = 0.001 })
    local _, err = lost.connections.accept("x")
    assert.equal("network", err.kind)
    assert.equal(2, err.attempts)
    assert.equal("not_done", err.outcome)
    assert.is_true(err.retryable)
    check_line(err, "connections.accept")
    lost:close()
  end)

  it("network: the connection breaks before the answer", function()
    local err = accept { kind = "reset" }
    assert.equal("network", err.kind)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
    assert.matches("unknown: look before", tostring(err))
  end)

  it("network: what changes something leaves once, also when it took effect",
    function()
      local err = accept { kind = "reset", when = "after" }
      assert.equal("unknown", err.outcome)
    end)

  it("network: the body is cut", function()
    local err = accept { kind = "cut" }
    assert.equal("network", err.kind)
    assert.equal("unknown", err.outcome)
  end)

  it("timeout", function()
    local err = accept { kind = "stall", seconds = 5 }
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.outcome)
  end)

  it("timeout: a call that changes nothing may be repeated", function()
    sandbox.fault { match = { operation = "connections.list", times = 0 },
      kind = "stall", seconds = 5 }
    local _, err = client.connections.list { timeout = 30,
      attempt_timeout = 0.2, max_attempts = 2 }
    assert.equal("timeout", err.kind)
    assert.equal(2, err.attempts)
    assert.is_true(err.retryable)
    assert.is_nil(err.outcome)
    check_line(err, "connections.list")
  end)

  it("tls: an authority that nobody trusts", function()
    local stranger = assert(zuora.new {
      base_url = os.getenv "ZUORA_BASE_URL", access_token = "x",
      max_attempts = 2, backoff_base = 0.001 })
    local _, err = stranger.connections.accept("x")
    assert.equal("tls", err.kind)
    assert.equal(2, err.attempts)
    assert.equal(0, sandbox.count "connections.accept")
    assert.equal("not_done", err.outcome)
    check_line(err, "connections.accept")
    stranger:close()
  end)

  it("auth", function()
    local stranger = assert(zuora.new(sandbox.options {
      access_token = "not-a-token-of-anybody" }))
    local _, err = stranger.connections.accept("x")
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    assert.equal("not_done", err.outcome)
    check_line(err, "connections.accept")
    stranger:close()
  end)

  it("rate_limit", function()
    local err = accept { kind = "status", status = 429, body = "json",
      retry_after = 7 }
    assert.equal("rate_limit", err.kind)
    assert.equal(429, err.status)
    assert.equal(7, err.retry_after)
    assert.equal("not_done", err.outcome)
    assert.is_true(err.retryable)
    assert.matches("wait 7 s", tostring(err))
  end)

  it("api: 200 that is a failure", function()
    local err = accept { kind = "category", category = 30 }
    assert.equal("api", err.kind)
    assert.equal(200, err.status)
    assert.equal(30, err.category)
    assert.equal(30, err.code % 100)
    assert.equal("string", type(err.reasons[1].message))
    assert.equal("not_done", err.outcome)
    assert.equal(36, #err.zuora_request_id)
  end)

  it("http: a status without Zuora's body", function()
    local err = accept { kind = "status", status = 503, body = "html" }
    assert.equal("http", err.kind)
    assert.equal(503, err.status)
    assert.equal("unknown", err.outcome)
  end)

  it("http: a redirect is not followed", function()
    local err = accept { kind = "redirect", status = 307,
      location = os.getenv "ZUORA_SANDBOX_HTTP_URL" .. "/v1/elsewhere" }
    assert.equal("http", err.kind)
    assert.equal(307, err.status)
    assert.matches("redirect", err.message)
    for _, entry in ipairs(sandbox.journal()) do
      assert.is_nil(entry.target:find("elsewhere", 1, true))
    end
  end)

  it("protocol: HTML", function()
    local err = accept { kind = "html" }
    assert.equal("protocol", err.kind)
    assert.matches("HTML", err.message)
    assert.equal("unknown", err.outcome)
  end)

  it("protocol: JSON that is cut", function()
    local err = accept { kind = "wrong_json" }
    assert.equal("protocol", err.kind)
    assert.equal("unknown", err.outcome)
  end)

  it("protocol: garbage for gzip", function()
    assert.equal("protocol", accept({ kind = "gzip_garbage" }).kind)
  end)

  it("protocol: larger than max_body", function()
    local narrow = sandbox.client { max_body = 100000 }
    assert(narrow.connections.list())
    sandbox.fault { match = { operation = "connections.list" }, kind = "big",
      bytes = 1000000 }
    local _, err = narrow.connections.list()
    assert.equal("protocol", err.kind)
    assert.matches("larger than 100000 bytes", err.message)
    check_line(err, "connections.list")
    narrow:close()
  end)

  it("cancelled: the client is closed in the middle of a call", function()
    local closing
    closing = sandbox.client {
      wait = function(engine, exchange)
        while not exchange:done() do
          if exchange:writes() then
            engine:step(0.05)
            closing:close()
          else
            engine:step(1)
          end
        end
      end,
    }
    sandbox.fault { match = { operation = "connections.accept" },
      kind = "delay", seconds = 2 }
    assert(closing.connections.list())
    local _, err = closing.connections.accept("x")
    assert.equal("cancelled", err.kind)
    check_line(err, "connections.accept")
  end)
end)
