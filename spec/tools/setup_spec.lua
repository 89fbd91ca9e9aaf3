-- tools/setup on a machine that has nothing: what each group would install.
-- The tools of Debian that it asks are stand-ins.
local shell = require "spec.tools.shell"

local FAKES = {
  ["dpkg-query"] = "exit 1", -- nothing is installed
  ["apt-cache"] = "echo '  Candidate: 1.0'", -- and everything can be had
  ["apt-get"] = "exit 1", -- but nothing is to be, here
}

local folder

setup(function()
  folder = shell.must "mktemp -d":gsub("\n", "")
  for name, script in pairs(FAKES) do
    local path = folder .. "/" .. name
    shell.write(path, "#!/bin/sh\n" .. script .. "\n")
    shell.must("chmod 755 " .. shell.quote(path))
  end
end)

teardown(function()
  shell.must("rm -r " .. shell.quote(folder))
end)

-- The packages that the groups would install, by name, and what is said.
local function packages_of(groups)
  local said = shell.must(("PATH=%s:$PATH tools/setup --dry-run %s"):format(
    shell.quote(folder), groups))
  local found = {}
  for name in (said:match "installs([^\n]*)" or ""):gmatch "%S+" do
    found[name] = true
  end
  return found, said
end

describe("tools/setup", function()
  for _, group in ipairs { "core", "build", "demo", "test", "luas", "lint",
    "deep", "bench" } do
    it("has something to install for " .. group, function()
      local found, said = packages_of(group)
      assert.is_truthy(next(found))
      assert.truthy(said:find("\n  " .. group .. " is ", 1, true), said)
    end)
  end

  it("installs each Lua of make test-all with its headers", function()
    local line = shell.read "Makefile":match "\ntest%-all:.-\n\t([^\n]+)"
    local found = packages_of((line:gsub("^tools/setup ", "")))
    local luas = shell.read "Makefile":match "\nLUAS = ([^\n]+)"
    for lua in luas:gmatch "%S+" do
      -- A module for 5.1 is LuaJIT's as well.
      local headers = (lua == "luajit" or lua == "lua5.1") and
        "liblua5.1-0-dev" or "lib" .. lua .. "-dev"
      assert.is_true(found[headers], headers)
      assert.is_true(found[lua == "luajit" and "luajit2" or lua], lua)
    end
  end)

  it("installs what the specs in C for LuaJIT are built with", function()
    assert.is_true(packages_of("test")["libluajit2-5.1-dev"])
  end)

  it("installs the Lua that make setup is told to use", function()
    for _, lua in ipairs { "lua5.2", "lua5.3" } do
      local line = shell.must("make -n setup LUA=" .. lua)
      assert.is_true(packages_of((line:gsub("^tools/setup ", "")))[lua], line)
    end
  end)
end)
