-- Idempotency keys.
local http = require "spec.sandbox.http"

local INDIA = "8a80825557080f10015714a1c0de0005"

local function with_key(key)
  return { headers = { ["Idempotency-Key"] = key } }
end

local function initiate(key, target, as)
  return http.initiate(target or INDIA, as, with_key(key))
end

before_each(http.reset)

describe("an Idempotency-Key", function()
  it("has the first answer given again, and no second effect", function()
    local first, second = initiate "k1", initiate "k1"
    local id = http.taken(first).id
    assert.equal(first.body, second.body)
    assert.equal(first.headers["zuora-request-id"],
      second.headers["zuora-request-id"])
    assert.equal(1, http.effects()["initiated " .. id])
    assert.equal(1, http.effects().replayed)
    assert.equal(1, http.state().idempotency_keys)
  end)

  it("replays a failure as well", function()
    local first = initiate("k1", http.japan)
    http.refused(first, 200, 30)
    http.taken(http.move("deny", http.pending_out, http.japan))
    assert.equal(first.body, initiate("k1", http.japan).body)
    http.taken(initiate("k2", http.japan))
  end)

  it("may replay with a request id of the second", function()
    http.assume { replayed_request_id = "second" }
    assert.not_equal(initiate("k1").headers["zuora-request-id"],
      initiate("k1").headers["zuora-request-id"])
  end)

  it("is not for another URL or method", function()
    http.taken(initiate "k1")
    http.refused(http.post("/v1/_echo/x", "{}", with_key "k1"), 422, 20)
    http.taken(http.post("/v1/_echo/y", "{}", with_key "k2"))
    http.refused(http.call("PATCH", "/v1/_echo/y", { body = "{}",
      headers = { ["Idempotency-Key"] = "k2" } }), 422, 20)
  end)

  it("with another body replays, or is refused", function()
    local first = initiate "k1"
    assert.equal(first.body, initiate("k1", http.us).body)
    http.assume { idempotency_changed_body = "422" }
    http.refused(initiate("k1", http.us), 422, 20)
  end)

  it("for another entity replays, or is refused", function()
    local first = initiate "k1"
    assert.equal(first.body, initiate("k1", INDIA, http.us).body)
    http.assume { idempotency_other_entity = "422" }
    http.refused(initiate("k1", INDIA, http.us), 422, 20)
  end)

  it("is forgotten after a day", function()
    local id = http.taken(initiate "k1").id
    http.advance(24 * 3600 + 1)
    http.sign_in()
    http.assume { duplicate = "new" }
    assert.not_equal(id, http.taken(initiate "k1").id)
  end)

  it("is refused while its first call runs", function()
    http.fault { kind = "delay", seconds = 3,
      match = { operation = "connections.initiate" } }
    local line = http.line("POST", "/v1/entity-connections", {
      body = { targetEntityId = INDIA }, headers = {
        ["Idempotency-Key"] = "k1" } })
    local answers = http.together { line, "sleep 1; " .. line }
    local id = http.taken(answers[1]).id
    http.refused(answers[2], 409, 50)
    assert.equal(id, http.taken(initiate "k1").id)
    assert.equal(1, http.effects()["initiated " .. id])
  end)

  it("is refused with PUT and GET, or ignored", function()
    local key = { ["Idempotency-Key"] = "k1" }
    http.refused(http.move("accept", http.pending_in, nil, { headers = key }),
      400, 20)
    http.refused(http.get("/v1/entities", { headers = key }), 400, 20)
    assert.equal("Pending", http.status_of(http.pending_in))
    http.assume { idempotency_elsewhere = "ignored" }
    http.taken(http.move("accept", http.pending_in, nil, { headers = key }))
  end)

  it("has 255 characters at most, or 254", function()
    http.refused(initiate(("x"):rep(256)), 400, 20)
    http.assume { idempotency_length = "254" }
    http.refused(initiate(("x"):rep(255)), 400, 20)
    http.taken(initiate(("x"):rep(254)))
    http.assume { idempotency_length = "255" }
    http.refused(initiate(("y"):rep(255)), 200, 30)
  end)

  it("keeps a fault's answer only where it says so", function()
    local fault = { kind = "status", status = 503,
      match = { operation = "connections.initiate" } }
    http.fault(fault)
    assert.equal(503, initiate("k1").status)
    http.taken(initiate "k1")
    fault.store = true
    http.fault(fault)
    assert.equal(503, initiate("k2").status)
    assert.equal(503, initiate("k2").status)
  end)

  it("keeps the answer of a call that was never heard", function()
    http.fault { kind = "reset", when = "after",
      match = { operation = "connections.initiate" } }
    assert.is_nil(initiate("k1").status)
    local id = http.taken(initiate "k1").id
    assert.same({ ["initiated " .. id] = 1, token = 1, replayed = 1 },
      http.effects())
  end)
end)
