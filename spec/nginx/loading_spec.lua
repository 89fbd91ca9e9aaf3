-- Inside nginx all is loaded by `require`, in the master.
local nginx = require "spec.nginx.nginx"
local shell = require "spec.tools.shell"

-- What a program asks for by name, or what another world waits by.
local ASKED_FOR = { ["zuora.log"] = true, ["zuora.metrics"] = true,
  ["zuora.progress"] = true, ["zuora.stores.memory"] = true,
  ["zuora.stores.redis"] = true, ["zuora.stores.shared"] = true,
  ["zuora.wait.cqueues"] = true, ["zuora.wait.luv"] = true }

local HTTP = [[
  init_by_lua_block {
    local there = {}
    for name in pairs(package.loaded) do
      there[name] = true
    end
    require "zuora"
    local loaded = {}
    for name in pairs(package.loaded) do
      if name:find "^zuora" and not there[name] then
        loaded[#loaded + 1] = name
      end
    end
    table.sort(loaded)
    package.loaded.told_at_start = table.concat(loaded, "\n")
  }
]]

local SERVER = [[
  location = /loaded {
    content_by_lua_block { ngx.print(package.loaded.told_at_start) }
  }
]]

describe("nginx", function()
  it("has all modules before it forks", function()
    local wanted = { "zuora.core" }
    for _, file in ipairs(shell.lines(shell.must "find lua -name '*.lua'")) do
      local name = file:gsub("^lua/", ""):gsub("%.lua$", "")
        :gsub("/init$", ""):gsub("/", ".")
      if not ASKED_FOR[name] then
        wanted[#wanted + 1] = name
      end
    end
    table.sort(wanted)
    local server = nginx.start { http = HTTP, server = SERVER }
    local _, body = nginx.receive(server:send "/loaded")
    server:stop()
    assert.equal(table.concat(wanted, "\n"), body)
  end)
end)
