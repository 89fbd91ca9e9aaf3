-- sandbox/README.md: its examples run, and its tables are whole.
local http = require "spec.sandbox.http"
local shell = require "spec.tools.shell"

local page = shell.read "sandbox/README.md"

-- The blocks of one language, one after another.
local function blocks(language)
  local found = {}
  for code in page:gmatch("\n```" .. language .. "\n(.-\n)```\n") do
    found[#found + 1] = code
  end
  return found
end

before_each(http.reset)

describe("the page of the sandbox", function()
  it("has examples that run", function()
    local dir = shell.must "mktemp -d":gsub("\n", "")
    local here = shell.must "pwd":gsub("\n", "")
    local json, sh = blocks "json", blocks "sh"
    assert.equal(1, #json)
    assert.equal(7, #sh)
    shell.write(dir .. "/mine.json", json[1])
    shell.write(dir .. "/all", "set -eu\n" .. table.concat(sh, "\n"))
    local text, code = shell.run(("cd %s && PATH=%s/sandbox:$PATH sh all")
      :format(dir, shell.quote(here)))
    shell.must("rm -r " .. dir)
    assert.equal(0, code, text)
    assert.truthy(text:find('"entityConnections":[{', 1, true))
    assert.truthy(text:find '"count":')
    assert.equal("same", http.state().assumptions.duplicate)
  end)

  it("tells every assumption and its choices", function()
    for _, one in ipairs(http.try("GET", "assumptions").json) do
      local row = ("\n| `%s` | %s | `%s` |\n"):format(one.name, one.about,
        table.concat(one.choices, "`, `"))
      assert.truthy(page:find(row, 1, true), row)
    end
  end)

  it("tells every kind of fault and its fields", function()
    local known = http.try("POST", "faults", { kind = "?" }).json.message
    for kind in known:match("known: (.*)"):gmatch "[%w_]+" do
      local row = page:match("\n| `" .. kind .. "` |([^\n]*)")
      assert.truthy(row, kind)
      local fields = http.try("POST", "faults", { kind = kind, ["?"] = 1 })
        .json.message:match "known: (.*)"
      for field in fields:gmatch "[%w_]+" do
        assert.truthy(page:find("`" .. field .. "`", 1, true), field)
      end
    end
  end)

  it("tells every control and every setting", function()
    local known = http.try("GET", "?").json.message:match "known: (.*)"
    for call in known:gmatch "[^,]+" do
      assert.truthy(page:find("\n| `" .. call:match "%S.*" .. "` |", 1, true),
        call)
    end
    for name, value in pairs(http.try("GET", "settings").json) do
      local row = page:match("\n|[^\n]*`" .. name .. "`[^\n]*")
      assert.truthy(row, name)
      local shown = type(value) == "number" and ("%.0f"):format(value) or
        tostring(value)
      assert.truthy(row:find(shown, 1, true), name)
    end
  end)

  it("tells every option and variable of the launcher", function()
    local usage = shell.must "sandbox/zuora-sandbox --help"
    for option in usage:gmatch "%-%-%l[%l-]+" do
      assert.truthy(option == "--help" or page:find("`" .. option, 1, true),
        option)
    end
    for name in usage:gmatch "ZUORA_[%u_]+%f[^%u_]" do
      assert.truthy(page:find("`" .. name:gsub("_$", "") .. "`", 1, true), name)
    end
  end)
end)
