-- `make env` and `make help`.
local shell = require "spec.tools.shell"

local ROOT = shell.must "pwd":gsub("\n", "")
local CLEAN = "env -u LUA_PATH -u LUA_CPATH -u LUA_PATH_5_4 -u LUA_CPATH_5_4 "

-- In a shell that has nothing of this one, from the root of the file system.
local function elsewhere(lua, line)
  local env = ("make -s -C %s env LUA=%s"):format(shell.quote(ROOT), lua)
  return shell.must(CLEAN .. "sh -c " .. shell.quote(
    ('cd / && eval "$(%s)" && %s'):format(env, line)))
end

describe("make env", function()
  for _, lua in ipairs { "lua5.4", "lua5.1", "luajit" } do
    it("lets " .. lua .. " find the module from any directory", function()
      shell.must("make -s build LUA=" .. lua)
      local said = elsewhere(lua, lua .. [[ -e 'io.write(
        require("zuora")._VERSION, " ", package.searchpath and
        package.searchpath("zuora.core", package.cpath) or "")']])
      assert.truthy(said:find "^%d+%.%d+%.%d+ ", said)
      local found = said:match " (.+)$"
      assert.is_true(not found or found:sub(1, #ROOT) == ROOT, said)
    end)
  end

  it("keeps the paths that were set, and Lua's own", function()
    local line = 'eval "$(make -s env)"; echo "$LUA_PATH_5_4"'
    local default = shell.must(CLEAN .. "sh -c " .. shell.quote(line))
    assert.truthy(default:find ";;\n$", default)
    local kept = shell.must(CLEAN .. "LUA_PATH_5_4='/mine/?.lua' sh -c "
      .. shell.quote(line))
    assert.truthy(kept:find(";/mine/?.lua\n", 1, true), kept)
  end)

  it("sets nothing that another Lua would read", function()
    for _, line in ipairs(shell.lines(shell.must "make -s env")) do
      assert.truthy(line:find "^export LUA_C?PATH_5_4=", line)
    end
  end)
end)

describe("make help", function()
  it("lists every target, each with what it does", function()
    local said = shell.must "make help"
    local makefile = shell.read "Makefile":gsub("\\\n", " ")
    local targets = makefile:match "\n%.PHONY:([^\n]*)"
    local count = 0
    for target in targets:gmatch "%S+" do
      if target ~= "FORCE" then
        count = count + 1
        assert.truthy(said:find("\n?  make " .. target:gsub("%-", "%%-")
          .. " +%a"), target)
      end
    end
    assert.is_true(count > 15)
  end)

  it("is not out of date: every target with a text is phony", function()
    local makefile = shell.read "Makefile"
    local phony = makefile:gsub("\\\n", " "):match "\n%.PHONY:([^\n]*)" .. " "
    for target in makefile:gmatch "\n([%w-]+):[^\n]*## " do
      assert.truthy(phony:find(" " .. target .. " ", 1, true), target)
    end
  end)
end)
