-- Every Lua example of the papers runs, in the order of its page, against the
-- sandbox; the pages made from tables are the tables'.
local PAGES = { "README.md", "docs/manual.md" }

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- The blocks of one language, with the line that each begins at.
local function blocks(text, language)
  local found = {}
  local position = 1
  while true do
    local start, first = text:find("\n```" .. language .. "\n", position, true)
    if not start then
      return found
    end
    local stop = assert(text:find("\n```", first, true))
    local _, lines = text:sub(1, first):gsub("\n", "")
    found[#found + 1] = { code = text:sub(first + 1, stop), line = lines + 1 }
    position = stop + 1
  end
end

-- One environment for a page: an example may use what one before it made.
-- Locals at the top of a block are made visible to those after it.
local function run_page(path)
  local shared = setmetatable({ print = function() end }, { __index = _G })
  for _, block in ipairs(blocks(read(path), "lua")) do
    local code = block.code:gsub("\nlocal (%a[%w_]*)", "\n%1")
    code = code:gsub("^local (%a[%w_]*)", "%1")
    code = code:gsub("\n(%a[%w_]*, %a[%w_]*) = ", "\n%1 = ")
    local name = ("@%s:%d"):format(path, block.line)
    local chunk
    if setfenv then
      chunk = setfenv(assert(loadstring(code, name)), shared)
    else
      chunk = assert(load(code, name, "t", shared))
    end
    chunk()
  end
end

describe("the examples of", function()
  for _, path in ipairs(PAGES) do
    it(path, function()
      run_page(path)
    end)
  end

  it("README.md: the first one has 12 lines or so", function()
    local first = blocks(read "README.md", "lua")[1]
    local _, lines = first.code:gsub("\n", "")
    assert.is_true(lines <= 12)
  end)
end)

describe("the page", function()
  local function made(page)
    local lua = arg and arg[-1] or "lua5.4"
    local pipe = assert(io.popen(lua .. " tools/reference.lua " .. page))
    local text = pipe:read("*a")
    pipe:close()
    return text
  end

  it("docs/reference.md is made from the table of operations", function()
    assert.equal(read "docs/reference.md", made "")
  end)

  it("docs/retries.md is made from the table of retries", function()
    assert.equal(read "docs/retries.md", made "retries")
  end)
end)
