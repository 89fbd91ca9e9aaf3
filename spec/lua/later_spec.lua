-- What is loaded when: by `require`, by a first client, by a first use.
local at = 0
while arg[at - 1] do
  at = at - 1
end
local INTERPRETER = arg[at]

local CODE = [[
  local zuora = require "zuora"
  local client
  %s
  for name in pairs(package.loaded) do
    if name:find "^zuora" then
      print(name)
    end
  end
]]

local NEW = [[
  client = assert(zuora.new { base_url = "http://127.0.0.1:1",
    access_token = "x", max_attempts = 1 })
]]

-- The modules of this library that a program has loaded at its end.
local function loaded_after(code)
  local pipe = assert(io.popen(("%s -e '%s'"):format(INTERPRETER,
    CODE:format(code))))
  local names, list = {}, {}
  for name in pipe:lines() do
    names[name] = true
    list[#list + 1] = name
  end
  pipe:close()
  table.sort(list)
  return names, list
end

describe("loading", function()
  it("is not done by require", function()
    local _, list = loaded_after ""
    assert.same({ "zuora", "zuora.environments", "zuora.later" }, list)
  end)

  it("comes with the version, the empty array, a look at an error", function()
    assert.is_true(loaded_after("assert(zuora._VERSION)")["zuora.core"])
    assert.is_true(loaded_after("assert(zuora.empty_array)")["zuora.json"])
    assert.is_true(loaded_after("zuora.is_error(1)")["zuora.errors"])
  end)

  it("comes with a client, but for the other ways to sign", function()
    local names = loaded_after(NEW)
    assert.is_true(names["zuora.core"])
    assert.is_true(names["zuora.auth.given"])
    for _, name in ipairs { "auth.flight", "auth.keys", "auth.session",
      "auth.token", "grant" } do
      assert.is_nil(names["zuora." .. name], name)
    end
  end)

  it("is over once there is a client", function()
    local before = loaded_after(NEW)
    local after = loaded_after(NEW .. [[
      local ok, err = client.connections.accept "x"
      assert(not ok and err.kind == "network" and tostring(err), tostring(err))
      assert(#client:map({ 1 }, tostring) == 1)
      assert(client.connections.accept("x", { dry_run = true }))
      assert(not pcall(client.connections.accept, "x", { dryrun = true }))
    ]])
    assert.is_true(before["zuora.settle"])
    assert.same(before, after)
  end)

  it("of a client brings all that its way to sign needs", function()
    local names = loaded_after [[
      assert(zuora.new { base_url = "http://127.0.0.1:1", client_id = "x",
        client_secret = "y" })
    ]]
    assert.is_true(names["zuora.auth.flight"])
    assert.is_true(names["zuora.grant"])
  end)

  it("without the core fails with each client, which says so", function()
    local names = loaded_after [[
      package.cpath = ""
      for _ = 1, 2 do
        local ok, why = pcall(zuora.new, {})
        assert(not ok and why:find("module .zuora.core. not found"), why)
      end
    ]]
    assert.is_true(names["zuora"])
    assert.is_nil(names["zuora.core"])
  end)
end)
