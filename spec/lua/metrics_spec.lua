-- Counters, read back from Prometheus' text format by a reader that takes
-- nothing but what the format allows.
local metrics = require "zuora.metrics"

-- The labels in braces: { name = value }, checked to the last character.
local function read_labels(text)
  local labels, rest = {}, text
  while rest ~= "" do
    local name, ends = rest:match '^([%a_][%w_]*)="()'
    assert(name, "a label: " .. rest)
    local value = ""
    while rest:sub(ends, ends) ~= '"' do
      local char = rest:sub(ends, ends)
      assert(char ~= "" and char ~= "\n", "a label's end: " .. rest)
      if char == "\\" then
        ends = ends + 1
        char = assert(({ n = "\n", ["\\"] = "\\", ['"'] = '"' })[
          rest:sub(ends, ends)], "an escape: " .. rest)
      end
      value, ends = value .. char, ends + 1
    end
    assert(labels[name] == nil, "twice: " .. name)
    labels[name] = value
    rest = rest:sub(ends + 1)
    assert(rest == "" or rest:find "^,.", "a comma: " .. rest)
    rest = rest:gsub("^,", "")
  end
  return labels
end

local SUFFIXES = { histogram = { _bucket = true, _sum = true, _count = true },
  counter = { [""] = true }, gauge = { [""] = true } }

-- { name = { kind =, help =, samples = { { name, labels, value }, ... } } }
local function read(text)
  assert.equal("\n", text:sub(-1))
  local families, family, order, seen = {}, nil, {}, {}
  for line in text:gmatch "([^\n]*)\n" do
    local what, name, rest = line:match "^# (%u+) ([%a_:][%w_:]*) (.+)$"
    if what == "HELP" then
      assert(not families[name], "a family twice: " .. name)
      family = { name = name, help = rest, samples = {} }
      families[name] = family
      order[#order + 1] = name
    elseif what == "TYPE" then
      assert.equal(family.name, name)
      assert(not family.kind and SUFFIXES[rest], line)
      family.kind = rest
    else
      local sample, labels, value = line:match "^([%a_:][%w_:]*)(%b{}) (%S+)$"
      if not sample then
        sample, value = line:match "^([%a_:][%w_:]*) (%S+)$"
      end
      assert(sample and tonumber(value), "a sample: " .. line)
      assert(SUFFIXES[family.kind][sample:sub(#family.name + 1)] and
        sample:sub(1, #family.name) == family.name, "astray: " .. line)
      local id = sample .. (labels or "")
      assert(not seen[id], "twice: " .. id)
      seen[id] = true
      family.samples[#family.samples + 1] = { name = sample,
        labels = read_labels((labels or "{}"):sub(2, -2)),
        value = tonumber(value) }
    end
  end
  return families, order
end

-- The value of the sample with exactly these labels.
local function value_of(families, name, labels)
  for _, family in pairs(families) do
    for _, sample in ipairs(family.samples) do
      local equal = sample.name == name
      for key, value in pairs(labels) do
        equal = equal and sample.labels[key] == value
      end
      for key in pairs(sample.labels) do
        equal = equal and labels[key] ~= nil
      end
      if equal then
        return sample.value
      end
    end
  end
end

describe("metrics", function()
  local set

  before_each(function()
    set = metrics.new()
  end)

  local function call_end(seconds, kind, operation)
    set.hook { name = "call_end", operation = operation or "connections.list",
      seconds = seconds, kind = kind }
  end

  it("have their families even while there is nothing to count", function()
    local families, order = read(set:text())
    assert.equal("zuora_calls_total zuora_attempts_total " ..
      "zuora_wait_seconds_total zuora_settled_total zuora_call_seconds",
      table.concat(order, " "))
    for _, family in pairs(families) do
      assert.equal(0, #family.samples)
    end
    assert.equal("histogram", families.zuora_call_seconds.kind)
    assert.equal("counter", families.zuora_calls_total.kind)
  end)

  it("count calls by operation and result", function()
    call_end(1)
    call_end(1)
    call_end(1, "rate_limit")
    call_end(1, nil, "connections.accept")
    local families = read(set:text())
    local function calls(operation, result)
      return value_of(families, "zuora_calls_total",
        { operation = operation, result = result })
    end
    assert.equal(2, calls("connections.list", "ok"))
    assert.equal(1, calls("connections.list", "rate_limit"))
    assert.equal(1, calls("connections.accept", "ok"))
    assert.is_nil(calls("connections.accept", "rate_limit"))
  end)

  it("count attempts by status, or how they ended without one", function()
    for _, event in ipairs { { status = 200 }, { status = 200 },
      { status = 503 }, { kind = "network" }, {} } do
      event.name, event.operation = "attempt_end", "entities.get"
      set.hook(event)
    end
    local families = read(set:text())
    for status, count in pairs { ["200"] = 2, ["503"] = 1, network = 1,
      none = 1 } do
      assert.equal(count, value_of(families, "zuora_attempts_total",
        { operation = "entities.get", status = status }), status)
    end
  end)

  it("add up waits, and count what settling found", function()
    set.hook { name = "wait", operation = "a.b", seconds = 1.5 }
    set.hook { name = "wait", operation = "a.b", seconds = 0.00001 }
    set.hook { name = "settle", operation = "a.b", found = "done" }
    set.hook { name = "settle", operation = "a.b", found = "unreadable" }
    set.hook { name = "settle", operation = "a.b", found = "done" }
    local families = read(set:text())
    assert.equal(1.50001, value_of(families, "zuora_wait_seconds_total",
      { operation = "a.b" }))
    assert.equal(2, value_of(families, "zuora_settled_total",
      { operation = "a.b", found = "done" }))
    assert.equal(1, value_of(families, "zuora_settled_total",
      { operation = "a.b", found = "unreadable" }))
  end)

  it("have a histogram whose buckets hold all that is less", function()
    for _, seconds in ipairs { 0, 0.05, 0.0501, 3, 119, 120, 121 } do
      call_end(seconds)
    end
    call_end(7, "timeout", "connections.accept")
    local families = read(set:text())
    local last, bounds, count = 0, {}, nil
    for _, sample in ipairs(families.zuora_call_seconds.samples) do
      if sample.labels.operation == "connections.list" then
        if sample.labels.le then
          assert.equal("zuora_call_seconds_bucket", sample.name)
          assert.is_true(sample.value >= last)
          last, bounds[#bounds + 1] = sample.value, sample.labels.le
        elseif sample.name == "zuora_call_seconds_count" then
          count = sample.value
        end
      end
    end
    assert.equal("0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 120 +Inf",
      table.concat(bounds, " "))
    assert.equal(7, last)
    assert.equal(7, count)
    local function bucket(bound, operation)
      return value_of(families, "zuora_call_seconds_bucket", { le = bound,
        operation = operation or "connections.list" })
    end
    assert.equal(2, bucket "0.05")
    assert.equal(3, bucket "0.1")
    assert.equal(3, bucket "2.5")
    assert.equal(4, bucket "5")
    assert.equal(6, bucket "120")
    assert.equal(0, bucket("5", "connections.accept"))
    assert.equal(1, bucket("10", "connections.accept"))
    assert.equal(363.1001, value_of(families, "zuora_call_seconds_sum",
      { operation = "connections.list" }))
  end)

  it("tell what is left of the rate limit, once it was told", function()
    local function attempt(limit)
      set.hook { name = "attempt_end", operation = "a.b", status = 200,
        rate_limit = limit }
      return value_of(read(set:text()), "zuora_rate_limit_remaining", {})
    end
    assert.is_nil(attempt(nil))
    assert.is_nil(attempt {})
    assert.equal(399, attempt { remaining = 399 })
    assert.equal(399, attempt(nil))
    assert.equal(0, attempt { remaining = 0 })
    assert.equal("gauge",
      read(set:text()).zuora_rate_limit_remaining.kind)
  end)

  it("show large counts as they are", function()
    set.hook { name = "attempt_end", operation = "a.b", status = 200,
      rate_limit = { remaining = 2250000000 } }
    assert.matches("zuora_rate_limit_remaining 2250000000\n", set:text())
  end)

  it("leave events alone that they do not know", function()
    set.hook { name = "call_begin", operation = "a.b" }
    set.hook { name = "to come" }
    assert.equal(metrics.new():text(), set:text())
  end)

  it("come in the same order each time", function()
    for _, name in ipairs { "b.b", "a.a", "c.c" } do
      call_end(1, nil, name)
      call_end(1, "http", name)
    end
    local text = set:text()
    assert.equal(text, set:text())
    local order = {}
    for name in text:gmatch 'calls_total{operation="(%l)' do
      order[#order + 1] = name
    end
    assert.equal("aabbcc", table.concat(order))
  end)

  it("are each set's own", function()
    call_end(1)
    assert.is_nil(metrics.new():text():find("connections.list", 1, true))
  end)

  it("say so where there is no such dictionary", function()
    local ok, reason = pcall(metrics.new, "zuora")
    assert.is_false(ok)
    assert.matches("no lua_shared_dict zuora", reason)
  end)
end)
