-- The control API.
local cjson = require "cjson"
local http = require "spec.sandbox.http"
local shell = require "spec.tools.shell"

local LIST = "/v1/entity-connections"

before_each(http.reset)

local function refused(method, path, body, wanted)
  local answer = http.try(method, path, body)
  assert.equal(400, answer.status)
  assert.is_false(answer.json.success)
  assert.truthy(answer.json.message:find(wanted, 1, true), answer.json.message)
end

describe("a reset", function()
  it("brings all back to the start", function()
    local before = http.state()
    http.taken(http.move("accept", http.pending_in))
    http.log_in()
    http.fault { kind = "html", operation = "none" }
    http.settings { latency = 0.001, token_entities = { http.us } }
    http.assume { again = "same" }
    http.advance(50)
    http.scenario { name = "empty" }
    http.reset()
    local after = http.state()
    for _, name in ipairs { "now", "token" } do
      before[name], after[name] = nil, nil
    end
    assert.same(before, after)
    assert.same({}, http.try("GET", "faults").json)
    assert.same({ token = 1 }, http.effects())
    assert.equal(1, #http.journal())
  end)

  it("can keep the tokens", function()
    local token = http.bearer
    http.try("POST", "reset", { keep_tokens = true })
    http.taken(http.get(LIST))
    http.reset()
    assert.not_equal(token, http.bearer)
    http.bearer = token
    assert.equal(401, http.get(LIST).status)
  end)
end)

describe("a scenario", function()
  it("is one of those that are there", function()
    http.scenario { name = "many", n = 7 }
    assert.equal(7, http.state().connection_count)
    http.scenario { name = "many", parameters = { n = 8 } }
    assert.equal(8, http.state().connection_count)
    http.scenario { name = "empty" }
    assert.equal(0, http.state().connection_count)
    assert.equal("empty", http.state().scenario)
    refused("POST", "scenario", { name = "x" },
      "unknown scenario x; known: demo, empty, many")
    refused("POST", "scenario", { name = "many", n = -1 }, "n is a number")
  end)

  it("is one's own, with settings and assumptions", function()
    http.scenario {
      entities = { { id = http.global, name = "A" },
        { id = http.us, name = "B", parentId = http.global,
          status = "Unprovisioned", locale = "ja_JP" } },
      connections = { { sourceEntityId = http.global,
        targetEntityId = http.us, status = "Odd" } },
      settings = { latency = 0.01 }, assumptions = { again = "same" },
    }
    local state = http.state()
    assert.equal("inline", state.scenario)
    assert.equal("Odd", state.connections[1].status)
    assert.equal(32, #state.connections[1].id)
    assert.equal("ja_JP", state.entities[2].locale)
    assert.equal("A", state.entities[1].displayName)
    assert.equal(0.01, state.settings.latency)
    assert.equal("same", state.assumptions.again)
  end)

  local root = { id = http.global, name = "A" }
  for wanted, scenario in pairs {
    ["an entity needs an id of 32 hex digits"] = { entities = { { id = "x",
      name = "x" } } },
    ["two entities with the id"] = { entities = { root, root } },
    ["one entity without a parentId"] = { entities = { root,
      { id = http.us, name = "B" } } },
    ["the id of a parent"] = { entities = { root, { id = http.us, name = "B",
      parentId = http.eu } } },
    ["an entity without a parentId"] = { entities = {} },
    ["an entity has no colour"] = { entities = { { id = http.global,
      name = "A", colour = 1 } } },
    ["an entity's locale is a string"] = { entities = { { id = http.global,
      name = "A", locale = 1 } } },
    ["Provisioned or Unprovisioned"] = { entities = { { id = http.global,
      name = "A", status = "x" } } },
    ["targetEntityId is no entity"] = { entities = { root },
      connections = { { sourceEntityId = http.global } } },
    ["unknown setting x"] = { entities = { root }, settings = { x = 1 } },
    ["unknown assumption x"] = { entities = { root },
      assumptions = { x = "1" } },
  } do
    it("that is wrong is refused, and all stays: " .. wanted, function()
      local before = http.state()
      before.now = nil
      refused("POST", "scenario", { scenario = scenario }, wanted)
      local after = http.state()
      after.now = nil
      assert.same(before, after)
    end)
  end
end)

describe("the journal", function()
  it("has each call as it was sent", function()
    http.get(LIST .. "?type=inbound", { headers = { ["X-A"] = "b" } })
    http.post(LIST, { targetEntityId = "none" })
    local calls = http.journal()
    assert.equal(3, #calls)
    assert.equal("oauth.token", calls[1].operation)
    local list, initiate = calls[2], calls[3]
    assert.equal("GET", list.method)
    assert.equal(LIST .. "?type=inbound", list.target)
    assert.equal("b", list.headers["x-a"])
    assert.equal("HTTP/1.1", list.protocol)
    assert.equal(http.global, list.entity)
    assert.equal(200, list.status)
    assert.equal(cjson.null, list.effect)
    assert.same({ targetEntityId = "none" }, cjson.decode(initiate.body))
    assert.is_true(initiate.connection ~= list.connection)
    assert.is_true(initiate.time >= list.time)
  end)

  it("is read in part", function()
    http.get(LIST)
    http.get "/v1/nothing"
    http.move("accept", http.pending_in)
    local function numbers(query)
      local list = {}
      for i, entry in ipairs(http.journal(query)) do
        list[i] = entry.n
      end
      return list
    end
    assert.same({ 2 }, numbers "?operation=connections.list")
    assert.same({ 3, 4 }, numbers "?since=2")
    assert.same({ 3 }, numbers "?since=2&limit=1")
    assert.same({ 3 }, numbers "?status=404")
    assert.same({ 4 }, numbers("?effect=accepted%20" .. http.pending_in))
    assert.equal(2, http.journal("?since=2&count=1").count)
    assert.same({ { n = 2, status = 200 } },
      http.journal "?since=1&limit=1&fields=n,status")
    refused("GET", "journal?colour=red", nil, "no filter colour=red; known:")
    refused("GET", "journal?since=x", nil, "no filter since=x")
  end)

  it("keeps as many as is set, and counts all", function()
    http.settings { journal_limit = 2 }
    for _ = 1, 4 do
      http.get(LIST)
    end
    local calls = http.journal()
    assert.equal(2, #calls)
    assert.equal(5, calls[2].n)
    assert.equal(4, http.try("GET", "effects").json.calls["connections.list"])
    http.try("DELETE", "journal")
    assert.same({}, http.journal())
    assert.same({}, http.effects())
  end)

  it("of 20000 calls is read in a moment", function()
    http.settings { rate_limit = 0 }
    shell.must(("yes 'url=%s/v1/_shape/login' | head -n 20000 | " ..
      "curl -s -K - >/dev/null"):format(http.plain_url))
    local start = os.time()
    assert.equal(20000, #http.journal())
    assert.equal(20000, http.journal("?status=401&count=1").count)
    assert.is_true(os.time() - start <= 10)
  end)
end)

describe("the clock", function()
  it("is moved, also back, until the reset", function()
    local now = http.state().now
    http.advance(1000)
    http.advance(-100)
    assert.equal(900, http.state().clock_offset)
    assert.is_true(http.state().now >= now + 900)
    refused("POST", "clock", { advance = "1" }, "advance is a number")
    refused("POST", "clock", "{}", "advance is a number")
    http.reset()
    assert.equal(0, http.state().clock_offset)
  end)
end)

describe("assumptions", function()
  it("are described, and set all or none", function()
    local all = http.try("GET", "assumptions").json
    assert.is_true(#all > 50)
    for _, one in ipairs(all) do
      assert.equal(one.default, one.value)
      assert.equal(one.default, one.choices[1])
      assert.equal("string", type(one.about))
    end
    refused("POST", "assumptions", { again = "same", x = "1" },
      "unknown assumption x; known: missing_entity,")
    refused("POST", "assumptions", { again = "never" },
      "assumption again cannot be never; it can be: new, same, refused")
    assert.equal("new", http.state().assumptions.again)
  end)

  -- A choice that no spec makes might as well not be there.
  it("have each choice tried by a spec", function()
    local specs = shell.must "cat spec/sandbox/*_spec.lua"
    local missing = {}
    for _, one in ipairs(http.try("GET", "assumptions").json) do
      for i = 2, #one.choices do
        local text = ('%s = "%s"'):format(one.name, one.choices[i])
        if not specs:find(text, 1, true) then
          missing[#missing + 1] = text
        end
      end
    end
    assert.same({}, missing)
  end)
end)

describe("settings", function()
  it("are set all or none, and null sets the default", function()
    http.settings { latency = 0.01, rate_limit = 7 }
    assert.equal(7, http.try("GET", "settings").json.rate_limit)
    http.try("POST", "settings", '{"latency":null,"rate_limit":null}')
    assert.equal(50000, http.state().settings.rate_limit)
    refused("POST", "settings", { rate_limit = 9, x = 1 }, "unknown setting x")
    refused("POST", "settings", { latency = -1 }, "a number, 0 or more")
    refused("POST", "settings", '{"x":null}', "unknown setting x")
    refused("POST", "settings", { token_entities = "x" }, "an array of ids")
    refused("POST", "settings", { home_entity = 1 }, "home_entity is an id")
    assert.equal(50000, http.state().settings.rate_limit)
  end)
end)

describe("any other control", function()
  it("is refused, with those that there are", function()
    local answer = http.try("GET", "nothing")
    assert.equal(404, answer.status)
    assert.truthy(answer.json.message:find("POST clock, POST faults", 1, true))
    assert.equal(404, http.try("GET", "reset").status)
    assert.equal(404, http.try("GET", "state/x").status)
    refused("POST", "reset", "7", "the body is no JSON object")
  end)
end)
