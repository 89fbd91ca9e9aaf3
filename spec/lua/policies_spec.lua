-- How often calls are repeated: the options of the client and of a call, and
-- the quota that repeating is paid from.
local policies = require "zuora.policies"

local DEFAULTS = { timeout = 130, max_attempts = 4, backoff_base = 1,
  backoff_cap = 60, max_retry_wait = 60, settle = true }

local OTHERS = { timeout = 5, attempt_timeout = 2, max_attempts = 1,
  backoff_base = 0.5, backoff_cap = 3, max_retry_wait = 9, settle = false }

local function changed(name, value)
  local made = {}
  for key, default in pairs(DEFAULTS) do
    made[key] = default
  end
  made[name] = value
  return made
end

-- The named fields alone: a policy may carry others.
local function same(wanted, policy)
  for name in pairs(OTHERS) do
    assert.equal(wanted[name], policy[name], name)
  end
end

describe("a policy", function()
  it("has its defaults", function()
    same(DEFAULTS, policies.new {})
  end)

  for name, value in pairs(OTHERS) do
    it(("takes %s from the client"):format(name), function()
      same(changed(name, value), policies.new { [name] = value })
    end)

    it(("takes %s from the call, for that call"):format(name), function()
      local policy = policies.new {}
      same(changed(name, value), policies.of(policy, { [name] = value }))
      same(DEFAULTS, policy)
    end)
  end

  it("of a call may undo what the client says", function()
    local policy = policies.new { settle = false, max_attempts = 1 }
    assert.is_true(policies.of(policy, { settle = true }).settle)
    assert.equal(3, policies.of(policy, { max_attempts = 3 }).max_attempts)
    assert.is_false(policies.of(policy, { max_attempts = 3 }).settle)
  end)

  it("is not touched by options of other kinds", function()
    local policy = policies.new {}
    same(DEFAULTS, policies.of(policy, { zuora_track_id = "x", page = 1 }))
  end)
end)

describe("the quota", function()
  -- How often it lets a call be repeated after errors of that kind.
  local function count(quota, kind)
    local n = 0
    while quota:take(kind) do
      n = n + 1
      assert.is_true(n <= 1000)
    end
    return n
  end

  it("pays for a hundred repetitions, or fifty after time-outs", function()
    assert.equal(100, count(policies.quota(), "network"))
    assert.equal(50, count(policies.quota(), "timeout"))
  end)

  it("stays empty without a success", function()
    local quota = policies.quota()
    count(quota, "http")
    assert.is_false(quota:take "http")
    assert.is_false(quota:take "timeout")
  end)

  it("gets back what the last repetition cost", function()
    local quota = policies.quota()
    count(quota, "http")
    quota:refund(2)
    assert.equal(1, count(quota, "http"))
  end)

  it("gets back a fifth of that with a success at once", function()
    local quota = policies.quota()
    count(quota, "http")
    for _ = 1, 4 do
      quota:refund(1)
      assert.is_false(quota:take "http")
    end
    quota:refund(1)
    assert.is_true(quota:take "http")
  end)

  it("is never fuller than full", function()
    local quota = policies.quota()
    for _ = 1, 50 do
      quota:refund(4)
    end
    assert.equal(100, count(quota, "http"))
  end)
end)
