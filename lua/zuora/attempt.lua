-- One attempt of a call: its turn awaited, signed, sent, read.
local answer = require "zuora.answer"
local errors = require "zuora.errors"
local events = require "zuora.events"

local attempt = {}

-- Seconds of a call that are kept for finding out what became of a change; a
-- tenth where that is less.
local SETTLING = 10

local function limit_of(state, delay)
  local limit = state.left() - delay
  if state.exchange:writes() then
    limit = limit - math.min(SETTLING, limit * 0.1)
  end
  if state.attempt_timeout and state.attempt_timeout < limit then
    limit = state.attempt_timeout
  end
  return limit
end

-- The call's time would be over before its turn came.
local function too_late(state)
  return nil, errors.new {
    kind = "timeout",
    operation = state.operation.name,
    message = "its time was over before it could be sent",
    attempts = state.attempts,
    retryable = true,
    outcome = state.exchange:writes() and "not_done" or nil,
  }
end

-- The client was closed, or its credentials taken away, since the exchange
-- was built.
local function gone(state, message)
  return nil, errors.new {
    kind = "cancelled",
    operation = state.operation.name,
    message = message,
    attempts = state.attempts,
    outcome = state.exchange:writes() and "not_done" or nil,
  }
end

--- Sends the exchange of `state` after `delay` seconds, signed as `sign` says,
--- and waits for its end: true, or nil and an error when it was not sent.
function attempt.carry(state, sign, delay)
  local client, exchange = state.client, state.exchange
  delay = math.max(delay, client.pace:take())
  local limit = limit_of(state, delay)
  if limit <= 0 then
    return too_late(state)
  end
  events.wait(state, delay)
  local ok, _, message = exchange:submit(sign, delay, limit)
  if not ok then
    return gone(state, message)
  end
  state.attempts = state.attempts + 1
  events.attempt_begin(state)
  client.wait(client.engine, exchange)
  events.attempt_end(state)
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
  ok, err = attempt.carry(state, auth.sign, delay)
  if ok and exchange:status() == 401 and not exchange:failure() and
    not state.renewed then
    state.renewed = true
    ok, err = auth:renew(state, generation)
    if ok then
      ok, err = attempt.carry(state, auth.sign, 0)
    else
      ok = not err
    end
  end
  return ok, err
end

--- Makes one attempt. Returns a result; or nil, an error and what to do next:
--- "stop", "repeat" after state.pause seconds, or "settle".
function attempt.make(state, delay)
  local ok, err
  if state.operation.unsigned then
    ok, err = attempt.carry(state, "none", delay)
  else
    ok, err = carry_signed(state, delay)
  end
  if not ok then
    return nil, err, "stop"
  end
  local result
  result, err = answer.read(state)
  if result then
    state.client.pace:learn(result.meta)
    state.client.auth:answered(state)
    return result
  end
  state.client.pace:learn(state.exchange:head())
  return nil, err, state.verdict
end

return attempt
