-- Calls that bring a secret: tokens and sessions. What they answer goes into
-- the engine and never becomes a Lua string.
local answer = require "zuora.answer"
local attempt = require "zuora.attempt"
local call = require "zuora.call"
local core = require "zuora.core"
local errors = require "zuora.errors"
local events = require "zuora.events"

local unpack = table.unpack or unpack

-- The call that was asked for failed because one that it needs failed. Its
-- attempts are those of the latter.
local function as_part_of(err, granting, wanting)
  local part = {}
  for key, value in pairs(err) do
    part[key] = value
  end
  part.message = ("%s failed: %s"):format(granting.name, err.message)
  part.operation = wanting.operation.name
  part.outcome = wanting.writes and "not_done" or nil
  -- What may pass says nothing of the credentials.
  if (err.kind == "api" or err.kind == "http") and err.status < 500 and
    not err.retryable then
    part.kind = "auth"
  end
  return errors.new(part)
end

-- Logins are scarce: none is tried for a while after one that failed.
local function held_back(granting, seconds, failed)
  local err = {}
  for key, value in pairs(failed or { kind = "rate_limit",
    message = "too many logins in a minute" }) do
    err[key] = value
  end
  err.operation = granting.name
  err.retry_after = seconds
  if failed then
    err.message = ("%s (it is not tried again for %.0f s)"):format(
      failed.message, math.ceil(seconds))
  end
  return errors.new(err)
end

local function fetch(client, binding, secret, options, wanting)
  local granting = binding.operation
  local arguments = { [granting.positional + 1] = options }
  local exchange, _, message, parameter = client.engine:exchange(
    granting.index, nil, unpack(arguments, 1, granting.positional + 1))
  if not exchange then
    return nil, errors.argument(granting, parameter, message)
  end
  local state = call.state(binding, exchange, {
    timeout = wanting.ends - client.clock(),
    attempt_timeout = wanting.attempt_timeout })
  events.call_begin(state)
  local ok, err = attempt.carry(state, core.sign.none, 0)
  -- A cookie may come with a refusal, too. The answer to a token call is a
  -- secret as a whole, and read in C alone.
  if ok and not granting.internal then
    ok, err = answer.read(state)
  end
  local grant
  if ok and exchange:status() == 200 then
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
  events.call_end(state, err)
  exchange:free()
  return grant, err
end

--- Makes the call of that binding and keeps the secret that its answer brings.
--- Returns what came with it, { expires_in =, scope = }, or nil, an error in
--- the name of `wanting`, the state of the call for whose sake it is made, and
--- whether that concerns all who log in so: not what kept this call from it.
---@return table|nil, zuora.Error|nil, boolean|nil
return function(client, binding, secret, options, wanting)
  local granting = binding.operation
  local can, reason = attempt.can(wanting)
  if not can then
    return nil, reason, false
  end
  local may, seconds, failed = client.logins:may()
  if not may then
    return nil, as_part_of(held_back(granting, seconds, failed), granting,
      wanting), true
  end
  local grant, err = fetch(client, binding, secret, options, wanting)
  if grant then
    client.logins:succeeded()
    return grant
  end
  local failed_for_all = err.attempts > 0 and err.kind ~= "cancelled"
  if failed_for_all then
    client.logins:fail(err)
  end
  return nil, as_part_of(err, granting, wanting), failed_for_all
end
