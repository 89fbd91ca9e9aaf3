-- For which entity a call is, and the tree of entities.
local http = require "spec.sandbox.http"

local LIST = "/v1/entity-connections?pageSize=300"
local BAD_ENTITY = 90000020
local US_HYPHENATED = "8a808255-55a3-c7a1-0155-b46120d058e7"

local function list_as(as, headers)
  return http.get(LIST, { as = as, headers = headers })
end

-- Whether each connection that was listed is one of this entity.
local function is_of(answer, entity)
  local list = http.taken(answer).entityConnections
  assert.is_true(#list > 0)
  for _, one in ipairs(list) do
    assert.is_true(one.sourceEntityId == entity or one.targetEntityId == entity)
  end
end

before_each(http.reset)

describe("the entity of a call", function()
  it("is named by its id in either form, by assumption in one", function()
    is_of(list_as(http.us), http.us)
    is_of(list_as(US_HYPHENATED), http.us)
    http.assume { entity_id_form = "hex" }
    is_of(list_as(http.us), http.us)
    http.refused(list_as(US_HYPHENATED), 400, BAD_ENTITY)
    http.assume { entity_id_form = "hyphenated" }
    is_of(list_as(US_HYPHENATED), http.us)
    http.refused(list_as(http.us), 400, BAD_ENTITY)
  end)

  it("is named by the older headers, or they are ignored", function()
    is_of(list_as(false, { entityId = http.us }), http.us)
    is_of(list_as(false, { entityName = "Acme US" }), http.us)
    http.assume { legacy_entity_headers = "ignored" }
    is_of(list_as(http.eu, { entityId = http.us }), http.eu)
  end)

  it("is named by one header only", function()
    local both = { entityId = http.us, entityName = "Acme US" }
    http.refused(list_as(false, both), 400, BAD_ENTITY)
    http.assume { two_entity_headers = "200" }
    http.refused(list_as(false, both), 200, BAD_ENTITY)
    http.assume { two_entity_headers = "first" }
    is_of(list_as(http.eu, both), http.eu)
  end)

  it("is one, not several", function()
    local two = http.us .. "," .. http.eu
    http.refused(list_as(two), 400, BAD_ENTITY)
    http.assume { several_entity_ids = "first" }
    is_of(list_as(two), http.us)
  end)

  it("is missing where the token is for several", function()
    http.refused(list_as(false), 400, BAD_ENTITY)
    http.assume { missing_entity = "200" }
    http.refused(list_as(false), 200, BAD_ENTITY)
    http.assume { missing_entity = "401" }
    http.refused(list_as(false), 401, BAD_ENTITY)
    http.assume { missing_entity = "home" }
    is_of(list_as(false), http.global)
    http.settings { home_entity = http.us }
    is_of(list_as(false), http.us)
  end)

  it("is the token's where that is for one", function()
    http.settings { token_entities = { http.us } }
    http.sign_in()
    is_of(list_as(false), http.us)
    http.refused(list_as(http.eu), 400, BAD_ENTITY)
  end)

  it("is the user's own with keys, and the login's in a session", function()
    http.settings { home_entity = http.eu }
    is_of(http.get(LIST, { auth = false, as = false, headers = http.keys() }),
      http.eu)
    local cookie = http.log_in { as = http.us }
    local function list()
      return http.get(LIST, { as = false, headers = { Cookie = cookie } })
    end
    is_of(list(), http.us)
    http.assume { session_entity = "user" }
    is_of(list(), http.eu)
  end)

  it("has to be one that the user may enter", function()
    for _, choice in ipairs { { bad_entity = "400" }, { bad_entity = "200" },
      { bad_entity = "401" }, { bad_entity = "403" } } do
      http.assume(choice)
      http.refused(list_as(("0"):rep(32)), tonumber(choice.bad_entity),
        BAD_ENTITY)
    end
    -- Unprovisioned.
    http.refused(list_as "8a80825557080f10015714a1c0de0006", 403, BAD_ENTITY)
    http.scenario { entities = { { id = http.global, name = "A" },
      { id = http.us, name = "B", parentId = http.global,
        accessible = false } } }
    http.sign_in()
    http.refused(list_as(http.us), 403, BAD_ENTITY)
  end)
end)

describe("entities", function()
  it("are listed, all or by whether they are provisioned", function()
    local all = http.taken(http.get "/v1/entities").entities
    local used = http.taken(http.get "/v1/entities?provisioned=true").entities
    local rest = http.taken(http.get "/v1/entities?provisioned=false").entities
    assert.equal(11, #all)
    assert.equal(10, #used)
    assert.equal("Acme Australia", rest[1].name)
    http.refused(http.get "/v1/entities?provisioned=maybe", 200, 20)
  end)

  it("are a tree", function()
    local roots, by_id = 0, {}
    for _, one in ipairs(http.taken(http.get "/v1/entities").entities) do
      by_id[one.id] = one
      roots = roots + (type(one.parentId) == "string" and 0 or 1)
      assert.is_true(type(one.parentId) ~= "string" or
        by_id[one.parentId] ~= nil)
      assert.equal("6398", one.tenantId)
    end
    assert.equal(1, roots)
  end)

  it("are got one by one", function()
    local one = http.taken(http.get("/v1/entities/" .. http.us))
    assert.equal("Acme US", one.name)
    assert.equal("Provisioned", one.status)
    local reason = http.refused(http.get "/v1/entities/none", 200, 40)
    assert.equal("Cannot find entity by key: 'none'.", reason.message)
    http.assume { unknown_object = "404" }
    http.refused(http.get "/v1/entities/none", 404, 40)
  end)

  it("are created and provisioned by the global entity", function()
    local row = { name = "Acme Peru", locale = "es_PE",
      timezone = "America/Lima", parentId = http.us }
    http.refused(http.post("/v1/entities", row, { as = http.us }), 200, 10)
    http.refused(http.post("/v1/entities", { name = "x" }), 200, 22)
    local made = http.taken(http.post("/v1/entities", row))
    assert.equal("Unprovisioned", made.status)
    assert.equal("Acme Peru", made.displayName)
    http.refused(http.post("/v1/entities", row), 200, 30)
    local path = "/v1/entities/" .. made.id .. "/provision"
    http.taken(http.call("PUT", path))
    http.refused(http.call("PUT", path), 200, 30)
    assert.equal(1, http.effects()["provisioned " .. made.id])
  end)

  it("that a user may enter are told", function()
    local user = http.keys().apiAccessKeyId:gsub("@", "%%40")
    local path = "/v1/users/%s/accessible-entities"
    assert.equal(10, #http.taken(http.get(path:format(user))).entities)
    http.refused(http.get(path:format "nobody"), 200, 40)
  end)
end)
