-- The module zuora.core: its tables, its functions, its engines' options.
local core = require "zuora.core"
local support = require "spec.binding.support"

local function find(list, name)
  for _, entry in ipairs(list) do
    if entry.name == name then
      return entry
    end
  end
end

describe("zuora.core", function()
  it("has a version", function()
    assert.matches("^%d+%.%d+%.%d+$", core.version)
  end)

  it("describes each operation", function()
    for index, operation in ipairs(core.operations) do
      assert.equal(index, operation.index)
      assert.matches("^%l+[%l.]*$", operation.name)
      assert.is_string(operation.about)
      assert.is_boolean(operation.writes)
      local positional = 0
      for place, parameter in ipairs(operation.parameters) do
        assert.matches("^[%l_]+$", parameter.name)
        assert.is_string(parameter.about)
        assert.is_boolean(parameter.required)
        if parameter.positional then
          positional = positional + 1
          assert.equal(place, positional)
        end
      end
      assert.equal(positional, operation.positional)
    end
  end)

  it("describes them as they are", function()
    local initiate = find(core.operations, "connections.initiate")
    assert.equal("POST", initiate.method)
    assert.equal("/v1/entity-connections", initiate.path)
    assert.is_true(initiate.writes)
    assert.is_true(initiate.keyed)
    assert.is_false(initiate.final)
    local target = initiate.parameters[1]
    assert.same({ name = "target_entity_id", wire = "targetEntityId",
      about = target.about, kind = "string", place = "body", minimum = 1,
      maximum = 32, required = true, positional = true }, target)
    assert.is_true(find(core.operations, "connections.disconnect").final)
    assert.is_true(find(core.operations, "oauth.token").internal)
    assert.is_true(find(core.operations, "session.establish").unsigned)
    assert.equal("entityConnections",
      find(core.operations, "connections.list").items)
    local request = find(core.operations, "request")
    assert.is_nil(request.method)
    assert.equal("pairs", find(request.parameters, "query").kind)
    assert.equal("target", find(request.parameters, "path").place)
    assert.equal("content", find(request.parameters, "body").place)
    local secret = find(find(core.operations, "session.establish").parameters,
      "api_secret_access_key")
    assert.equal("api_secret_access_key", secret.secret)
  end)

  it("describes a parameter once, however many operations have it", function()
    local accept = find(core.operations, "connections.accept").parameters
    local deny = find(core.operations, "connections.deny").parameters
    local name = "zuora_track_id"
    assert.is_table(find(accept, name))
    assert.equal(find(accept, name), find(deny, name))
  end)

  it("describes the table of retries", function()
    assert.is_true(#core.rules > 10)
    assert.same({ name = "rate limited",
      source = "Zuora's guide to error handling: 429, honouring Retry-After",
      ended = "ok", low = 429, high = 429, uncertain = false,
      again = "always", told = true }, find(core.rules, "rate limited"))
    assert.is_false(find(core.rules, "no connection").sent)
    assert.equal(60, find(core.rules, "internal error").category)
    assert.equal("once", find(core.rules, "internal error").again)
    assert.equal("never", core.rules[#core.rules].again)
  end)

  it("has a clock, chance and ids", function()
    local before = core.clock()
    assert.is_true(core.clock() >= before)
    local chance = core.chance()
    assert.is_true(chance >= 0 and chance <= 1)
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", core.uuid())
    assert.equal(36, #core.uuid())
    assert.are_not.equal(core.uuid(), core.uuid())
    assert.is_false(core.is_terminal(-1))
  end)
end)

describe("core.engine", function()
  it("wants a table with a base URL", function()
    assert.error_matches(function() core.engine() end, "table expected")
    assert.error_matches(function() core.engine {} end, "base_url is required")
  end)

  it("raises where an option has the wrong type", function()
    local function with(name, value)
      return function()
        core.engine { base_url = "https://rest.zuora.com", [name] = value }
      end
    end
    assert.error_matches(with("base_url", 1),
      "base_url must be a string, not a number")
    assert.error_matches(with("ca_file", true),
      "ca_file must be a string, not a boolean")
    assert.error_matches(with("proxy", {}), "proxy must be a string")
    assert.error_matches(with("user_agent", "a\0b"),
      "user_agent may not hold a NUL byte")
    assert.error_matches(with("timeout", "5"),
      "timeout must be a number, not a string")
    for _, value in ipairs { 0, -1, 1e10, 0 / 0, 1 / 0 } do
      assert.error_matches(with("timeout", value), "timeout must be more than")
      assert.error_matches(with("max_body", value), "max_body must be more")
    end
  end)

  it("tells what is wrong with a value", function()
    local engine, kind, message, parameter = core.engine {
      base_url = "http://rest.zuora.com" }
    assert.is_nil(engine)
    assert.equal("argument", kind)
    assert.matches("must be https", message)
    assert.equal("base_url", parameter)
    engine, kind, message, parameter = core.engine {
      base_url = "https://rest.zuora.com", max_concurrency = 0.5 }
    assert.is_nil(engine)
    assert.equal("argument", kind)
    assert.equal("must be at least 1", message)
    assert.equal("max_concurrency", parameter)
  end)

  it("opens nothing by itself", function()
    local engine = support.engine { base_url = "https://rest.zuora.com:443/x/" }
    assert.equal("https://rest.zuora.com/x", engine:base_url())
    assert.equal(-1, engine:fd())
    assert.equal(-1, engine:timeout())
    assert.equal(0, engine:busy())
    assert.equal(0, engine:step(0))
    assert.is_nil(engine:ended())
    engine:cancel()
    engine:close()
  end)

  it("may be closed twice, and knows it", function()
    local engine = support.engine()
    assert.is_false(engine:closed())
    engine:close()
    engine:close()
    assert.is_true(engine:closed())
    for _, name in ipairs { "step", "fd", "timeout", "busy", "cancel", "ended",
      "base_url" } do
      assert.error_matches(function() engine[name](engine) end,
        "the client is closed")
    end
    assert.error_matches(function() engine:set_secret("session", "x") end,
      "the client is closed")
    assert.error_matches(function() engine:secret "session" end,
      "the client is closed")
    assert.error_matches(function() engine:set_default("entity_id", "x") end,
      "the client is closed")
    assert.equal("****", engine:redact "text")
    local exchange, kind, message = engine:exchange(1, nil)
    assert.is_nil(exchange)
    assert.equal("misuse", kind)
    assert.equal("the client is closed", message)
  end)

  it("takes no other object for itself", function()
    local engine = support.engine()
    local exchange = assert(support.exchange(engine, "connections.list"))
    for _, other in ipairs { exchange, io.stdout, {}, "x", 1 } do
      assert.error_matches(function() engine.busy(other) end,
        "zuora.engine expected")
      assert.error_matches(function() exchange.done(other ~= exchange and other
        or engine) end, "zuora.exchange expected")
    end
    assert.error_matches(function() engine.busy() end, "zuora.engine expected")
    assert.equal("private", getmetatable(engine))
    assert.is_nil(engine.nothing)
    engine:close()
  end)
end)

describe("secrets and defaults", function()
  local engine
  before_each(function() engine = support.engine() end)
  after_each(function() engine:close() end)

  it("are kept and forgotten", function()
    assert.is_nil(engine:secret "access_token")
    assert.is_true(engine:set_secret("access_token", "abcdef"))
    assert.is_string(engine:secret "access_token")
    assert.is_true(engine:set_secret("access_token", nil))
    assert.is_nil(engine:secret "access_token")
  end)

  it("are looked at", function()
    local ok, kind, message, name = engine:set_secret("session", "a\nb")
    assert.is_nil(ok)
    assert.equal("argument", kind)
    assert.matches("control characters", message)
    assert.equal("session", name)
    assert.error_matches(function() engine:set_secret("password", "x") end,
      "no such secret")
    assert.error_matches(function() engine:set_secret("session", {}) end,
      "string expected")
  end)

  it("are masked", function()
    engine:set_secret("client_secret", "s3cr/et+x")
    assert.equal("<*********>", engine:redact "<s3cr/et+x>")
    assert.equal("<" .. ("*"):rep(10) .. ">", engine:redact "<s3cr\\/et+x>")
    assert.equal("<" .. ("*"):rep(13) .. ">", engine:redact "<s3cr%2Fet%2bx>")
    assert.equal("a\0b", engine:redact "a\0b")
    assert.error_matches(function() engine:redact {} end, "string expected")
  end)

  it("stand in for what a call does not give", function()
    assert.is_true(engine:set_default("zuora_entity_ids", "e1"))
    local exchange = assert(support.exchange(engine, "entities.list"))
    local _, _, lines = exchange:request()
    assert.same({ "Accept: application/json", "Zuora-Entity-Ids: e1" }, lines)
    assert.is_true(exchange:names_entity())
    local ok, kind, message = engine:set_default("page_size", "3")
    assert.is_nil(ok)
    assert.equal("misuse", kind)
    assert.equal("there is no default for page_size", message)
    ok, kind = engine:set_default("zuora_track_id", ":")
    assert.is_nil(ok)
    assert.equal("argument", kind)
  end)
end)

describe("quote_numbers", function()
  local quote = core.quote_numbers

  it("makes strings of whole numbers that a double does not hold", function()
    for _, text in ipairs { "9007199254740993", "-9007199254740993",
      "10000000000000000", "123456789012345678901234567890" } do
      assert.same({ '["' .. text .. '"]', false },
        { quote("[" .. text .. "]") })
    end
  end)

  it("leaves other numbers, and tells that there are some", function()
    for _, text in ipairs { "0", "-1", "9007199254740992", "-9007199254740992",
      "0.12345678901234567890", "12345678901234567890.5",
      "12345678901234567890e3" } do
      assert.same({ "[" .. text .. "]", true }, { quote("[" .. text .. "]") })
    end
    assert.same({ '{"a":true}', false }, { quote '{"a":true}' })
    assert.same({ "", false }, { quote "" })
  end)

  it("makes a string of an id, by its member's name", function()
    assert.equal('{"id":"1","aId" : "-2","Id":\n"3"}',
      quote '{"id":1,"aId" : -2,"Id":\n3}')
    for _, text in ipairs { '{"paid":1}', '{"ids":1}', '{"i":1}', '{"":1}',
      '["id",1]', '{"id":[1]}', '{"aId":1.5}', '{"aId":null,"b":1}' } do
      assert.equal(text, quote(text))
    end
  end)

  it("looks into no string", function()
    for _, text in ipairs { [["12345678901234567890"]], [["\"id\":1"]],
      [["\\\"id\":1"]], [["id":"1]], [["]], [["\]], [["\"]] } do
      assert.same({ text, false }, { quote(text) })
    end
    assert.equal([[{"a\\":1,"id":"2"}]], quote [[{"a\\":1,"id":2}]])
    assert.same({ [[{"a\"":7}]], true }, { quote [[{"a\"":7}]] })
  end)

  it("makes no JSON of what is none, and the other way round", function()
    local cjson = require("cjson.safe").new()
    cjson.decode_invalid_numbers(false)
    local parts = { "{", "}", "[", "]", ",", ":", " ", "-", "0", "12", ".5",
      "e1", "E+", '"id"', '"aId"', '"a\\"', '"', "\\", "true", "0x1", "\0",
      "9007199254740993" }
    local read = 0
    math.randomseed(1)
    for _ = 1, 20000 do
      local text = { "[" }
      for i = 2, math.random(2, 8) do
        text[i] = parts[math.random(#parts)]
      end
      text[#text + 1] = "]"
      text = table.concat(text)
      if math.random(2) == 1 then
        text = '{"id":' .. text:sub(2, -2) .. "}"
      end
      local plain, quoted = cjson.decode(text), cjson.decode((quote(text)))
      assert.equal(type(plain), type(quoted), text)
      read = read + (plain and 1 or 0)
    end
    assert.is_true(read > 100)
  end)

  -- A text without a backslash is looked through for any number first. One at
  -- its end changes nothing else, but leaves all to the careful pass.
  it("says the same whether it looks first or not", function()
    local parts = { '""', '"id"', '"1"', '"a-1"', "{", "}", "[", "]", ",", ":",
      " ", "\n", "true", "x", "\0", "\200", '"' .. ("8a"):rep(16) .. '"',
      '"' .. ("9"):rep(61) .. '"', '{"aId":"' .. ("0"):rep(32) .. '"}' }
    local odd = { '"', "7", "-", "12345678901234567890", '"id":5', "/", ":" }
    local none = 0
    math.randomseed(3)
    for _ = 1, 30000 do
      local made = {}
      for i = 1, math.random(0, 24) do
        made[i] = parts[math.random(#parts)]
      end
      for _ = 1, math.random(0, 2) do
        table.insert(made, math.random(#made + 1), odd[math.random(#odd)])
      end
      local text = table.concat(made)
      local quoted, others = quote(text)
      assert.same({ quoted .. "\\", others }, { quote(text .. "\\") })
      none = none + (quoted == text and not others and 1 or 0)
    end
    assert.is_true(none > 5000 and none < 25000)
  end)

  it("finds a number wherever it stands", function()
    for _, before in ipairs { 0, 1, 62, 63, 64, 65, 127, 128, 500 } do
      for _, text in ipairs { (" "):rep(before), '"' .. ("1"):rep(before) ..
        '"' } do
        assert.same({ text, false }, { quote(text) })
        assert.same({ text .. "7", true }, { quote(text .. "7") })
        assert.same({ text .. "-1 ", true }, { quote(text .. "-1 ") })
        assert.same({ text .. ':"' .. ("9"):rep(16) .. '"', false },
          { quote(text .. ":" .. ("9"):rep(16)) })
      end
    end
  end)
end)
