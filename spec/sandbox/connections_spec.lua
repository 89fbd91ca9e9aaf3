-- The life of a connection, and who may do what.
local http = require "spec.sandbox.http"

local BUSINESS, NOT_FOUND, PERMISSION, INVALID, MISSING = 30, 40, 10, 20, 22

local INDIA = "8a80825557080f10015714a1c0de0005"
local AUSTRALIA = "8a80825557080f10015714a1c0de0006"

before_each(http.reset)

describe("a connection", function()
  it("is initiated by its source and accepted by its target", function()
    local answer = http.initiate(http.japan, http.us)
    local id = http.taken(answer).id
    assert.truthy(id:find "^%x+$")
    assert.equal(32, #id)
    assert.equal("Pending", http.status_of(id))
    http.refused(http.move("accept", id, http.us), 200, PERMISSION)
    http.refused(http.move("accept", id, http.eu), 200, NOT_FOUND)
    http.taken(http.move("accept", id, http.japan))
    assert.equal("Connected", http.status_of(id))
    assert.same({ ["initiated " .. id] = 1, ["accepted " .. id] = 1,
      token = 1 }, http.effects())
  end)

  it("is seen from either side", function()
    local id = http.taken(http.initiate(http.japan, http.us)).id
    local function sees(entity, kind)
      local list = http.taken(http.get("/v1/entity-connections?pageSize=300" ..
        "&type=" .. kind, { as = entity })).entityConnections
      for _, one in ipairs(list) do
        if one.id == id then
          assert.same({ id = id, sourceEntityId = http.us,
            targetEntityId = http.japan, status = "Pending" }, one)
          return true
        end
      end
      return false
    end
    assert.is_true(sees(http.us, "outbound"))
    assert.is_false(sees(http.us, "inbound"))
    assert.is_true(sees(http.japan, "inbound"))
    assert.is_false(sees(http.japan, "outbound"))
    assert.is_false(sees(http.global, "inbound"))
  end)

  it("is denied by its target only, while it is Pending", function()
    http.refused(http.move("deny", http.pending_out), 200, PERMISSION)
    http.taken(http.move("deny", http.pending_in))
    assert.equal("Disconnected", http.status_of(http.pending_in))
    http.refused(http.move("deny", http.pending_in), 200, BUSINESS)
    http.refused(http.move("accept", http.pending_in), 200, BUSINESS)
    http.refused(http.move("deny", http.connected), 200, BUSINESS)
  end)

  it("is disconnected by either side, once", function()
    http.taken(http.move("disconnect", http.connected, http.us))
    assert.equal("Disconnected", http.status_of(http.connected))
    http.refused(http.move("disconnect", http.connected), 200, BUSINESS)
    http.taken(http.move("disconnect", "8a80825555a3c7a10155b466736c5c3f"))
    assert.equal(1, http.effects()["disconnected " .. http.connected])
  end)

  it("is refused in the wrong state as is assumed", function()
    http.assume { wrong_state = "400" }
    http.refused(http.move("accept", http.connected), 400, BUSINESS)
    http.assume { wrong_state = "409" }
    http.refused(http.move("accept", http.connected), 409, BUSINESS)
  end)

  it("is refused to the wrong side as is assumed", function()
    http.assume { wrong_side = "403" }
    http.refused(http.move("accept", http.pending_out), 403, PERMISSION)
  end)

  it("of two others is unknown, or forbidden", function()
    http.refused(http.move("disconnect", http.foreign), 200, NOT_FOUND)
    http.assume { foreign_connection = "forbidden" }
    http.refused(http.move("disconnect", http.foreign), 200, PERMISSION)
    assert.equal("Connected", http.status_of(http.foreign))
  end)

  it("after deny is what is assumed", function()
    http.assume { denied_status = "Denied" }
    http.taken(http.move("deny", http.pending_in))
    assert.equal("Denied", http.status_of(http.pending_in))
    http.assume { denied_status = "vanishes" }
    local count = http.state().connection_count
    http.taken(http.move("deny", "8a808255575bdae401576a914a140422"))
    assert.is_nil(http.status_of "8a808255575bdae401576a914a140422")
    assert.equal(count - 1, http.state().connection_count)
  end)

  it("that is Pending can be withdrawn, or cannot", function()
    http.refused(http.move("disconnect", http.pending_out), 200, BUSINESS)
    http.assume { disconnect_pending = "allowed" }
    http.taken(http.move("disconnect", http.pending_out))
    assert.equal("Disconnected", http.status_of(http.pending_out))
  end)

  it("with an odd id is taken from the path as it is", function()
    http.refused(http.move("accept", "a%2Fb"), 200, NOT_FOUND)
    local message = http.move("accept", "a%2Fb").json.reasons[1].message
    assert.truthy(message:find("'a/b'", 1, true))
    assert.equal(404, http.move("accept", "a/b").status)
    http.refused(http.move("accept", ""), 200, NOT_FOUND)
  end)
end)

describe("a request", function()
  local function ask(target, status, category, as)
    http.refused(http.initiate(target, as), status, category)
  end

  it("needs a target that is right", function()
    http.refused(http.post("/v1/entity-connections", "{}"), 200, MISSING)
    http.refused(http.post("/v1/entity-connections", "[]"), 200, MISSING)
    ask("", 200, MISSING)
    ask(7, 200, INVALID)
    ask(("a"):rep(33), 200, INVALID)
    ask(("0"):rep(32), 200, NOT_FOUND)
  end)

  it("takes the hyphenated form only by assumption", function()
    local hyphenated = "8a808255-5708-0f10-0157-14a1c0de0005"
    ask(hyphenated, 200, INVALID)
    http.assume { target_entity_id_form = "both" }
    http.taken(http.initiate(hyphenated))
  end)

  it("to oneself is refused, or allowed", function()
    ask(http.global, 200, BUSINESS)
    http.assume { self_connection = "allowed" }
    local id = http.taken(http.initiate(http.global)).id
    http.taken(http.move("accept", id))
  end)

  it("to an unprovisioned entity is refused, or allowed", function()
    ask(AUSTRALIA, 200, BUSINESS)
    http.assume { unprovisioned_target = "allowed" }
    http.taken(http.initiate(AUSTRALIA))
  end)

  it("where there is one is refused, or the same, or new", function()
    ask(http.eu, 200, BUSINESS)
    ask(http.japan, 200, BUSINESS)
    http.assume { duplicate = "same" }
    assert.equal(http.pending_out, http.taken(http.initiate(http.japan)).id)
    http.assume { duplicate = "new" }
    local id = http.taken(http.initiate(http.japan)).id
    assert.not_equal(http.pending_out, id)
    assert.equal("Pending", http.status_of(id))
  end)

  it("after deny or disconnect is new, or the same, or refused", function()
    http.taken(http.move("disconnect", http.connected))
    local id = http.taken(http.initiate(http.global, http.us)).id
    assert.not_equal(http.connected, id)
    http.reset()
    http.taken(http.move("disconnect", http.connected))
    http.assume { again = "refused" }
    ask(http.global, 200, BUSINESS, http.us)
    http.assume { again = "same" }
    assert.equal(http.connected,
      http.taken(http.initiate(http.global, http.us)).id)
    assert.equal("Pending", http.status_of(http.connected))
  end)

  it("sees the one before a last one that vanished", function()
    http.assume { duplicate = "new", denied_status = "vanishes" }
    local id = http.taken(http.initiate(http.japan)).id
    http.taken(http.move("deny", id, http.japan))
    http.assume { duplicate = "same" }
    assert.equal(http.pending_out, http.taken(http.initiate(http.japan)).id)
  end)

  it("in the other direction is allowed, or refused", function()
    http.assume { reverse = "refused" }
    ask(http.us, 200, BUSINESS)
    http.assume { reverse = "allowed" }
    http.taken(http.initiate(http.us))
  end)

  it("may be the global entity's alone", function()
    http.assume { only_global_shares = "yes" }
    ask(INDIA, 200, BUSINESS, http.us)
    http.taken(http.initiate(INDIA))
  end)
end)

describe("permissions", function()
  local A, B, C = http.global, http.us, http.eu
  local ID = "8a8082555575bdae401576a914a14042"

  before_each(function()
    http.scenario {
      entities = {
        { id = A, name = "A" },
        { id = B, name = "B", parentId = A, administrator = false },
        { id = C, name = "C", parentId = A, accessible = false },
      },
      connections = { { id = ID, sourceEntityId = A, targetEntityId = B,
        status = "Pending" } },
    }
    http.sign_in()
  end)

  it("let only administrators write", function()
    http.taken(http.get("/v1/entity-connections", { as = B }))
    http.refused(http.move("accept", ID, B), 200, PERMISSION)
    http.refused(http.move("deny", ID, B), 200, PERMISSION)
    http.refused(http.move("disconnect", ID, B), 200, PERMISSION)
    http.refused(http.initiate(A, B), 200, PERMISSION)
    http.assume { not_administrator = "403" }
    http.refused(http.move("accept", ID, B), 403, PERMISSION)
    assert.equal("Pending", http.status_of(ID))
  end)

  it("let nobody request what he may not enter", function()
    http.refused(http.initiate(C), 200, PERMISSION)
  end)

  it("of the platform stop every write by a token", function()
    http.settings { api_write_access = 0 }
    http.refused(http.move("disconnect", ID), 200, PERMISSION)
    http.taken(http.get "/v1/entity-connections")
  end)
end)
