--- A hook that counts, and tells in Prometheus' text format:
---
---   local metrics = require("zuora.metrics").new()
---   zuora.new { ..., on_event = metrics.hook }
---   print(metrics:text())
local metrics = {}

local Metrics = {}
Metrics.__index = Metrics

local BUCKETS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120 } -- seconds

local function add(map, key, value)
  map[key] = (map[key] or 0) + value
end

local count = {}

function count.call_end(self, event)
  local result = event.kind or "ok"
  add(self.calls, ('operation="%s",result="%s"'):format(event.operation,
    result), 1)
  local operation = ('operation="%s"'):format(event.operation)
  add(self.seconds, operation, event.seconds)
  add(self.counts, operation, 1)
  local buckets = self.buckets[operation] or {}
  self.buckets[operation] = buckets
  for i, bound in ipairs(BUCKETS) do
    if event.seconds <= bound then
      add(buckets, i, 1)
    end
  end
end

function count.attempt_end(self, event)
  add(self.attempts, ('operation="%s",status="%s"'):format(event.operation,
    event.status or event.kind or "none"), 1)
  local limit = event.rate_limit
  self.remaining = limit and limit.remaining or self.remaining
end

function count.wait(self, event)
  add(self.waits, ('operation="%s"'):format(event.operation), event.seconds)
end

function count.settle(self, event)
  add(self.settled, ('operation="%s",found="%s"'):format(event.operation,
    event.found), 1)
end

--- Makes a set of counters. Its `hook` is what on_event takes; one set may
--- serve several clients.
function metrics.new()
  local self = setmetatable({ calls = {}, attempts = {}, waits = {},
    settled = {}, seconds = {}, counts = {}, buckets = {} }, Metrics)
  self.hook = function(event)
    if count[event.name] then
      count[event.name](self, event)
    end
  end
  return self
end

local function sorted(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function head(lines, name, kind, help)
  lines[#lines + 1] = ("# HELP %s %s"):format(name, help)
  lines[#lines + 1] = ("# TYPE %s %s"):format(name, kind)
end

local function counter(lines, name, help, map)
  head(lines, name, "counter", help)
  for _, labels in ipairs(sorted(map)) do
    lines[#lines + 1] = ("%s{%s} %.14g"):format(name, labels, map[labels])
  end
end

local function histogram(lines, self)
  local name = "zuora_call_seconds"
  head(lines, name, "histogram", "How long calls took, waits included.")
  for _, labels in ipairs(sorted(self.counts)) do
    for i, bound in ipairs(BUCKETS) do
      lines[#lines + 1] = ('%s_bucket{%s,le="%.14g"} %d'):format(name, labels,
        bound, self.buckets[labels][i] or 0)
    end
    lines[#lines + 1] = ('%s_bucket{%s,le="+Inf"} %d'):format(name, labels,
      self.counts[labels])
    lines[#lines + 1] = ("%s_sum{%s} %.14g"):format(name, labels,
      self.seconds[labels])
    lines[#lines + 1] = ("%s_count{%s} %d"):format(name, labels,
      self.counts[labels])
  end
end

--- All counters, in the text format that Prometheus reads.
---@return string
function Metrics:text()
  local lines = {}
  counter(lines, "zuora_calls_total", "Calls that ended, by result.",
    self.calls)
  counter(lines, "zuora_attempts_total", "Requests sent, by status.",
    self.attempts)
  counter(lines, "zuora_wait_seconds_total", "Time waited before requests.",
    self.waits)
  counter(lines, "zuora_settled_total", "Changes read back, by what was found.",
    self.settled)
  histogram(lines, self)
  if self.remaining then
    head(lines, "zuora_rate_limit_remaining", "gauge",
      "What Zuora last told of the rate limit.")
    lines[#lines + 1] = ("zuora_rate_limit_remaining %d"):format(
      self.remaining)
  end
  return table.concat(lines, "\n") .. "\n"
end

return metrics
