-- The shapes in which Zuora and what stands before it say that something
-- failed, as documents and recorded traffic show them; and hostile ones.
local json = require "zuora.json"
local shapes = require "zuora.shapes"

local MESSAGE = "this resource is protected, please sign in first"

-- A name, JSON, what `failed` says of it, the reasons.
local KNOWN = {
  { "v1", '{"success":false,"processId":"CBCFED6580B4E076","reasons":' ..
    '[{"code":53100320,"message":"a"},{"code":53100321,"message":"b"}]}',
    "all", { { code = 53100320, message = "a" },
      { code = 53100321, message = "b" } } },
  { "login", '{"success":false,"reasons":[{"code":90000011,"message":"' ..
    MESSAGE .. '"}]}', "all", { { code = 90000011, message = MESSAGE } } },
  { "a code that is text",
    '{"reasons":[{"code":"SystemError","message":"a"}]}', "all",
    { { code = "SystemError", message = "a" } } },
  { "digits that are text",
    '{"reasons":[{"code":"53400070","message":"a"}]}', "all",
    { { code = "53400070", message = "a" } } },
  { "rate limit", '{"reasons":[{"code":70,"message":"a"}]}', "all",
    { { code = 70, message = "a" } } },
  { "message", '{"message":"Authentication error"}', nil,
    { { message = "Authentication error" } } },
  { "CRUD", '{"Success":false,"Errors":[{"Code":"INVALID_VALUE",' ..
    '"Message":"a"}]}', "all", { { code = "INVALID_VALUE", message = "a" } } },
  { "actions, all", '[{"Success":false,"Errors":[{"Code":"A",' ..
    '"Message":"a"}]},{"Success":false,"Errors":[{"Code":"B",' ..
    '"Message":"b"}]}]', "all", { { code = "A", message = "a" },
      { code = "B", message = "b" } } },
  { "actions, some", '[{"Success":true,"Id":"1"},{"Success":false,' ..
    '"Errors":[{"Code":"B","Message":"b"}]}]', "some",
    { { code = "B", message = "b" } } },
  { "actions, none", '[{"Success":true,"Id":"1"}]', nil, nil },
  { "fault", '{"faultcode":"fns:INVALID_SESSION","faultstring":"a"}', "all",
    { { code = "fns:INVALID_SESSION", message = "a" } } },
  { "workflow", '{"errors":[{"code":"404","status":404,"title":"a"}]}', nil,
    { { code = "404", message = "a" } } },
  { "custom objects", '{"code":12,"message":"a","details":["x"]}', nil,
    { { code = 12, message = "a" } } },
  { "errorMessage", '{"errorMessage":"a"}', nil, { { message = "a" } } },
  { "error object", '{"error":{"code":"x","message":"a"}}', nil,
    { { code = "x", message = "a" } } },
  { "gateway", '{"timestamp":1,"status":401,"error":"Unauthorized",' ..
    '"message":"a","path":"/oauth/token"}', nil, { { message = "a" } } },
  { "OAuth", '{"error":"Unauthorized","status":401}', nil,
    { { message = "Unauthorized" } } },
  { "success", '{"success":true,"reasons":[{"code":1,"message":"a"}]}',
    nil, { { code = 1, message = "a" } } },
  { "a list", '{"entityConnections":[]}', nil, nil },
  { "a list of faults", '{"faultcode":null,"faultstring":null}', nil, nil },
  { "no reason", '{"success":false}', "all", nil },
}

describe("a body", function()
  for _, row in ipairs(KNOWN) do
    it("of the shape: " .. row[1], function()
      local body = assert(json.decode(row[2]))
      assert.equal(row[3], shapes.failed(body))
      assert.same(row[4], shapes.reasons(body))
    end)
  end
end)

-- Every field that is looked at, with every type of value in its place.
local FIELDS = { "success", "Success", "reasons", "Errors", "errors",
  "faultcode", "faultstring", "error", "code", "message", "errorMessage" }
local VALUES = { "null", "true", "false", "0", "-1.5", "1e400", '""', '"x"',
  "[]", "{}", "[null]", "[[]]", "[{}]", '["x"]', "[1,null,{}]",
  '{"code":{},"message":[]}', '[{"code":null,"message":null}]',
  '[{"code":[],"message":{}}]', '[{"Code":true,"Message":1,"title":{}}]' }

-- What answer.lua and errors.lua rely on.
local function check(body)
  local failed = shapes.failed(body)
  assert.is_true(failed == nil or failed == "all" or failed == "some")
  local reasons = shapes.reasons(body)
  if reasons then
    assert.is_true(#reasons > 0)
    for _, reason in ipairs(reasons) do
      local code, message = reason.code, reason.message
      assert.is_true(code ~= nil or message ~= nil)
      assert.is_true(code == nil or type(code) == "number" or
        type(code) == "string")
      assert.is_true(message == nil or type(message) == "string")
    end
  end
end

describe("a hostile body", function()
  it("has wrong types everywhere", function()
    for _, field in ipairs(FIELDS) do
      for _, value in ipairs(VALUES) do
        local text = ('{"%s":%s}'):format(field, value)
        check(assert(json.decode(text)))
        check(assert(json.decode("[" .. text .. "]")))
        check(assert(json.decode(('{"success":false,"reasons":%s,"%s":%s}')
          :format(value, field, value))))
      end
    end
  end)

  it("has null where failures are told", function()
    for _, field in ipairs(FIELDS) do
      local body = assert(json.decode(('{"%s":null}'):format(field)))
      assert.is_nil(shapes.failed(body))
      assert.is_nil(shapes.reasons(body))
    end
  end)

  it("is nested deeply", function()
    for _, pair in ipairs { { "[", "]" }, { '{"error":', "}" },
      { '{"reasons":[', "]}" }, { '[{"Success":false,"Errors":', "}]" } } do
      local depth = 450
      local text = pair[1]:rep(depth) .. "{}" .. pair[2]:rep(depth)
      check(assert(json.decode(text)))
    end
  end)

  it("has very many reasons", function()
    local list = {}
    for i = 1, 20000 do
      list[i] = ('{"code":%d,"message":"a"}'):format(i)
    end
    local body = assert(json.decode('{"reasons":[' .. table.concat(list, ",") ..
      "]}"))
    assert.equal(20000, #shapes.reasons(body))
  end)

  it("is no table", function()
    for _, value in ipairs { "x", 1, true } do
      assert.is_nil(shapes.reasons(value))
    end
    assert.is_nil(shapes.reasons(nil))
  end)
end)
