-- How many calls a minute, an hour, a day, and how many at once.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local settings = require "zuora_sandbox.settings"

local limits = {}

-- Calls under way: all of them, and those for each entity.
local in_flight, of_entity = 0, {}
-- Raised by a reset, so that a call that began before it is not taken off what
-- came after it.
local generation = 0
local windows

-- Each family of calls, its windows: seconds, or the setting of them, and the
-- setting of the quota.
local FAMILIES = {
  api = { { "rate_window", "rate_limit" }, { 3600, "rate_limit_hour" },
    { 86400, "rate_limit_day" } },
  auth = { { 60, "auth_limit" }, { 3600, "auth_limit_hour" },
    { 86400, "auth_limit_day" } },
  oauth = { { 60, "oauth_limit" } },
}

function limits.reset()
  windows, in_flight, of_entity = {}, 0, {}
  generation = generation + 1
end

function limits.in_flight()
  return in_flight
end

-- The entity by its header, since limits come before credentials.
local function entity_of(x)
  if assumptions.is("concurrency_is_of", "tenant") then
    return ""
  end
  local headers = x.headers
  local name = headers["zuora-entity-ids"] or headers.entityid or
    headers.entityname or ""
  return (name:gsub("-", ""):lower())
end

local function seconds_of(row)
  return tonumber(row[1]) or settings.get(row[1])
end

local function window_of(family, row)
  local seconds = seconds_of(row)
  local key = family .. seconds
  local window = windows[key]
  local now = clock.now()
  if not window or now >= window.ends or now < window.ends - seconds then
    window = { ends = now + seconds, used = 0 }
    windows[key] = window
  end
  return window
end

local function remaining(quota, window)
  return math.max(0, quota - window.used)
end

-- The window nearest exhaustion: its quota, what remains, when it ends.
local function nearest(family)
  local best
  for _, row in ipairs(FAMILIES[family]) do
    local quota = settings.get(row[2])
    if quota > 0 then
      local window = window_of(family, row)
      local left = remaining(quota, window)
      if not best or left < best.left then
        best = { quota = quota, left = left, ends = window.ends,
          seconds = seconds_of(row), full = window.used >= quota }
      end
    end
  end
  return best
end

local function count(family)
  for _, row in ipairs(FAMILIES[family]) do
    local window = window_of(family, row)
    window.used = window.used + 1
  end
end

local function list_of(family, first)
  local parts = { tostring(first) }
  for _, row in ipairs(FAMILIES[family]) do
    local quota = settings.get(row[2])
    if quota > 0 then
      parts[#parts + 1] = ("%d;w=%d"):format(quota, seconds_of(row))
    end
  end
  return table.concat(parts, ", ")
end

local function seconds_to(time)
  return math.max(1, math.ceil(time - clock.now()))
end

local function oauth_headers(near)
  return {
    ["X-RateLimit-Limit-minute"] = near.quota,
    ["X-RateLimit-Remaining-minute"] = near.left,
  }
end

--- The headers that tell of limits.
function limits.headers(x)
  local family = x.route and x.route.family
  local near = family and nearest(family)
  if family == "oauth" then
    return near and oauth_headers(near) or {}
  end
  local headers = {}
  if near then
    headers["RateLimit-Limit"] = list_of(family, near.quota)
    headers["RateLimit-Remaining"] = near.left
    headers["RateLimit-Reset"] = seconds_to(near.ends)
  end
  if family == "api" then
    local most = settings.get "concurrency_limit"
    headers["Concurrency-Limit-Type"] = "Default"
    headers["Concurrency-Limit-Limit"] = most
    headers["Concurrency-Limit-Remaining"] = math.max(0,
      most - (of_entity[entity_of(x)] or 0))
  end
  return headers
end

local NAMES = { [60] = "minute", [3600] = "hour", [86400] = "day" }

local function by_rate(near)
  local wait = seconds_to(near.ends)
  local form = assumptions.get "rate_retry_after"
  local headers = {}
  if form == "seconds" then
    headers["Retry-After"] = wait
  elseif form == "date" then
    -- A date of the real world: a client knows no other clock.
    headers["Retry-After"] = ngx.http_time(math.ceil(ngx.time() + wait))
  end
  return answer.json(429, { reasons = { { code = 70, message =
    ("API Rate limit exceeded for the %s, retry after %d seconds"):format(
      NAMES[near.seconds] or "window", wait) } } }, headers)
end

local function by_concurrency()
  return answer.failure(429, 50000070,
    "The number of concurrent requests exceeds the limit.",
    { ["Retry-After"] = settings.get "concurrency_retry_after" })
end

--- Counts a call in. Returns the refusal where there are too many.
function limits.enter(x)
  local family = x.route.family
  local near = nearest(family)
  if near and near.full then
    if assumptions.is("refused_calls_count", "yes") then
      count(family)
    end
    return by_rate(near)
  end
  count(family)
  if family ~= "api" then
    return nil
  end
  local entity = entity_of(x)
  local running = of_entity[entity] or 0
  if running >= settings.get "concurrency_limit" then
    return by_concurrency()
  end
  in_flight, of_entity[entity] = in_flight + 1, running + 1
  x.in_flight, x.counted_for = generation, entity
  return nil
end

--- Counts it out, however it ended.
function limits.leave(x)
  if x.in_flight == generation then
    in_flight = in_flight - 1
    local running = of_entity[x.counted_for]
    of_entity[x.counted_for] = running > 1 and running - 1 or nil
  end
  x.in_flight = nil
end

limits.reset()

return limits
