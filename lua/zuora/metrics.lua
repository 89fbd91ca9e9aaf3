--- A hook that counts, and tells in Prometheus' text format:
---
---   local metrics = require("zuora.metrics").new()
---   zuora.new { ..., on_event = metrics.hook }
---   print(metrics:text())
local metrics = {}

local Metrics = {}
Metrics.__index = Metrics

local BUCKETS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120 } -- seconds

-- ---- numbers: those methods of a shared dictionary that are needed ---------

local Own = {} -- of this Lua state
Own.__index = Own

function Own:incr(key, value, init)
  self[key] = (self[key] or init) + value
end

function Own:set(key, value)
  self[key] = value
end

function Own:get(key)
  return self[key]
end

function Own:get_keys()
  local keys = {}
  for key in pairs(self) do
    keys[#keys + 1] = key
  end
  return keys
end

-- ---- counting --------------------------------------------------------------

local count = {}

-- A bucket counts what is more than the one before holds.
function count.call_end(add, event)
  local operation, seconds = event.operation, event.seconds
  add('calls_total{operation="%s",result="%s"}', 1, operation,
    event.kind or "ok")
  add('call_seconds_sum{operation="%s"}', seconds, operation)
  add('call_seconds_count{operation="%s"}', 1, operation)
  for _, bound in ipairs(BUCKETS) do
    if seconds <= bound then
      add('call_seconds_bucket{operation="%s",le="%.14g"}', 1, operation, bound)
      break
    end
  end
end

function count.attempt_end(add, event, numbers)
  add('attempts_total{operation="%s",status="%s"}', 1, event.operation,
    event.status or event.kind or "none")
  local limit = event.rate_limit
  if limit and limit.remaining then
    numbers:set("zuora_rate_limit_remaining", limit.remaining)
  end
end

function count.wait(add, event)
  add('wait_seconds_total{operation="%s"}', event.seconds, event.operation)
end

function count.settle(add, event)
  add('settled_total{operation="%s",found="%s"}', 1, event.operation,
    event.found)
end

--- Makes a set of counters, in this Lua state; or in the lua_shared_dict of
--- that name, for all workers of an nginx: each of them tells the sums. Its
--- `hook` is what on_event takes; one set may serve several clients.
---@param name? string
function metrics.new(name)
  local numbers = name == nil and setmetatable({}, Own) or
    require("zuora.stores.shared").dictionary(name, 2)
  local function add(key, value, ...)
    numbers:incr("zuora_" .. key:format(...), value, 0)
  end
  return setmetatable({
    numbers = numbers,
    hook = function(event)
      if count[event.name] then
        count[event.name](add, event, numbers)
      end
    end,
  }, Metrics)
end

-- ---- telling ---------------------------------------------------------------

-- Of each name { labels, value } in order. The dictionary may hold other
-- things, too.
local function samples(numbers)
  local keys, found = numbers:get_keys(0), {}
  table.sort(keys)
  for _, key in ipairs(keys) do
    local name, labels = key:match "^zuora_([%l_]+){?(.-)}?$"
    local value = name and numbers:get(key)
    if value then
      found[name] = found[name] or {}
      table.insert(found[name], { labels = labels, value = value })
      found[name][labels] = value
    end
  end
  return found
end

local function head(lines, name, kind, help)
  lines[#lines + 1] = ("# HELP zuora_%s %s"):format(name, help)
  lines[#lines + 1] = ("# TYPE zuora_%s %s"):format(name, kind)
end

local function counter(lines, found, name, help)
  head(lines, name, "counter", help)
  for _, sample in ipairs(found[name] or {}) do
    lines[#lines + 1] = ("zuora_%s{%s} %.14g"):format(name, sample.labels,
      sample.value)
  end
end

local function histogram(lines, found, name, help)
  head(lines, name, "histogram", help)
  local buckets, sums = found[name .. "_bucket"] or {},
    found[name .. "_sum"] or {} -- a full dictionary may have lost some
  for _, sample in ipairs(found[name .. "_count"] or {}) do
    local labels, sum = sample.labels, 0
    for _, bound in ipairs(BUCKETS) do
      local own = ('%s,le="%.14g"'):format(labels, bound)
      sum = sum + (buckets[own] or 0)
      lines[#lines + 1] = ("zuora_%s_bucket{%s} %d"):format(name, own, sum)
    end
    lines[#lines + 1] = ('zuora_%s_bucket{%s,le="+Inf"} %d'):format(name,
      labels, sample.value)
    lines[#lines + 1] = ("zuora_%s_sum{%s} %.14g"):format(name, labels,
      sums[labels] or 0)
    lines[#lines + 1] = ("zuora_%s_count{%s} %d"):format(name, labels,
      sample.value)
  end
end

--- All counters, in the text format that Prometheus reads.
---@return string
function Metrics:text()
  local lines, found = {}, samples(self.numbers)
  counter(lines, found, "calls_total", "Calls that ended, by result.")
  counter(lines, found, "attempts_total", "Requests sent, by status.")
  counter(lines, found, "wait_seconds_total", "Time waited before requests.")
  counter(lines, found, "settled_total",
    "Changes read back, by what was found.")
  histogram(lines, found, "call_seconds",
    "How long calls took, waits included.")
  local remaining = found.rate_limit_remaining
  if remaining then
    head(lines, "rate_limit_remaining", "gauge",
      "What Zuora last told of the rate limit.")
    lines[#lines + 1] = ("zuora_rate_limit_remaining %d"):format(
      remaining[1].value)
  end
  return table.concat(lines, "\n") .. "\n"
end

return metrics
