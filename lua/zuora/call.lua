-- The life of a call: built by the core, signed, carried, read.
local answer = require "zuora.answer"
local errors = require "zuora.errors"
local names = require "zuora.names"

local unpack = table.unpack or unpack

local call = {}

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

-- Sends it and waits for its end. Fails only when the client was closed, or
-- its credentials were taken away, since the exchange was built.
local function carry(state, sign)
  local client = state.client
  local ok, _, message = state.exchange:submit(sign, 0)
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
local function carry_signed(state)
  local auth, exchange = state.client.auth, state.exchange
  local ok, err = auth:ready(state.operation, exchange)
  if not ok then
    return nil, err
  end
  local generation = auth.generation
  ok, err = carry(state, auth.sign)
  if ok and exchange:status() == 401 and not exchange:failure() then
    ok, err = auth:renew(state.operation, generation)
    if ok then
      ok, err = carry(state, auth.sign)
    else
      ok = not err
    end
  end
  return ok, err
end

local function new_state(client, operation, exchange)
  return {
    client = client,
    operation = operation,
    exchange = exchange,
    attempts = 0,
    redact = client.redact,
  }
end

local function run_exchange(state)
  local ok, err
  if state.operation.unsigned then
    ok, err = carry(state, "none")
  else
    ok, err = carry_signed(state)
  end
  if not ok then
    return nil, err
  end
  local result
  result, err = answer.read(state)
  if result then
    state.client.auth:answered(state.operation, state.exchange)
  end
  return result, err
end

--- Makes a call and returns its result, or nil and an error. Misuse is raised
--- at `level`, 1 being the caller of this function.
---@return table|nil, zuora.Error|nil
function call.run(client, operation, level, ...)
  local result, err
  local exchange, kind, message, parameter =
    client.engine:exchange(operation.index, ...)
  if exchange then
    result, err = run_exchange(new_state(client, operation, exchange))
    exchange:free()
  else
    result, err = rejected(operation, level + 1, kind, message, parameter)
  end
  return result, err
end

--- Makes a call that brings a secret, which goes from the answer straight into
--- the engine. Returns what came with it, { expires_in =, scope = }, or nil
--- and an error in the name of `operation`, for whose sake it is made.
---@return table|nil, zuora.Error|nil
function call.grant(client, granting, secret, options, operation)
  local values = granting.parameters[1].positional and { n = 3, nil, nil,
    options } or { n = 1, options }
  local exchange, kind, message, parameter = client.engine:exchange(
    granting.index, unpack(values, 1, values.n))
  if not exchange then
    return rejected(granting, 2, kind, message, parameter)
  end
  local state = new_state(client, granting, exchange)
  local ok, err = carry(state, "none")
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
  return grant, err and as_part_of(err, granting, operation)
end

return call
