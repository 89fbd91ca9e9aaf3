-- One attempt of a call: its turn awaited, signed, sent, read.
local answer = require "zuora.answer"
local core = require "zuora.core"
local errors = require "zuora.errors"
local events = require "zuora.events"
local wait = require "zuora.wait"

local attempt = {}

local NONE = core.sign.none

-- Seconds of a call that are kept for finding out what became of a change; a
-- tenth where that is less.
local SETTLING = 10

local function not_sent(state, kind, message)
  return nil, errors.new {
    kind = kind,
    operation = state.operation.name,
    message = message,
    attempts = state.attempts,
    retryable = kind == "timeout",
    outcome = state.writes and "not_done" or nil,
  }
end

-- Seconds that this attempt may take, from when it is sent.
local function limit_of(state, delay)
  local limit = state.ends - state.now - delay
  if state.writes then
    limit = limit > 10 * SETTLING and limit - SETTLING or limit * 0.9
  end
  local own = state.policy.attempt_timeout
  return own and own < limit and own or limit
end

--- Sends the exchange of `state` after `delay` seconds, signed as `sign` says,
--- and waits for its end: true, or nil and an error when it was not sent.
function attempt.carry(state, sign, delay)
  local client, exchange = state.client, state.exchange
  local pause = client.pace:take(state.now)
  if pause > delay then
    delay = pause
  end
  local limit = limit_of(state, delay)
  if limit <= 0 then
    return not_sent(state, "timeout",
      "its time was over before it could be sent")
  end
  local hook = client.on_event
  if hook then
    events.wait(state, delay)
  end
  -- The client was closed, or its credentials taken away, since the exchange
  -- was built; or there is no descriptor left.
  local id, kind, message = exchange:submit(sign, delay, limit)
  if not id then
    return not_sent(state, kind == "misuse" and "cancelled" or kind, message)
  end
  state.attempts = state.attempts + 1
  if hook then
    events.attempt_begin(state)
  end
  wait.exchange(client, exchange, id)
  if hook then
    events.attempt_end(state)
  end
  return true
end

-- The credentials were refused: once more, if there are fresh ones to be had.
local function make_again(state, auth, generation, refusal)
  state.renewed = true
  local ok, err = auth:renew(state, generation)
  if ok then
    state.now = state.client.clock()
    ok, err = attempt.carry(state, auth.sign, 0)
  else
    err = err or refusal
  end
  if not ok then
    return nil, err
  end
  return answer.read(state)
end

local function make_signed(state, delay)
  local auth = state.client.auth
  local ok, err
  if state.now >= auth.renew_at or auth.several then
    ok, err = auth:ready(state)
    if not ok then
      return nil, err
    end
  end
  local generation = auth.generation
  ok, err = attempt.carry(state, auth.sign, delay)
  if not ok then
    return nil, err
  end
  local result
  result, err = answer.read(state)
  if err and err.status == 401 and not state.renewed then
    result, err = make_again(state, auth, generation, err)
  end
  if result and auth.answered then
    auth:answered(state)
  end
  return result, err
end

--- Makes one attempt. Returns a result; or nil, an error and what to do next:
--- "stop", "repeat" after state.pause seconds, or "settle".
function attempt.make(state, delay)
  state.verdict = "stop"
  local result, err
  if state.operation.unsigned then
    local ok
    ok, err = attempt.carry(state, NONE, delay)
    if ok then
      result, err = answer.read(state)
    end
    if result and state.client.auth.answered then
      state.client.auth:answered(state)
    end
  else
    result, err = make_signed(state, delay)
  end
  return result, err, state.verdict
end

return attempt
