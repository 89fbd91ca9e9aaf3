-- Each operation against each thing that can go wrong: what must come out.
--
-- A fault is met once (the next attempt finds all well) or each time. What is
-- expected is worked out by `expect` below from what a fault is and what an
-- operation is; nothing of it is read from the library.
local faults = require "spec.wire.faults"
local sandbox = require "spec.wire.sandbox"

local ATTEMPTS = 3

-- ---- the operations --------------------------------------------------------

-- What is known of each:
--   writes    it changes something
--   settles   what became of it can be read back
--   keyed     each try bears an idempotency key
--   unsigned  there is no token to be renewed
local OPERATIONS = {
  { name = "connections.list",
    call = function(c) return c.connections.list() end },
  { name = "connections.initiate", writes = true, settles = true, keyed = true,
    call = function(c) return c.connections.initiate(sandbox.canada) end },
  { name = "connections.accept", writes = true, settles = true,
    call = function(c) return c.connections.accept(sandbox.asked) end },
  { name = "connections.deny", writes = true, settles = true,
    call = function(c) return c.connections.deny(sandbox.asked) end },
  { name = "connections.disconnect", writes = true, settles = true,
    call = function(c) return c.connections.disconnect(sandbox.joined) end },
  { name = "session.establish", unsigned = true,
    call = function(c)
      return c.session.establish(os.getenv "ZUORA_API_ACCESS_KEY_ID",
        os.getenv "ZUORA_API_SECRET_ACCESS_KEY")
    end },
  { name = "entities.list",
    call = function(c) return c.entities.list() end },
  { name = "entities.get",
    call = function(c) return c.entities.get(sandbox.us) end },
  { name = "request", shown = "request GET", path = "^/v1/_echo/",
    call = function(c) return c:request { path = "/v1/_echo/x" } end },
  { name = "request", shown = "request POST", path = "^/v1/_echo/",
    writes = true,
    call = function(c)
      return c:request { method = "POST", path = "/v1/_echo/x",
        body = { x = 1 } }
    end },
}

-- ---- what must come out ----------------------------------------------------

-- How often a call is sent that may be sent again: it is given up after
-- `most` attempts, or succeeds with the second where the fault came once.
local function repeated(each_time, most)
  if each_time then
    return { requests = most }
  end
  return { requests = math.min(2, most), result = most > 1 }
end

local function attempts(fault)
  return fault.attempts or ATTEMPTS
end

local function most_of(fault)
  return ({ never = 1, once = 2, always = attempts(fault) })[fault.again]
end

-- What is known to have changed nothing is repeated where that may help.
local function expect_harmless(operation, fault, each_time)
  local out = repeated(each_time, most_of(fault))
  out.effects = out.result and operation.writes and 1 or 0
  out.outcome = operation.writes and "not_done" or nil
  return out
end

-- Once looked for and found to be as before. That tells of the end of the call
-- only if Zuora has done with it.
local function not_found(fault)
  return fault.running and "unknown" or "not_done"
end

-- The same key cannot have two effects: sent again as it is, while no answer
-- was kept for it, and looked for at last.
local function expect_keyed(fault, each_time)
  local out = repeated(each_time, attempts(fault))
  out.effects = (out.result or fault.after) and 1 or 0
  out.outcome = not_found(fault)
  out.same_key = true
  if each_time and fault.after then
    out.result, out.settled = true, true
  end
  return out
end

-- Looked for: done, or as before and sent again.
local function expect_settled(fault, each_time)
  if fault.after then
    return { requests = 1, effects = 1, result = true, settled = true }
  end
  local out = repeated(each_time, attempts(fault))
  out.effects = out.result and 1 or 0
  out.outcome = not_found(fault)
  return out
end

local function expect(operation, fault, each_time)
  if fault.harmless then
    return { requests = 1, effects = operation.writes and 1 or 0,
      result = true }
  elseif fault.renews then
    -- Signed anew once, whatever the policy says of attempts.
    local out = repeated(each_time, operation.unsigned and 1 or 2)
    out.effects = out.result and operation.writes and 1 or 0
    out.outcome = operation.writes and "not_done" or nil
    return out
  elseif operation.keyed and fault.of_key then
    return expect_keyed({ running = true }, each_time)
  elseif not operation.writes or not fault.uncertain then
    return expect_harmless(operation, fault, each_time)
  elseif operation.keyed and fault.unanswered then
    return expect_keyed(fault, each_time)
  elseif operation.settles then
    return expect_settled(fault, each_time)
  end
  -- Nobody can tell: never sent again.
  return { requests = 1, effects = fault.after and 1 or 0,
    outcome = "unknown" }
end

-- ---- the cells -------------------------------------------------------------

local function make_client(fault)
  local options = { max_attempts = attempts(fault), max_retry_wait = 5,
    attempt_timeout = fault.attempt_timeout, timeout = 30 }
  if fault.renews then
    return sandbox.client(options)
  end
  options.base_url = fault.base_url
  return sandbox.bearer(options)
end

local function is_of(operation, entry)
  if operation.path then
    return entry.target:find(operation.path) ~= nil
  end
  return entry.operation == operation.name
end

-- The requests of the operation, its effects, and its keys.
local function look(operation)
  local requests, effects, keys, different = 0, 0, {}, 0
  for _, entry in ipairs(sandbox.journal()) do
    if is_of(operation, entry) then
      requests = requests + 1
      local effect = entry.effect
      if operation.writes and type(effect) == "string" and
        effect ~= "replayed" then
        effects = effects + 1
      end
      local key = entry.headers["idempotency-key"]
      if key and not keys[key] then
        keys[key], different = true, different + 1
      end
    end
  end
  return requests, effects, different
end

local function prepare(operation, fault, each_time)
  sandbox.reset { keep_tokens = true }
  if fault.given then
    local match = { times = each_time and 0 or 1, path = operation.path }
    match.operation = not operation.path and operation.name or nil
    local given, made = { match = match }, fault.given
    made = type(made) == "function" and made() or made
    for name, value in pairs(made) do
      given[name] = value
    end
    sandbox.fault(given)
  end
end

local function check_error(operation, fault, err, expected)
  assert.equal(fault.kind, err.kind)
  assert.equal(operation.name, err.operation)
  assert.equal(expected.outcome, err.outcome)
  assert.equal(fault.category, err.category)
  assert.equal(fault.status, err.status)
  if fault.retry_after then
    assert.is_true(err.retry_after > fault.retry_after - 5 and
      err.retry_after <= fault.retry_after)
  end
  assert.equal(fault.unseen and attempts(fault) or expected.requests,
    err.attempts)
  if expected.outcome == "unknown" then
    assert.is_false(err.retryable)
  end
end

local function check(operation, fault, each_time)
  prepare(operation, fault, each_time)
  local client = make_client(fault)
  local expected = expect(operation, fault, each_time)
  local result, err = operation.call(client)
  client:close()
  local requests, effects, keys = look(operation)
  local seen = fault.unseen and 0 or expected.requests
  assert.equal(seen, requests, err and tostring(err))
  assert.equal(expected.effects, effects)
  if operation.keyed and seen > 0 then
    assert.equal((expected.same_key or not fault.uncertain) and 1 or seen,
      keys)
  end
  if not expected.result then
    assert.is_nil(result)
    return check_error(operation, fault, err, expected)
  end
  assert.is_nil(err and tostring(err))
  assert.equal(expected.requests, result.meta.attempts)
  assert.equal(expected.settled or false, result.meta.settled ~= nil)
end

for _, operation in ipairs(OPERATIONS) do
  describe(operation.shown or operation.name, function()
    setup(sandbox.token)

    for _, fault in ipairs(faults) do
      if not fault.each_time_only then
        it(fault.name .. ", once", function()
          check(operation, fault, false)
        end)
      end
      if not fault.once_only then
        it(fault.name .. ", each time", function()
          check(operation, fault, true)
        end)
      end
    end
  end)
end
