-- The life of a call: built by the core, attempted, repeated or settled as the
-- core's table of retries says.
local answer = require "zuora.answer"
local attempt = require "zuora.attempt"
local errors = require "zuora.errors"
local events = require "zuora.events"
local names = require "zuora.names"
local policies = require "zuora.policies"
local rails = require "zuora.rails"
local wait = require "zuora.wait"

local call = {}

local NONE = {} -- options of a call that has none

local function option_names(operation)
  local list = {}
  for _, parameter in ipairs(operation.parameters) do
    if not parameter.positional then
      list[#list + 1] = parameter.name
    end
  end
  return list
end

-- The core would not build it: the program is wrong, or a value is.
local function rejected(operation, level, kind, message, parameter)
  if kind == "argument" then
    return nil, errors.argument(operation, parameter, message)
  end
  local hint = kind == "option" and
    names.hint(parameter, option_names(operation)) or ""
  error(("%s: %s%s%s"):format(operation.name,
    parameter and parameter .. " " or "", message, hint), level + 1)
end

-- ---- after an attempt ------------------------------------------------------

-- An error of a call of which it is not known what it did, after looking.
local function still_unknown(err, status)
  err.outcome, err.retryable = "unknown", false
  if status then
    err.message = ("%s; looking again showed: %s"):format(err.message, status)
  end
  return nil, err, false
end

-- Looks what became of it. Returns a result; or nil, an error and whether
-- nothing has changed.
local function look(state, err)
  local settle = state.client.settle
  if not state.policy.settle or not settle.can(state) then
    return nil, err, false
  end
  local found, status, id = settle.look(state)
  events.settle(state, found)
  if found == "done" then
    return answer.with_meta({ success = true, id = id },
      state.exchange:head(), state, status)
  end
  if found ~= "before" then
    return still_unknown(err, status)
  end
  err.outcome, state.in_doubt = "not_done", false
  return nil, err, true
end

-- Zuora keeps the failure that it answered to an idempotency key and would
-- give it again: there has to be another, unless the key is the caller's.
local function change_key(state)
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

-- After an attempt in doubt it proves nothing that the next did not do it: it
-- may have been refused because the first took effect.
local function proves_nothing(state, err, verdict)
  return state.in_doubt and verdict == "stop" and err.outcome == "not_done"
end

-- What to do after an error: returns a result, or nil, an error and, when the
-- call is to be sent again, the seconds to wait before.
local function after(state, err, verdict)
  if proves_nothing(state, err, verdict) then
    local result, failed = look(state, err) -- and no more attempts
    return result, failed
  end
  if err.outcome == "unknown" then
    state.in_doubt = true
  end
  if verdict == "repeat" then
    return nil, err, state.pause
  end
  if verdict ~= "settle" then
    return nil, err
  end
  local result, failed, unchanged = look(state, err)
  if unchanged and state.attempts < state.policy.max_attempts and
    change_key(state) then
    return nil, failed, state.pause
  end
  return result, failed
end

local function go_on(state, err, verdict)
  local quota = state.client.quota
  local result, delay
  repeat
    result, err, delay = after(state, err, verdict)
    if result or not delay or not quota:take(err.kind) then
      if err and state.in_doubt then
        err.outcome, err.retryable = "unknown", false
      end
      return result, err
    end
    state.now = state.client.clock()
    result, err, verdict = attempt.make(state, delay)
  until result
  return result
end

local function attempt_all(state)
  local result, err, verdict = attempt.make(state, 0)
  if not result then
    result, err = go_on(state, err, verdict)
  end
  local quota = state.client.quota
  if result and not quota.full then
    quota:refund(state.attempts)
  end
  return result, err
end

-- ---- making ----------------------------------------------------------------

--- What a call knows of itself while it lasts, its arguments as its items.
function call.state(client, operation, exchange, options, a, b, c)
  local now = client.clock()
  local policy = client.policy
  local ends = now + policy.timeout
  if options ~= NONE then
    policy = policies.of(policy, options)
    ends = now + policy.timeout
    if options.deadline then
      ends = math.min(ends, now + options.deadline - client.now())
    end
  end
  return {
    a, b, c,
    client = client,
    operation = operation,
    exchange = exchange,
    options = options,
    policy = policy,
    attempts = 0,
    began = now,
    now = now, -- when it was last looked
    ends = ends,
    writes = operation.writes or
      operation.method == nil and exchange:writes(),
    verdict = "stop",
  }
end

local function run_state(state, options)
  local client = state.client
  local dry = options.dry_run
  if dry or dry == nil and client.dry_run then
    return rails.describe(state)
  end
  if not client.on_event then
    return attempt_all(state)
  end
  events.call_begin(state)
  local result, err = attempt_all(state)
  events.call_end(state, err)
  return result, err
end

-- A copy of the options with a key of ours in it.
local function with_key(client, options)
  local made = { idempotency_key = client.uuid() }
  for key, value in pairs(options) do
    made[key] = value
  end
  return made
end

-- The options among the arguments, which stand behind the positional ones; NONE
-- where there are none, or none that can be read: the core will say so.
local function options_of(operation, a, b, c)
  local positional = operation.positional
  local options = a
  if positional == 1 then
    options = b
  elseif positional == 2 then
    options = c
  end
  return type(options) == "table" and options or NONE, options == nil
end

local function place(operation, options, a, b, c)
  if operation.positional == 0 then
    return options, b, c
  elseif operation.positional == 1 then
    return a, options, c
  end
  return a, b, options
end

--- Makes a call and returns its result, or nil and an error. It takes up to
--- three arguments; `more` is there to be refused. Misuse is raised at `level`,
--- 1 being the caller of this function.
---@return table|nil, zuora.Error|nil
function call.run(client, operation, level, a, b, c, more)
  local options, none = options_of(operation, a, b, c)
  if wait.checks then
    wait.check(client, operation.name, level + 1)
  end
  if client.guarded then
    local allowed, refusal = rails.check(client, operation, options,
      { a, b, c })
    if not allowed then
      return nil, refusal
    end
  end
  local own_key = operation.keyed and options.idempotency_key == nil and
    (options ~= NONE or none)
  if own_key then
    options = with_key(client, options)
    a, b, c = place(operation, options, a, b, c)
  end
  -- An exchange that is done with serves the next call.
  local spare = client.spare
  client.spare = nil
  local exchange, kind, message, parameter = client.engine:exchange(
    operation.index, spare, a, b, c, more)
  if not exchange then
    return rejected(operation, level + 1, kind, message, parameter)
  end
  local state = call.state(client, operation, exchange, options, a, b, c)
  state.own_key = own_key
  local result, err = run_state(state, options)
  exchange = state.exchange
  exchange:free()
  client.spare = exchange
  return result, err
end

return call
