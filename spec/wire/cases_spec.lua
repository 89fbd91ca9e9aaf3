-- The same calls as the reference client makes, byte for byte where it counts.
local json = require "zuora.json"
local sandbox = require "spec.wire.sandbox"
local zuora = require "zuora"

local function read_cases()
  local file = assert(io.open("spec/wire/cases.json"))
  local text = file:read("*a")
  file:close()
  return assert(json.decode(text)).cases
end

local function decode(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

-- A target with each segment of its path and each value of its query decoded
-- once; an encoded slash stays apart from a real one.
local function parts(target)
  local path, query = target:match "^([^?]*)%??(.*)$"
  local found = { path = {}, query = {} }
  for segment in path:gmatch "[^/]+" do
    found.path[#found.path + 1] = decode(segment)
  end
  for pair in query:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=(.*)$"
    found.query[decode(name)] = decode(value)
  end
  return found
end

local function invoke(client, case)
  local group, verb = case.operation:match "^(.+)%.(.+)$"
  local arguments = {}
  for i, argument in ipairs(case.arguments or {}) do
    arguments[i] = argument
  end
  arguments[#arguments + 1] = case.options
  return client[group][verb]((table.unpack or unpack)(arguments))
end

describe("the wire cases of the reference client", function()
  local client

  setup(function()
    client = assert(zuora.new(sandbox.options {
      access_token = "anything",
      base_url = os.getenv "ZUORA_BASE_URL",
    }))
  end)

  before_each(function()
    sandbox.reset()
  end)

  teardown(function()
    client:close()
  end)

  for _, case in ipairs(read_cases()) do
    it(case.name, function()
      -- Whether the sandbox likes the call does not matter here.
      invoke(client, case)
      local got = sandbox.last()
      assert.equal(case.sent.method, got.method)
      assert.same(parts(case.sent.target), parts(got.target))
      for name, value in pairs(case.sent.headers) do
        assert.equal(value, got.headers[name], name)
      end
      if type(case.sent.json) == "table" then
        assert.same(case.sent.json, json.decode(got.body))
      else
        assert.is_true(got.body == nil or got.body == "" or got.body == "{}"
          or type(got.body) == "userdata")
      end
    end)
  end
end)
