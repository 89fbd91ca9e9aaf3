-- The pace of a client: as fast as Zuora lets it, which its headers tell.
--
-- Without a pace (the usual state) calls start at once. When little is left of
-- a window, what is left is spread over the rest of it, and when nothing is,
-- all wait for its end. Any other 429 halves the pace, and each success gives
-- a little of it back; a minute without another gives back all, for Zuora
-- counts by the minute.
local limits = {}

local SLOWEST = 0.1 -- calls a second
local GAIN = 0.05 -- of the pace before the 429, with each success
local DAY = 86400 -- seconds: Zuora's longest window; more is not believed
local WINDOW = 1 -- seconds over which the pace is measured
local MINUTE = 60 -- seconds

--- Of the limit: below this the rest is spread.
limits.NEAR_END = 0.1

local Pace = {}
Pace.__index = Pace

--- A pace that does not hold anything up. `clock` gives seconds.
function limits.pace(clock)
  return setmetatable({
    clock = clock,
    held = false, -- whether calls may have to wait
    free_at = 0, -- when the next call may start
    counted = 0, counted_from = clock(), measured = 0,
  }, Pace)
end

-- The slower of what a 429 and what the end of a window ask for, or nil.
local function rate_of(self, now)
  if self.spread_until and now >= self.spread_until then
    self.spread, self.spread_until = nil, nil
  end
  if self.rate and now - self.slowed_at >= MINUTE then
    self.rate, self.goal = nil, nil
  end
  local rate, spread = self.rate, self.spread
  self.held = rate ~= nil or spread ~= nil
  if not self.held then
    self.free_at = 0
  end
  return rate and spread and math.min(rate, spread) or rate or spread
end

--- Notes that a call starts at `now`.
function limits.count(pace, now)
  if now - pace.counted_from >= WINDOW then
    pace.measured = pace.counted / (now - pace.counted_from)
    pace.counted, pace.counted_from = 0, now
  end
  pace.counted = pace.counted + 1
end

--- How long the next call has to wait at `now`; its place is taken with that,
--- unless it will not wait as long as `patience`.
function Pace:take(now, patience)
  limits.count(self, now)
  local rate = self.held and rate_of(self, now)
  if not rate then
    return 0
  end
  local start = math.max(now, self.free_at)
  if rate == self.spread and start >= self.spread_until then
    return self.spread_until - now -- the next window brings plenty
  end
  if not patience or start - now < patience then
    self.free_at = start + 1 / rate
  end
  return start - now
end

-- Refusals that come together count once: they answer calls that had left
-- before the first of them came.
local function slow_down(self)
  local now = self.clock()
  if self.slowed_at and now - self.slowed_at < WINDOW then
    return
  end
  self.slowed_at = now
  local before = self.rate or math.max(self.measured, self.counted, 2 * SLOWEST)
  self.goal = self.goal or before
  self.rate = math.max(before / 2, SLOWEST)
  self.held = true
end

local function speed_up(self)
  self.rate = self.rate + self.goal * GAIN
  if self.rate >= 2 * self.goal then
    self.rate, self.goal = nil, nil
  end
end

-- What is left of the window, spread over the rest of it.
local function spread(self, remaining, limit, reset)
  if remaining <= limit * limits.NEAR_END and reset > 0 then
    self.spread = math.max(remaining, 1) / reset
    self.spread_until = self.clock() + reset
    self.held = true
    if remaining == 0 then
      self.free_at = self.spread_until
    end
  else
    self.spread, self.spread_until = nil, nil
  end
end

--- Learns from an answer: its status, and what it tells of the rate limit, -1
--- where it does not.
function Pace:learn(status, remaining, limit, reset)
  local told = remaining >= 0 and limit >= 0 and reset >= 0 and reset <= DAY
  if status == 429 and not (told and remaining == 0 and reset > 0) then
    slow_down(self)
  elseif self.rate and status >= 200 and status < 400 then
    speed_up(self)
  end
  if told then
    spread(self, remaining, limit, reset)
  end
end

-- ---- logins ----------------------------------------------------------------

-- Zuora takes 100 logins and token requests a minute from an address; half of
-- that is left to others there.
local LOGINS = 50
local FIRST_PAUSE, LONGEST_PAUSE = 1, 60 -- seconds after a failure

local Logins = {}
Logins.__index = Logins

--- The budget of a client's logins.
function limits.logins(clock)
  return setmetatable({ clock = clock, failures = 0, closed_until = 0,
    count = 0, count_from = clock() }, Logins)
end

--- Whether a login may be tried: true, or nil, the seconds until it may, and
--- the error that the last one ended with.
function Logins:may()
  local now = self.clock()
  if now < self.closed_until then
    return nil, self.closed_until - now, self.failed
  end
  if now - self.count_from >= MINUTE then
    self.count, self.count_from = 0, now
  end
  if self.count >= LOGINS then
    return nil, self.count_from + MINUTE - now, nil
  end
  self.count = self.count + 1
  return true
end

function Logins:succeeded()
  self.failures, self.failed = 0, nil
end

--- After a failure none is tried for a while, longer with each.
function Logins:fail(err)
  local pause = FIRST_PAUSE * 2 ^ math.min(self.failures, 6)
  self.failures = self.failures + 1
  self.failed = err
  self.closed_until = self.clock() + math.min(math.max(pause,
    err.retry_after or 0), LONGEST_PAUSE)
end

return limits
