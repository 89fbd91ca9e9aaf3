-- Every spec that SECURITY.md names as a proof is there, by that name.
local shell = require "spec.tools.shell"

local function interpreter()
  local at = 0
  while arg[at - 1] do
    at = at - 1
  end
  return arg[at]
end

-- The names of the tests in a file, as one text.
local names = {}
local function names_in(file)
  if not names[file] then
    names[file] = file:find "%.c$" and shell.read(file) or
      shell.must(("%s \"$(command -v busted)\" --list %s"):format(interpreter(),
        file))
  end
  return names[file]
end

-- Of the last column of the tables, what stands between semicolons: the file,
-- and a part of a test's name; "the same" file, or none, is the last named one.
local function each_proof(visit)
  local file
  for line in io.lines "SECURITY.md" do
    local cell = line:match "^| .- | (.*) |$"
    for item in (cell or ""):gmatch "[^;]+" do
      local named, rest = item:match "^%s*`([^`]+%.%l+)`:?(.*)$"
      if named then
        file = named:find "/" and named or file:match "^.*/" .. named
      end
      local name = (rest or item:gsub("^%s*the same:", "")):match "^%s*(.-)%s*$"
      if name ~= "proof" and name ~= "---" and not name:find "^`make" then
        visit(file, name)
      end
    end
  end
end

describe("a proof in SECURITY.md:", function()
  each_proof(function(file, name)
    it(file .. ": " .. name, function()
      local text = names_in(file)
      for part in (name .. "..."):gmatch "(.-)%s*%.%.%.%s*" do
        assert.truthy(text:find(part, 1, true), part)
      end
    end)
  end)
end)
