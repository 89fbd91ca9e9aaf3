-- A tenant that takes few calls a minute: many accepts at once, none of which
-- is told of a 429, in the time that the limit imposes. The minute is 10 s
-- here; `make throttle` takes the real one, 2,000 accepts at 500 a minute.
local clock = require("zuora.core").clock
local sandbox = require "spec.wire.sandbox"

local WAY = os.getenv "ZUORA_THROTTLE"
local REAL = WAY == "real"

-- Calls a window, its seconds, and how many accepts.
local FULL = REAL and { rate = 500, window = 60, accepts = 2000 } or
  { rate = 100, window = 10, accepts = 200 }
local SMALL = { rate = 50, window = 4, accepts = 100 }

local function tenant(accepts)
  local ids, connections = {}, {}
  for i = 1, accepts do
    ids[i] = ("8a80825557%022x"):format(i)
    connections[i] = { id = ids[i], sourceEntityId = sandbox.us,
      targetEntityId = sandbox.global, status = "Pending" }
  end
  return { entities = {
    { id = sandbox.global, name = "Acme Global" },
    { id = sandbox.us, name = "Acme US", parentId = sandbox.global },
  }, connections = connections }, ids
end

local function throttle(size, assumed)
  sandbox.reset { keep_tokens = true }
  local scenario, ids = tenant(size.accepts)
  sandbox.scenario(scenario)
  sandbox.assume(assumed)
  sandbox.settings { rate_limit = size.rate, rate_window = size.window,
    concurrency_limit = 40, latency = 0.02 }
  return ids
end

local function count_journal()
  local accepted, refused, times = 0, 0, {}
  for _, entry in ipairs(sandbox.journal()) do
    if entry.status == 429 then
      refused = refused + 1
    elseif type(entry.effect) == "string" then
      accepted = accepted + 1
      times[entry.effect] = (times[entry.effect] or 0) + 1
      assert.equal(1, times[entry.effect])
    end
  end
  return accepted, refused
end

local function run(size, assumed)
  local ids = throttle(size, assumed)
  local imposed = size.accepts / size.rate * size.window
  local client = sandbox.bearer { backoff_base = 1 }
  local began = clock()
  local results = client:map(ids, function(id)
    return client.connections.accept(id)
  end, { concurrency = 40 })
  local seconds = clock() - began
  client:close()
  sandbox.settings { rate_limit = 0 }
  for i = 1, size.accepts do
    assert.is_nil(results[i].err and tostring(results[i].err))
    assert.is_true(results[i].value.success)
  end
  local accepted, refused = count_journal()
  if WAY then
    io.stderr:write(("# %d accepts in %.1f s (%.0f s imposed), %d times 429\n")
      :format(accepted, seconds, imposed, refused))
  end
  assert.equal(size.accepts, accepted)
  assert.is_true(seconds <= imposed * 1.1, seconds .. " s")
  -- The limit was one: the last window cannot begin sooner.
  assert.is_true(seconds >= imposed - size.window - 1, seconds .. " s")
end

describe("a throttled tenant", function()
  setup(sandbox.token)
  teardown(sandbox.reset)

  it("is served at its rate, and no call is told of it", function()
    run(FULL, { rate_retry_after = "seconds" })
  end)

  if not REAL then
    it("tells when in a date", function()
      run(SMALL, { rate_retry_after = "date" })
    end)

    it("does not tell, and counts what it refuses", function()
      run(SMALL, { rate_retry_after = "absent", refused_calls_count = "yes" })
    end)
  end
end)
