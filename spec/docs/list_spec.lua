-- The example in C: the core alone, against the sandbox.
local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo $?"))
  local text = pipe:read "*a"
  pipe:close()
  return text:match "^(.-)(%d+)\n$"
end

describe("examples/list.c", function()
  setup(function()
    local said, code = run "env -u MAKEFLAGS LD_PRELOAD= make -s core"
    assert.equal("0", code, said)
  end)

  it("prints the connections of an entity", function()
    local said, code = run "LD_PRELOAD= build/examples/list inbound"
    assert.equal("0", code, said)
    assert.matches("HTTP 200, request id [%x-]+", said)
    assert.matches('"entityConnections":%[', said)
  end)

  it("says what is wrong in one line", function()
    local said, code = run "LD_PRELOAD= build/examples/list sideways"
    assert.equal("1", code)
    assert.equal("list: cannot list: type must be inbound or outbound " ..
      "(argument)\n", said)
    said, code = run(
      "ZUORA_CLIENT_SECRET=wrong LD_PRELOAD= build/examples/list")
    assert.equal("1", code)
    assert.matches("^list: cannot log in: ", said)
    assert.is_nil(said:find("wrong", 1, true))
  end)
end)
