-- JSON comes and goes the same with either family of lua-cjson: the one that
-- is installed, and the same made to behave as OpenResty's.
local servers = require "spec.support.server"

local ID = "8a80825555a3c7a10155b54a63821c0d"
local DIGITS = "12345678901234567890" -- neither a double nor 64 bits hold it
local FAMILIES = {
  ["the lua-cjson that is installed"] = require "cjson.safe",
  ["one that behaves as OpenResty's"] = require "spec.support.other_cjson",
}

-- Calls fn with all of the Lua layer loaded anew, over that family.
local function with(family, fn)
  local kept = {}
  for name, module in pairs(package.loaded) do
    if name == "cjson.safe" or name == "spec.support.world" or
      name:find "^zuora" and name ~= "zuora.core" then
      kept[name] = module
      package.loaded[name] = nil
    end
  end
  package.loaded["cjson.safe"] = family
  local ok, err = pcall(fn)
  for name in pairs(package.loaded) do
    if name:find "^zuora" and name ~= "zuora.core" then
      package.loaded[name] = nil
    end
  end
  for name, module in pairs(kept) do
    package.loaded[name] = module
  end
  assert(ok, err)
end

-- What a caller sees of a number: its text and, where Lua has integers, which
-- of the two it is.
local function seen(value)
  return ("%s %s"):format(type(value) == "number" and math.type and
    math.type(value) or type(value), tostring(value))
end

local function whole(text)
  return (math.type and "integer " or "number ") .. text
end

local function fraction(text)
  return (math.type and "float " or "number ") .. text
end

local NUMBERS = {
  { "1", whole "1" },
  { "1.0", whole "1" },
  { "-1", whole "-1" },
  { "1e3", whole "1000" },
  { "0.5", fraction "0.5" },
  { "-19.99", fraction "-19.99" },
  { "99999999999999", whole "99999999999999" },
  { "9007199254740993", "string 9007199254740993" },
  { "-9007199254740993", "string -9007199254740993" },
  { DIGITS, "string " .. DIGITS },
  { "-" .. DIGITS, "string -" .. DIGITS },
  { "9223372036854775807", "string 9223372036854775807" },
  { "9223372036854775808", "string 9223372036854775808" },
}

-- The text that a body of client:request is sent as.
local function sent_as(client, body)
  local made, err = client:request { method = "POST", path = "/v1/things",
    body = body, dry_run = true }
  return made and made.body, err
end

for name, family in pairs(FAMILIES) do
  describe(name .. ":", function()
    local server, world, client, zuora, json

    -- As `it`, over the family, with a server and a client.
    local function over(what, fn)
      it(what, function()
        with(family, function()
          server = servers.new()
          world = require("spec.support.world").new(server)
          zuora, json = require "zuora", require "zuora.json"
          client = world:client()
          local ok, err = pcall(fn)
          client:close()
          server:close()
          assert(ok, err)
        end)
      end)
    end

    for _, case in ipairs(NUMBERS) do
      over("reads " .. case[1] .. " as a " .. case[2], function()
        local value = json.decode('{"a":[{"b":' .. case[1] .. "}]}")
        assert.equal(case[2], seen(value.a[1].b))
      end)
    end

    over("a large whole number is exact, or a string", function()
      local value = json.decode '{"n":9007199254740992}'
      assert.is_true(value.n == 2 ^ 53)
    end)

    over("an id is a string, in an answer too", function()
      server:script {
        { body = '{"id":' .. DIGITS .. ',"success" : true}' },
        { body = '{"success":true,"tenantId":6398,"parentId" : 7 }' },
      }
      assert.equal(DIGITS, assert(client.connections.initiate(ID)).id)
      local entity = assert(client.entities.get(ID))
      assert.equal("6398", entity.tenantId)
      assert.equal("7", entity.parentId)
    end)

    over("a change is settled by ids that are numbers", function()
      server:script({}, function(request)
        if request.method == "POST" then
          return 503
        end
        return { body = ([[{"success":true,"entityConnections":[{"id":%s1,
          "sourceEntityId":1,"targetEntityId":%s,"status":"Pending"}]}]])
          :format(DIGITS, DIGITS) }
      end)
      local made = assert(client.connections.initiate(DIGITS))
      assert.equal(DIGITS .. "1", made.id)
      assert.equal("Pending", made.meta.settled)
    end)

    over("processId is a string, a reason's code a whole number", function()
      server:script { { body = '{"success":false,"processId":' .. DIGITS ..
        ',"reasons":[{"code":53100020,"message":"no"}]}' } }
      local none, err = client.entities.get(ID)
      assert.is_nil(none)
      assert.equal(DIGITS, err.process_id)
      assert.equal(whole "53100020", seen(err.code))
      assert.equal(whole "53100020", seen(err.reasons[1].code))
    end)

    over("an empty array and an empty object are empty tables", function()
      local value = json.decode '{"a":[],"b":{},"c":[[]]}'
      assert.same({ a = {}, b = {}, c = { {} } }, value)
      assert.is_nil(getmetatable(value.a))
      assert.equal("{}", json.encode(value.a))
    end)

    over("an empty table is sent as {}, zuora.empty_array as []", function()
      assert.equal('{"a":{}}', sent_as(client, { a = {} }))
      assert.equal('{"a":[]}', sent_as(client, { a = zuora.empty_array }))
      assert.equal("[[],[]]", sent_as(client, { zuora.empty_array,
        zuora.empty_array }))
      assert.equal("[]", sent_as(client, zuora.empty_array))
    end)

    over("what looks like an empty array in a string stays", function()
      local text = '["\0"] \\["\0"]'
      assert.same({ text }, json.decode(json.encode { text }))
    end)

    over("numbers are sent whole, fractions in 14 digits", function()
      assert.equal("[1,1,-7,19.99,99999999999999]",
        sent_as(client, { 1, 1.0, -7, 19.99, 99999999999999 }))
      assert.equal("[0.33333333333333]", sent_as(client, { 1 / 3 }))
    end)

    over("a whole number that would be rounded is not sent", function()
      for _, number in ipairs { 123456789012345, -1e15, 2 ^ 60 } do
        local none, err = sent_as(client, { deep = { number } })
        assert.is_nil(none)
        assert.equal("argument", err.kind)
        assert.equal("body", err.parameter)
        assert.truthy(err.message:find "14 digits")
      end
    end)

    over("what cannot be written is an error of the argument", function()
      local round = {}
      round[1] = round
      for _, body in ipairs { { 0 / 0 }, { print }, round } do
        local none, err = sent_as(client, body)
        assert.is_nil(none)
        assert.equal("argument", err.kind)
      end
    end)

    over("null is cjson's", function()
      assert.equal(require("cjson").null, json.decode("[null]")[1])
    end)

    over("the program's own settings change nothing", function()
      local own = require "cjson"
      if own.decode_array_with_array_mt then
        own.decode_array_with_array_mt(true)
        own.encode_empty_table_as_object(false)
      end
      local value, text = json.decode "[]", json.encode {}
      if own.decode_array_with_array_mt then
        own.decode_array_with_array_mt(false)
        own.encode_empty_table_as_object(true)
      end
      assert.is_nil(getmetatable(value))
      assert.equal("{}", text)
    end)
  end)
end
