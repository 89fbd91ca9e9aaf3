-- The rockspec has every file of the module.
local shell = require "spec.tools.shell"

local PATH = "rockspec/zuora-scm-1.rockspec"

local function load_rockspec()
  local fields = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadstring(shell.read(PATH))), fields)
  else
    chunk = assert(load(shell.read(PATH), "@" .. PATH, "t", fields))
  end
  chunk()
  return fields
end

describe("the rockspec", function()
  local modules = load_rockspec().build.modules

  it("has every Lua file, under its name", function()
    local wanted = {}
    for _, file in ipairs(shell.lines(shell.must "find lua -name '*.lua'")) do
      local name = file:gsub("^lua/", ""):gsub("%.lua$", "")
      wanted[name:gsub("/init$", ""):gsub("/", ".")] = file
    end
    local has = {}
    for name, file in pairs(modules) do
      if type(file) == "string" then
        has[name] = file
      end
    end
    assert.same(wanted, has)
  end)

  it("has every C file", function()
    local has = modules["zuora.core"].sources
    table.sort(has)
    local wanted = shell.lines(shell.must "find src -name '*.c'")
    table.sort(wanted)
    assert.same(wanted, has)
  end)

  it("is accepted by LuaRocks", function()
    shell.must("luarocks lint " .. PATH)
  end)
end)
