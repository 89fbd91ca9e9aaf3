-- One fetch of a credential for all who need it: in this process by waiting for
-- the one that is under way, between processes by a lock in the store.
--
-- A flight serves an object with: client; name, of what is shared; shared, see
-- zuora.sharing, or nil; fetch(self, state), which makes the call and returns
-- true, or nil, an error and whether that concerns all who share; export(self),
-- what to share, and for how many seconds; adopt(self, value), which takes over
-- what was shared and returns whether it will do.
local attempt = require "zuora.attempt"
local errors = require "zuora.errors"
local wait = require "zuora.wait"

local flight = {}

-- For so long a fetch may take and holds the lock. One that waits for the lock
-- of a process that is gone comes after that.
local LEASE = 30 -- seconds
-- How often to look whether the holder of the lock is done.
local LOOK = 0.05 -- seconds
-- For so long others are told of a login that failed, as its Retry-After says.
local SHORTEST, LONGEST = 1, 60 -- seconds
-- What it can have been: a store may hold anything.
local KINDS = { auth = true, network = true, timeout = true, tls = true,
  protocol = true }

-- Where an error passes, the flight ends with its time.
local guard = wait.guard

-- The error of a fetch, in the name of a call that waited for it.
local function in_the_name_of(state, err)
  local own = {}
  for key, value in pairs(err) do
    own[key] = value
  end
  own.operation, own.attempts = state.operation.name, state.attempts
  own.outcome = state.writes and "not_done" or nil
  return errors.new(own)
end

-- The state of a call that a fetch is made for: with a time of its own.
local function wanting(self)
  local client = self.client
  local now = client.clock()
  return { client = client, operation = self.binding.operation,
    writes = false, attempts = 0, now = now,
    attempt_timeout = client.policy.attempt_timeout,
    ends = now + (self.shared and 2 * LEASE or LEASE) }
end

local function fetch(self, state)
  state.ends = math.min(state.ends, self.client.clock() + LEASE)
  return self:fetch(state)
end

-- Tells the others how a fetch ended.
local function share(self, err)
  if err then
    self.shared:set(self.name .. ":failed", { kind = err.kind,
      message = err.message, code = err.code, status = err.status,
      retryable = err.retryable }, math.min(LONGEST,
        math.max(SHORTEST, err.retry_after or 0)))
    return
  end
  local value, ttl = self:export()
  self.shared:set(self.name, value, ttl)
end

local function status_of(value)
  return type(value) == "number" and value >= 100 and value < 1000 and
    math.floor(value) or nil
end

local function failed_elsewhere(self, state, failure)
  local text = tostring(failure.message)
  local status = status_of(failure.status)
  local known = KINDS[failure.kind] or
    status and (failure.kind == "http" or failure.kind == "api")
  return nil, in_the_name_of(state, errors.new {
    kind = known and failure.kind or "rate_limit",
    status = status,
    retryable = failure.retryable == true,
    operation = self.binding.operation.name,
    message = errors.quote(self.client.redact(text)),
    code = tonumber(failure.code),
  })
end

-- Whether what is in the store was taken over, and whether that is out of
-- reach. The client may be closed while it is asked.
local function take_over(self)
  local value, down = self.shared:get(self.name)
  local taken = value and not self.client.engine:closed() and
    self:adopt(value)
  if taken then
    self.adopted = self.generation
  end
  return taken, down
end

-- Another may have been done just before the lock was taken.
local function fetch_or_adopt(self, state)
  if take_over(self) then
    return true
  end
  local ok, err, for_all = fetch(self, state)
  if ok or for_all then
    share(self, err)
  end
  return ok, err
end

-- Whatever comes of it, the lock is given back.
local function fetch_locked(self, state, lock, mark)
  local whole, ok, err = guard(fetch_or_adopt, self, state)
  self.shared:unlock(lock, mark)
  if not whole then
    error(ok, 0)
  end
  return ok, err
end

-- Whether the client was closed or its calls cancelled. What the flight waits
-- for may be no call of its own.
local function is_cancelled(self, own)
  return self.flight ~= own or self.client.engine:closed()
end

local function cancelled(state)
  return errors.new { kind = "cancelled", operation = state.operation.name,
    message = "it was cancelled" }
end

-- Waits a moment, where there is time for that, for who holds the lock.
local function wait_for_another(self, state, own)
  local clock, chance = self.client.clock, self.client.chance
  local now = clock()
  local ends = math.min(now + LOOK * (1 + chance()), state.ends)
  if now >= state.ends then
    return nil, errors.new { kind = "timeout", operation = state.operation.name,
      message = "another process did not get a credential in time" }
  end
  wait.pending(self.client, {
    due = ends,
    done = function()
      return clock() >= ends or is_cancelled(self, own)
    end,
  })
  if is_cancelled(self, own) then
    return nil, cancelled(state)
  end
  return true
end

-- Through the store: taken over from another, or fetched under the lock.
local function fetch_shared(self, state, own)
  local lock = self.name .. ":lock"
  while true do
    local taken, down = take_over(self)
    if taken then
      return true
    end
    local failure = not down and self.shared:get(self.name .. ":failed")
    if failure then
      return failed_elsewhere(self, state, failure)
    end
    local mark
    if not down then
      mark, down = self.shared:lock(lock, LEASE)
    end
    if down then
      return fetch(self, state)
    elseif mark then
      return fetch_locked(self, state, lock, mark)
    end
    local ok, err = wait_for_another(self, state, own)
    if not ok then
      return nil, err
    end
  end
end

-- The coroutine that runs; Lua 5.1 has none of its main thread.
local function here()
  return coroutine.running() or "main"
end

local function run(self, own, state)
  own.runs_in = here()
  local whole, ok, err = guard(self.shared and fetch_shared or fetch, self,
    state, own)
  own.over = true
  if self.flight == own then
    self.flight = nil
  end
  if not whole then
    error(ok, 0)
  end
  own.ok, own.err = ok, err
end

-- Where nothing goes on beside the call it has the call's time.
local function run_within(self, own, wanted, state)
  wanted.attempt_timeout = state.policy.attempt_timeout
  wanted.ends = math.min(state.ends, wanted.ends)
  own.ends = wanted.ends
  run(self, own, wanted)
end

local function begin(self, own, wanted, state)
  if not state then
    wait.background(self.client, run, self, own, wanted)
  elseif not wait.apart(self.client, run, self, own, wanted) then
    run_within(self, own, wanted, state)
  end
end

-- Begins a flight, for the sake of a call or beside all.
local function launch(self, state)
  local wanted = wanting(self)
  -- All its fields at once: when memory fails, it has to end all the same.
  local own = { ends = wanted.ends, over = false, ok = false, err = false,
    runs_in = false }
  self.flight = own
  local whole, reason = guard(begin, self, own, wanted, state)
  if not whole then
    own.over, self.flight = true, nil
    error(reason, 0)
  end
  return own
end

local function is_over(own, client)
  return own.over or client.clock() >= own.ends
end

-- Waits for the one under way, at most as long as the call, or an attempt of
-- it, may take. The flight goes on.
local function join(self, own, state)
  local client = self.client
  local ends = math.min(own.ends, state.ends,
    client.clock() + (state.policy.attempt_timeout or math.huge))
  wait.pending(client, {
    due = ends,
    done = function()
      return own.over or is_cancelled(self, own) or client.clock() >= ends
    end,
  })
end

-- Why it is not over.
local function unfinished(self, own, state)
  if is_cancelled(self, own) then
    return cancelled(state)
  end
  return errors.new { kind = "timeout", operation = state.operation.name,
    message = self.binding.operation.name .. " did not end in time" }
end

-- A call that a hook of the login makes would wait for what waits for it.
local function within_itself(self, state)
  return errors.new { kind = "auth", operation = state.operation.name,
    message = ("%s is under way, and this call was made by its hook"):format(
      self.binding.operation.name) }
end

--- Gets a fresh credential for a call: true, or nil and an error in its name.
function flight.get(self, state)
  local may, reason = attempt.can(state)
  if not may then
    return nil, reason
  end
  local own = self.flight
  if own and is_over(own, self.client) then
    own = nil
  end
  if not own then
    own = launch(self, state)
  end
  if own.runs_in == here() and not own.over then
    return nil, in_the_name_of(state, within_itself(self, state))
  elseif not own.over then
    join(self, own, state)
  end
  if own.ok then
    return true
  end
  return nil, in_the_name_of(state, own.err or unfinished(self, own, state))
end

--- Gets one beside the calls that go on with the old one.
function flight.renew_beside(self)
  if not self.flight then
    launch(self)
  end
end

return flight
