-- How often and how patiently calls are repeated.
local policies = {}

-- The defaults of zuora.new and of every call.
local DEFAULTS = {
  timeout = 130, -- seconds; Zuora ends a call after 120
  max_attempts = 4,
  backoff_base = 1, -- seconds
  backoff_cap = 60, -- seconds
  max_retry_wait = 60, -- seconds
  settle = true,
}

local NAMES = { "timeout", "attempt_timeout", "max_attempts", "backoff_base",
  "backoff_cap", "max_retry_wait", "settle" }

local function merge(base, given)
  local made = {}
  for _, name in ipairs(NAMES) do
    local value = given[name]
    if value == nil then
      value = base[name]
    end
    made[name] = value
  end
  return made
end

--- The policy of a client, from the options of zuora.new.
function policies.new(given)
  return merge(DEFAULTS, given)
end

--- The policy of a call: its client's, unless the call says otherwise.
function policies.of(policy, options)
  for _, name in ipairs(NAMES) do
    if options[name] ~= nil then
      return merge(policy, options)
    end
  end
  return policy
end

-- ---- the quota -------------------------------------------------------------

-- Repeating is paid for out of a bucket that successes fill again, so that a
-- dead server is not hammered: the figures are those of the standard mode of
-- the AWS SDKs.
local CAPACITY, COST, COST_OF_TIMEOUT = 500, 5, 10

local Quota = {}
Quota.__index = Quota

--- A full quota, of one client.
function policies.quota()
  return setmetatable({ left = CAPACITY, full = true }, Quota)
end

--- Takes what one more attempt costs after an error of that kind; false when
--- there is not enough left.
function Quota:take(kind)
  local cost = kind == "timeout" and COST_OF_TIMEOUT or COST
  if cost > self.left then
    return false
  end
  self.left, self.full = self.left - cost, false
  return true
end

--- A call succeeded with that many attempts: the cost of the last comes back.
function Quota:refund(attempts)
  self.left = math.min(CAPACITY, self.left + (attempts > 1 and COST or 1))
  self.full = self.left == CAPACITY
end

return policies
