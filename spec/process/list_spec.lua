-- A list longer than memory should be: `each` holds a page or two of it.
local memory = require "spec.support.memory"
local sandbox = require "spec.wire.sandbox"

local ROWS, STEP = 100000, 10000
local MOST = 100 -- KiB of Lua that may be added after the first STEP rows
local MOST_RESIDENT = 4096 -- KiB, of the process
-- A sanitizer keeps for a while what was freed.
local sanitized = os.getenv "ASAN_OPTIONS" ~= nil

describe("a list of " .. ROWS .. " connections", function()
  local client

  before_each(function()
    sandbox.reset()
    sandbox.scenario { name = "many", n = ROWS }
    client = sandbox.bearer()
  end)

  after_each(function()
    client:close()
    sandbox.reset()
  end)

  it("is gone through in constant memory", function()
    local rows, first, first_resident = 0, nil, nil
    for connection in client.connections.each() do
      assert(connection.id)
      rows = rows + 1
      if rows % STEP == 0 then
        local now = memory.lua() / 1024
        local resident = memory.resident() / 1024
        first, first_resident = first or now, first_resident or resident
        print(("# %6d rows: %.0f KiB of Lua, %d resident"):format(rows, now,
          resident))
        assert.is_true(now - first < MOST, ("%+.0f KiB"):format(now - first))
        assert.is_true(sanitized or resident - first_resident < MOST_RESIDENT,
          ("%+d KiB resident"):format(resident - first_resident))
      end
    end
    assert.equal(ROWS, rows)
  end)
end)
