-- One attempt of a call: its turn awaited, signed, sent, read.
local answer = require "zuora.answer"
local core = require "zuora.core"
local errors = require "zuora.errors"
local events = require "zuora.events"
local limits = require "zuora.limits"
local wait = require "zuora.wait"

local attempt = {}

local count, plain_result, wait_exchange, guard = limits.count, answer.plain,
  wait.exchange, wait.guard_alone
local NEAR_END = limits.NEAR_END
local NONE = core.sign.none
local TOO_LATE = "its time was over before it could be sent"

-- Seconds of a call that are kept for finding out what became of a change; a
-- tenth where that is less.
local SETTLING = 10

-- The call was not sent, for that reason.
local function not_sent(state, kind, message, retry_after)
  return nil, errors.new {
    kind = kind,
    operation = state.operation.name,
    message = message,
    attempts = state.attempts,
    retryable = kind == "timeout" or kind == "rate_limit",
    retry_after = retry_after,
    outcome = state.writes and "not_done" or nil,
  }
end

-- Its turn comes, or would come after that pause of the client's pace, when
-- its time is over.
local function too_late(state, pause)
  if pause > 0 and pause >= state.ends - state.now then
    return not_sent(state, "rate_limit", ("Zuora's rate limit lets no call " ..
      "leave for %d s, more than its time"):format(math.ceil(pause)),
      math.ceil(pause))
  end
  return not_sent(state, "timeout", TOO_LATE)
end

--- Whether a call can still be made: true, or nil and an error.
function attempt.can(state)
  local client = state.client
  if client.engine:closed() then
    return not_sent(state, "cancelled", "the client is closed")
  elseif client.clock() >= state.ends then
    return not_sent(state, "timeout", TOO_LATE)
  end
  return true
end

--- Seconds that an attempt may take, from when it is sent, of a call that has
--- `left`.
function attempt.limit(left, policy, writes)
  if writes then
    left = left > 10 * SETTLING and left - SETTLING or left * 0.9
  end
  local own = policy.attempt_timeout
  return own and own < left and own or left
end

-- Sends it and waits for its end. Nil, a kind and a message where it cannot be
-- sent: the client was closed, or its credentials taken away, since it was
-- built; or there is no descriptor left.
local function send(state, sign, delay, limit)
  local client, exchange = state.client, state.exchange
  local id, kind, message = exchange:submit(sign, delay, limit)
  if not id then
    return nil, kind, message
  end
  state.attempts = state.attempts + 1
  if client.on_event then
    events.attempt_begin(state)
  end
  wait_exchange(client, exchange, id)
  return true
end

--- Sends the exchange of `state` after `delay` seconds, signed as `sign` says,
--- and waits for its end: true, or nil and an error when it was not sent.
function attempt.carry(state, sign, delay)
  local client, exchange = state.client, state.exchange
  local pause = client.pace:take(state.now, state.ends - state.now)
  if pause > delay then
    delay = pause
  end
  local limit = attempt.limit(state.ends - state.now - delay, state.policy,
    state.writes)
  if limit <= 0 then
    return too_late(state, pause)
  end
  if client.on_event then
    events.wait(state, delay)
  end
  local whole, sent, kind, message = guard(send, state, sign, delay, limit)
  if not whole then
    wait.give_up(client, exchange, sent)
  elseif not sent then
    return not_sent(state, kind == "misuse" and "cancelled" or kind, message)
  end
  if client.on_event then
    events.attempt_end(state)
  end
  return true
end

-- The credentials were refused: once more, if there are fresh ones to be had.
-- What came from a store need not be: after that once again, at `last`.
local function make_again(state, auth, generation, refusal, last)
  state.renewed = true
  local ok, err = auth:renew(state, generation)
  if not ok then
    return nil, err or refusal
  end
  state.now = state.client.clock()
  local fresh = auth.generation
  local again = not last and auth.adopted == fresh
  ok, err = attempt.carry(state, auth.sign, 0)
  if not ok then
    return nil, err
  end
  local result
  result, err = answer.read(state)
  if again and err and err.status == 401 then
    return make_again(state, auth, fresh, err, true)
  end
  return result, err
end

--- Reads what came of an attempt that was signed with the credentials of that
--- generation.
function attempt.read(state, generation)
  local auth = state.client.auth
  local result, err = answer.read(state)
  if err and err.status == 401 and not state.renewed then
    result, err = make_again(state, auth, generation, err, false)
  end
  if result and auth.answered then
    auth:answered(state)
  end
  return result, err
end

local function make_signed(state, delay)
  local auth = state.client.auth
  local ok, err
  if state.now >= auth.renew_at or auth.several then
    ok, err = auth:ready(state)
    if not ok then
      return nil, err
    end
    state.now = state.client.clock()
  end
  local generation = auth.generation
  ok, err = attempt.carry(state, auth.sign, delay)
  if not ok then
    return nil, err
  end
  return attempt.read(state, generation)
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

--- What makes plain calls of a binding, as most are: no option says how one is
--- made, nothing else is asked of the client, and nothing has to be waited for.
--- Nil where none of its calls is plain.
---
--- It makes the first attempt. Returns a result; nil, the exchange, when the
--- call began and the generation of its credentials where the answer is not a
--- plain success; or nothing, having done nothing, where it is no plain call or
--- cannot be made.
function attempt.plain(binding)
  local client, operation = binding.client, binding.operation
  local auth, pace, quota = client.auth, client.pace, client.quota
  if client.special or not operation.method or operation.unsigned or
    operation.keyed or auth.answered then
    return nil
  end
  local engine, clock, index = client.engine, client.clock, binding.index
  local engine_send, succeeded = engine.send, nil -- methods, found once
  local limit = attempt.limit(client.policy.timeout, client.policy,
    operation.writes)
  local function carry(now, spare, a, b, c, more)
    local exchange, id = engine_send(engine, index, spare, auth.sign, limit, a,
      b, c, more)
    if exchange then
      count(pace, now)
      wait_exchange(client, exchange, id)
    end
    return exchange
  end
  return function(a, b, c, more)
    local now = clock()
    if pace.held or now >= auth.renew_at or auth.several then
      return nil
    end
    local generation, spare = auth.generation, binding.exchange
    binding.exchange = nil
    local whole, exchange = guard(carry, now, spare, a, b, c, more)
    if not whole then
      wait.give_up(client, nil, exchange)
    elseif not exchange then
      return nil
    end
    succeeded = succeeded or exchange.succeeded
    local head, remaining, most, reset, text = succeeded(exchange)
    local result = head and plain_result(head, text)
    if not result then
      return nil, exchange, now, generation
    elseif text then
      exchange:free()
    end
    binding.exchange = exchange
    if pace.held or remaining <= most * NEAR_END then
      pace:learn(200, remaining, most, reset)
    end
    if not quota.full then
      quota:refund(1)
    end
    return result
  end
end

return attempt
