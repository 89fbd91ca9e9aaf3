-- The life of a call: built by the core, attempted, repeated or settled as the
-- core's table of retries says.
local attempt = require "zuora.attempt"
local errors = require "zuora.errors"
local events = require "zuora.events"
local policies = require "zuora.policies"
local rails = require "zuora.rails"
local wait = require "zuora.wait"

local call = {}

local NONE = {} -- options of a call that has none

-- ---- after an attempt ------------------------------------------------------

-- An error of a call of which it is not known what it did, perhaps after
-- looking.
local function still_unknown(err, status)
  err.outcome, err.retryable = "unknown", false
  if status then
    err.message = ("%s; looking again showed: %s"):format(err.message, status)
  end
  return nil, err, false
end

local function settled(state, status, id)
  local meta = state.exchange:head():table()
  meta.attempts, meta.settled = state.attempts, status
  return setmetatable({ success = true, id = id },
    { __index = { meta = meta } })
end

-- Looks what became of it. Returns a result; or nil, an error and whether
-- nothing has changed.
local function look(state, err)
  local settle = state.client.settle
  if not state.policy.settle or not settle.can(state) then
    return still_unknown(err)
  end
  local found, status, id = settle.look(state)
  events.settle(state, found)
  if found == "done" then
    return settled(state, status, id)
  end
  if found ~= "before" then
    return still_unknown(err, status)
  end
  if state.running then
    still_unknown(err, status)
  else
    err.outcome = "not_done"
  end
  return nil, err, true
end

-- Zuora keeps the failure that it answered to an idempotency key and would
-- give it again: there has to be another, unless the key is the caller's. But
-- while a request without an answer may be under way, another could have two
-- effects.
local function change_key(state)
  if state.unanswered then
    return true
  end
  if not state.own_key then
    return not state.options.idempotency_key
  end
  state.options.idempotency_key = state.client.uuid()
  local exchange = state.client.engine:exchange(state.operation.index, nil,
    state[1], state[2], state[3])
  if not exchange then
    return false
  end
  state.exchange:free()
  state.exchange = exchange
  return true
end

-- Notes what an error leaves open. Where no answer came in time, Zuora may be
-- at it still: that all is as before need not last.
local function doubt(state, err)
  if err.outcome == "unknown" then
    local kind, status = err.kind, err.status
    state.in_doubt = true
    state.running = state.running or kind == "timeout" or status == 504 or
      status == 409
    state.unanswered = state.unanswered or state.running or kind == "network"
  end
end

-- Whether to wait that long before the next attempt.
local function is_patient(state)
  return state.attempts < state.policy.max_attempts and
    state.pause <= state.policy.max_retry_wait and
    state.pause < state.ends - state.client.clock()
end

-- What to do after an error: returns a result, or nil, an error and, when the
-- call is to be sent again, the seconds to wait before.
local function after(state, err, verdict)
  doubt(state, err)
  local again = verdict == "repeat" and state.pause or nil
  if not state.in_doubt then
    return nil, err, again
  end
  if again or err.kind == "cancelled" then
    still_unknown(err)
    return nil, err, again
  end
  -- Also where this attempt itself did nothing: it may have been refused
  -- because one before it took effect.
  local result, failed, unchanged = look(state, err)
  if unchanged and verdict == "settle" and is_patient(state) and
    change_key(state) then
    return nil, failed, state.pause
  end
  return result, failed
end

-- Of a call whose next attempt would come too late, the error is the one
-- before: that tells what keeps it.
local function go_on(state, err, verdict)
  local quota = state.client.quota
  local result, delay
  repeat
    local sent, last = state.attempts, err
    result, err, delay = after(state, err, verdict)
    if result or not delay or not quota:take(err.kind) then
      return result, err
    end
    state.now = state.client.clock()
    result, err, verdict = attempt.make(state, delay)
    if err and state.attempts == sent and
      (err.kind == "timeout" or err.kind == "rate_limit") then
      err = last
    end
  until result
  return result
end

-- What becomes of a call whose first attempt ended so.
local function conclude(state, result, err, verdict)
  if not result then
    result, err = go_on(state, err, verdict)
  end
  local quota = state.client.quota
  if result and not quota.full then
    quota:refund(state.attempts)
  end
  return result, err
end

local function attempt_all(state)
  return conclude(state, attempt.make(state, 0))
end

local function attempt_seen(state)
  events.call_begin(state)
  local result, err = attempt_all(state)
  events.call_end(state, err)
  return result, err
end

-- ---- making ----------------------------------------------------------------

--- What is known of an operation of a client before it is called.
function call.bind(client, operation)
  return {
    client = client,
    operation = operation,
    index = operation.index,
    positional = operation.positional,
    keyed = operation.keyed,
    plain = nil, -- see call.ready
    -- Of a call that is done with, to be used again: its state and the
    -- exchange, which was freed. Tables and finalizers are dear.
    spare = nil, exchange = nil,
  }
end

--- To be called once the client can sign.
function call.ready(binding)
  binding.plain = attempt.plain(binding)
end

-- What a call knows of itself while it lasts; its arguments are its items.
local function new_state(binding)
  local operation, client = binding.operation, binding.client
  return {
    nil, nil, nil,
    client = client,
    operation = operation,
    options = NONE,
    policy = client.policy,
    attempts = 0,
    began = 0,
    now = 0, -- when it was last looked
    ends = 0,
    writes = operation.writes,
    verdict = "stop",
  }
end

local function begin(state, exchange, options, now)
  state.exchange, state.options = exchange, options
  state.began, state.now = now, now
  state.ends = now + state.policy.timeout
end

-- What its options say of how the call is made.
local function apply_options(state, options)
  local client = state.client
  state.policy = policies.of(client.policy, options)
  state.ends = state.began + state.policy.timeout
  if options.deadline then
    state.ends = math.min(state.ends,
      state.began + options.deadline - client.now())
  end
end

--- The state of a call that is not made by `run`.
function call.state(binding, exchange, options)
  local state = new_state(binding)
  begin(state, exchange, options, binding.client.clock())
  apply_options(state, options)
  return state
end

-- A call of which there is more to be known than its arguments.
local function run_specially(state, options)
  local client, operation = state.client, state.operation
  if options ~= NONE then
    apply_options(state, options)
  end
  if not operation.method then
    state.writes = state.exchange:writes()
  end
  local dry = options.dry_run
  if dry or dry == nil and client.dry_run then
    return rails.describe(state)
  end
  if client.on_event then
    return attempt_seen(state)
  end
  return attempt_all(state)
end

-- Frees what the call held. The state of a plain success is kept.
local function finish(binding, state, result)
  state.exchange:free()
  binding.exchange, state.exchange = state.exchange, nil
  if result and state.attempts == 1 and not state.in_doubt and
    state.options == NONE and not binding.client.special then
    state[1], state[2], state[3] = nil, nil, nil
    state.attempts = 0
    binding.spare = state
  end
end

local function take_state(binding, a, b, c)
  local state = binding.spare or new_state(binding)
  binding.spare = nil
  state[1], state[2], state[3] = a, b, c
  return state
end

local function run(binding, level, own_key, options, a, b, c, more)
  local client = binding.client
  local spare = binding.exchange
  binding.exchange = nil
  local exchange, kind, message, parameter = client.engine:exchange(
    binding.index, spare, a, b, c, more)
  if not exchange then -- no tail call: it would hide the caller
    local none, err = errors.rejected(binding.operation, level + 1, kind,
      message, parameter, a)
    return none, err
  end
  local state = take_state(binding, a, b, c)
  begin(state, exchange, options, client.clock())
  local result, err
  if options == NONE and not client.special then
    result, err = attempt_all(state)
  else
    state.own_key = own_key
    result, err = run_specially(state, options)
  end
  finish(binding, state, result)
  return result, err
end

-- Its options, and whether it needs a key of ours.
local function read_options(binding, ...)
  local options = select(binding.positional + 1, ...)
  if options == nil then
    return NONE, binding.keyed
  elseif type(options) ~= "table" then
    return NONE, false -- the core will refuse it
  end
  return options, binding.keyed and options.idempotency_key == nil
end

-- Goes on with a plain call whose first attempt brought no plain success.
local function run_on(binding, exchange, began, generation, a, b, c)
  local state = take_state(binding, a, b, c)
  begin(state, exchange, read_options(binding, a, b, c), began)
  state.attempts, state.verdict = 1, "stop"
  local read, err = attempt.read(state, generation)
  local result, failed = conclude(state, read, err, state.verdict)
  finish(binding, state, result)
  return result, failed
end

-- With a key of ours, in a copy of the options.
local function run_keyed(binding, level, options, a, b, c, more)
  local client, positional = binding.client, binding.positional
  errors.check_options(binding.operation.name, options, level + 1)
  local made = { idempotency_key = client.uuid() }
  for key, value in pairs(options) do
    made[key] = value
  end
  if positional == 0 then
    a = made
  elseif positional == 1 then
    b = made
  else
    c = made
  end
  local result, err = run(binding, level + 1, true, made, a, b, c, more)
  return result, err
end

-- The client looks at each call before it is made.
local function refused(binding, level, options, a, b, c)
  local client, operation = binding.client, binding.operation
  if wait.checks then
    wait.check(client, operation.name, level + 1)
  end
  if client.guarded then
    local allowed, refusal = rails.check(client, operation, options,
      { a, b, c })
    return not allowed and refusal
  end
end

--- Makes a call and returns its result, or nil and an error. It takes up to
--- three arguments; `more` is there to be refused. Misuse is raised at `level`,
--- 1 being the caller of this function.
---@return table|nil, zuora.Error|nil
function call.run(binding, level, a, b, c, more)
  if binding.client.watched then
    local refusal = refused(binding, level + 1, read_options(binding, a, b, c),
      a, b, c)
    if refusal then
      return nil, refusal
    end
  end
  local plain = binding.plain
  if plain then
    local result, exchange, began, generation = plain(a, b, c, more)
    if result then
      return result
    elseif exchange then
      return run_on(binding, exchange, began, generation, a, b, c)
    end
  end
  local options, keyed = read_options(binding, a, b, c)
  local result, err
  if keyed then
    result, err = run_keyed(binding, level + 1, options, a, b, c, more)
  else
    result, err = run(binding, level + 1, false, options, a, b, c, more)
  end
  return result, err
end

local function nothing() end

--- The function that a client has for an operation: call.run for its caller, a
--- step less away from a plain call. Results are named before they are
--- returned: a tail call would hide the caller, where misuse is to be raised.
function call.method(binding)
  local plain = not binding.client.watched and binding.plain or nothing
  return function(a, b, c, more)
    local result, exchange, began, generation = plain(a, b, c, more)
    if result then
      return result
    elseif exchange then
      return run_on(binding, exchange, began, generation, a, b, c)
    end
    local made, err = call.run(binding, 2, a, b, c, more)
    return made, err
  end
end

return call
