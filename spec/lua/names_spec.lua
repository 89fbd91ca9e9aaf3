-- The nearest of some names to one that was mistyped.
local names = require "zuora.names"

local OPTIONS = { "page", "page_size", "type", "timeout", "zuora_track_id" }

describe("a mistyped name", function()
  local function nearest(name)
    return names.nearest(name, OPTIONS)
  end

  it("is recognised by a letter wrong, missing, added or doubled", function()
    assert.equal("timeout", nearest "timeuot")
    assert.equal("timeout", nearest "timeot")
    assert.equal("timeout", nearest "timeouts")
    assert.equal("page_size", nearest "pagesize")
    assert.equal("page_size", nearest "page-size")
  end)

  it("is recognised by a part of it", function()
    assert.equal("zuora_track_id", nearest "track_id")
    assert.is_nil(nearest "id")
  end)

  it("is recognised in other cases", function()
    assert.equal("page_size", nearest "pageSize")
    assert.equal("page_size", nearest "PAGE_SIZE")
    assert.equal("zuora_track_id", nearest "Zuora-Track-Id")
  end)

  it("is taken for the nearest, the first of equals", function()
    assert.equal("page", nearest "pages")
    assert.equal("ab", names.nearest("ax", { "ab", "ac" }))
  end)

  it("is taken for none where none is near", function()
    assert.is_nil(nearest "environment")
    assert.is_nil(names.nearest("x", {}))
  end)

  it("may be empty", function()
    assert.is_nil(nearest "")
  end)

  it("makes a hint, or nothing", function()
    assert.equal(" (did you mean type?)", names.hint("tyep", OPTIONS))
    assert.equal("", names.hint("environment", OPTIONS))
  end)
end)
