-- The life of a call: built by the core, signed, carried, read; repeated or
-- settled as the core's table of retries says.
local answer = require "zuora.answer"
local errors = require "zuora.errors"
local names = require "zuora.names"
local policies = require "zuora.policies"

local unpack = table.unpack or unpack

local call = {}

-- Seconds of a call that are kept for finding out what became of a change; a
-- tenth where that is less.
local SETTLING = 10

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

-- ---- one attempt -----------------------------------------------------------

-- Sends it after `delay` seconds and waits for its end. Fails only when the
-- client was closed, or its credentials were taken away, since the exchange
-- was built.
local function carry(state, sign, delay)
  local client = state.client
  local limit = state.left() - delay
  if state.exchange:writes() then
    limit = limit - math.min(SETTLING, limit * 0.1)
  end
  if state.attempt_timeout and state.attempt_timeout < limit then
    limit = state.attempt_timeout
  end
  local ok, _, message = state.exchange:submit(sign, delay,
    limit > 0.001 and limit or 0.001)
  if not ok then
    return nil, errors.new {
      kind = "cancelled",
      operation = state.operation.name,
      message = message,
      attempts = state.attempts,
      outcome = state.exchange:writes() and "not_done" or nil,
    }
  end
  state.attempts = state.attempts + 1
  client.wait(client.engine, state.exchange)
  return true
end

-- Signed and sent; once more, if the credentials were refused and there are
-- fresh ones to be had.
local function carry_signed(state, delay)
  local auth, exchange = state.client.auth, state.exchange
  local ok, err = auth:ready(state)
  if not ok then
    return nil, err
  end
  local generation = auth.generation
  ok, err = carry(state, auth.sign, delay)
  if ok and exchange:status() == 401 and not exchange:failure() and
    not state.renewed then
    state.renewed = true
    ok, err = auth:renew(state, generation)
    if ok then
      ok, err = carry(state, auth.sign, 0)
    else
      ok = not err
    end
  end
  return ok, err
end

local function attempt(state, delay)
  local ok, err
  if state.operation.unsigned then
    ok, err = carry(state, "none", delay)
  else
    ok, err = carry_signed(state, delay)
  end
  if not ok then
    state.verdict = "stop"
    return nil, err
  end
  local result
  result, err = answer.read(state)
  if result then
    state.client.auth:answered(state)
  end
  return result, err
end

-- ---- several ---------------------------------------------------------------

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
  return nil, err
end

-- Looks what became of it. Returns a result; or nil, an error and whether to
-- send the call again.
local function look(state, err)
  local settle = state.client.settle
  if state.no_settling or not settle.can(state) then
    return nil, err
  end
  local found, status, id = settle.look(state)
  if found == "done" then
    return settled(state, status, id)
  end
  if found ~= "before" then
    return still_unknown(err, status)
  end
  err.outcome = "not_done"
  return nil, err, state.verdict == "settle" and
    state.attempts < state.policy.max_attempts
end

-- Zuora keeps the failure that it answered to an idempotency key and would
-- give it again.
local function change_key(state)
  if not state.own_key then
    return not state.options.idempotency_key
  end
  state.options.idempotency_key = state.client.uuid()
  local exchange = state.client.engine:exchange(state.operation.index,
    unpack(state.arguments, 1, state.positional + 1))
  if not exchange then
    return false
  end
  state.exchange:free()
  state.exchange = exchange
  return true
end

-- After an attempt in doubt, the refusal of the next one proves nothing: it
-- may be refused because the first took effect.
local function is_doubtful(state, err)
  return state.in_doubt and err.outcome == "not_done" and
    state.verdict == "stop" and (err.kind == "api" or err.kind == "http")
end

local function run_exchange(state)
  local delay = 0
  while true do
    local result, err = attempt(state, delay)
    if result then
      state.client.quota:refund(state.attempts)
      return result
    end
    local verdict = state.verdict
    if is_doubtful(state, err) then
      verdict = "settle"
    end
    state.in_doubt = state.in_doubt or err.outcome == "unknown"
    local again = verdict == "repeat"
    if verdict == "settle" then
      result, err, again = look(state, err)
      again = again and change_key(state)
    end
    if not again or not state.client.quota:take(err.kind) then
      return result, err
    end
    delay = verdict == "settle" and 0 or state.pause
  end
end

-- ---- making ----------------------------------------------------------------

-- What a call knows of itself while it lasts.
local function new_state(client, operation, exchange, options)
  local clock = client.clock
  local ends = clock() + (options.timeout or client.policy.timeout)
  if options.deadline then
    ends = math.min(ends, clock() + options.deadline - client.now())
  end
  return {
    client = client,
    operation = operation,
    exchange = exchange,
    options = options,
    attempts = 0,
    policy = policies.of(client.policy, options),
    attempt_timeout = options.attempt_timeout or client.policy.attempt_timeout,
    no_settling = options.settle == false or
      options.settle == nil and client.policy.settle == false,
    redact = client.redact,
    left = function()
      return ends - clock()
    end,
  }
end

-- The options among the arguments of a call: behind the positional ones.
local function options_of(operation, ...)
  local count = operation.positional
  local options = select(count + 1, ...)
  return type(options) == "table" and options or nil
end

-- A change that may be keyed gets a key of ours unless it has one.
local function with_key(client, operation, arguments)
  local count = operation.positional
  local given = arguments[count + 1]
  if given ~= nil and (type(given) ~= "table" or given.idempotency_key) then
    return false
  end
  local options = { idempotency_key = client.uuid() }
  for key, value in pairs(given or NONE) do
    options[key] = value
  end
  arguments[count + 1] = options
  return true
end

--- Makes a call and returns its result, or nil and an error. Misuse is raised
--- at `level`, 1 being the caller of this function.
---@return table|nil, zuora.Error|nil
function call.run(client, operation, level, ...)
  local result, err
  local arguments, own_key
  if operation.writes then
    arguments = { ... }
    own_key = operation.keyed and with_key(client, operation, arguments)
  end
  local exchange, kind, message, parameter
  if own_key then
    exchange, kind, message, parameter = client.engine:exchange(
      operation.index, unpack(arguments, 1, math.max(select("#", ...),
      operation.positional + 1)))
  else
    exchange, kind, message, parameter = client.engine:exchange(
      operation.index, ...)
  end
  if exchange then
    local options = own_key and arguments[operation.positional + 1] or
      options_of(operation, ...) or NONE
    local state = new_state(client, operation, exchange, options)
    state.arguments, state.own_key = arguments, own_key
    result, err = run_exchange(state)
    state.exchange:free()
  else
    result, err = rejected(operation, level + 1, kind, message, parameter)
  end
  return result, err
end

-- ---- for the library's own sake --------------------------------------------

-- The call that was asked for failed because one that it needs failed.
local function as_part_of(err, granting, operation)
  err.message = ("%s failed: %s"):format(granting.name, err.message)
  err.operation = operation.name
  err.outcome = operation.writes and "not_done" or nil
  if err.kind == "api" or err.kind == "http" and err.status < 500 then
    err.kind = "auth"
  end
  return err
end

--- Makes a call that brings a secret, which goes from the answer straight into
--- the engine. Returns what came with it, { expires_in =, scope = }, or nil
--- and an error in the name of `wanting`, the call for whose sake it is made.
---@return table|nil, zuora.Error|nil
function call.grant(client, granting, secret, options, wanting)
  local arguments = { [granting.positional + 1] = options }
  local exchange, kind, message, parameter = client.engine:exchange(
    granting.index, unpack(arguments, 1, granting.positional + 1))
  if not exchange then
    return rejected(granting, 2, kind, message, parameter)
  end
  local state = new_state(client, granting, exchange, {
    timeout = math.max(wanting.left(), 0.001) })
  local ok, err = carry(state, "none", 0)
  local grant
  if ok and not exchange:failure() and exchange:status() == 200 then
    grant = exchange:keep(secret)
  end
  if ok and not grant then
    err = select(2, answer.read(state)) or errors.new {
      kind = "protocol",
      operation = granting.name,
      message = "the answer brought no " .. secret:gsub("_", " "),
      attempts = 1,
    }
  end
  exchange:free()
  return grant, err and as_part_of(err, granting, wanting.operation)
end

return call
