-- The life of a call: built by the core, attempted, repeated or settled as the
-- core's table of retries says.
local answer = require "zuora.answer"
local attempt = require "zuora.attempt"
local errors = require "zuora.errors"
local events = require "zuora.events"
local names = require "zuora.names"
local policies = require "zuora.policies"
local rails = require "zuora.rails"

local unpack = table.unpack or unpack

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

local function settled(state, status, id)
  local head = state.exchange:head()
  head.attempts, head.settled = state.attempts, status
  return answer.with_meta({ success = true, id = id }, head)
end

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
  if state.no_settling or not settle.can(state) then
    return nil, err, false
  end
  local found, status, id = settle.look(state)
  events.settle(state, found)
  if found == "done" then
    return settled(state, status, id)
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
  local exchange = state.client.engine:exchange(state.operation.index,
    unpack(state.arguments, 1, state.operation.positional + 1))
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

local function attempt_all(state)
  local delay = 0
  while true do
    local result, err, verdict = attempt.make(state, delay)
    if result then
      state.client.quota:refund(state.attempts)
      return result
    end
    result, err, delay = after(state, err, verdict)
    if result or not delay or not state.client.quota:take(err.kind) then
      if err and state.in_doubt then
        err.outcome, err.retryable = "unknown", false
      end
      return result, err
    end
  end
end

-- ---- making ----------------------------------------------------------------

--- What a call knows of itself while it lasts.
function call.state(client, operation, exchange, options)
  local clock = client.clock
  local began = clock()
  local ends = began + (options.timeout or client.policy.timeout)
  if options.deadline then
    ends = math.min(ends, began + options.deadline - client.now())
  end
  local policy = policies.of(client.policy, options)
  return {
    client = client,
    operation = operation,
    exchange = exchange,
    options = options,
    attempts = 0,
    began = began,
    policy = policy,
    attempt_timeout = policy.attempt_timeout,
    no_settling = not policy.settle,
    redact = client.redact,
    left = function()
      return ends - clock()
    end,
  }
end

-- The options among the arguments of a call: behind the positional ones.
local function options_of(operation, ...)
  local options = select(operation.positional + 1, ...)
  return type(options) == "table" and options or NONE
end

-- The options of a change that may carry a key, with one of ours in them; nil
-- when it has one, or could not have one.
local function keyed_options(client, operation, options, given)
  if not operation.keyed or options.idempotency_key or
    options == NONE and given ~= nil then
    return nil
  end
  local made = { idempotency_key = client.uuid() }
  for key, value in pairs(options) do
    made[key] = value
  end
  return made
end

local function run_state(state)
  if state.options.dry_run or
    state.options.dry_run == nil and state.client.dry_run then
    return rails.describe(state)
  end
  events.call_begin(state)
  local result, err = attempt_all(state)
  events.call_end(state, err)
  return result, err
end

--- Makes a call and returns its result, or nil and an error. Misuse is raised
--- at `level`, 1 being the caller of this function.
---@return table|nil, zuora.Error|nil
function call.run(client, operation, level, ...)
  local options = options_of(operation, ...)
  local arguments = { ... }
  local allowed, refusal = rails.check(client, operation, options, arguments)
  if not allowed then
    return nil, refusal
  end
  local place = operation.positional + 1
  local own = keyed_options(client, operation, options, arguments[place])
  arguments[place] = own or arguments[place]
  local result, err
  local exchange, kind, message, parameter = client.engine:exchange(
    operation.index, unpack(arguments, 1, math.max(select("#", ...), place)))
  if exchange then
    local state = call.state(client, operation, exchange, own or options)
    state.arguments, state.own_key = arguments, own ~= nil
    result, err = run_state(state)
    state.exchange:free()
  else
    result, err = rejected(operation, level + 1, kind, message, parameter)
  end
  return result, err
end

return call
