-- Faults that tests ask for: which call they are for, and when it is due.
local json = require "zuora_sandbox.json"

local faults = {}

local list, next_id

-- The kinds, each with its fields; `after` is for those that by nature let the
-- call take effect.
local KINDS = {
  delay = { fields = { "seconds" } },
  status = { fields = { "status", "body", "headers", "retry_after", "store" } },
  reset = { fields = {} },
  close = { fields = {} },
  cut = { fields = {} },
  wrong_json = { fields = {} },
  html = { fields = {} },
  gzip_garbage = { fields = {} },
  drip = { fields = { "bytes_per_second" }, after = true },
  stall = { fields = { "seconds" } },
  category = { fields = { "category", "code", "message", "store" } },
  redirect = { fields = { "status", "location" } },
  big = { fields = { "bytes", "gzip" } },
}

local MATCH = { method = "string", path = "string", operation = "string",
  nth = "number", times = "number", probability = "number", seed = "number" }

function faults.clear()
  list, next_id = {}, 1
end

local function keys(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

local function check_match(match)
  if type(match) ~= "table" then
    return "a fault's match is an object"
  end
  for name, value in pairs(match) do
    if type(value) ~= MATCH[name] then
      return MATCH[name] and ("match.%s is a %s"):format(name, MATCH[name]) or
        ("unknown match.%s; known: %s"):format(tostring(name), keys(MATCH))
    end
  end
  if match.path and not pcall(string.find, "", match.path) then
    return "match.path is no Lua pattern: " .. match.path
  end
end

local function check_fields(fault, kind)
  local known = { kind = true, match = true, when = true }
  for _, name in ipairs(kind.fields) do
    known[name] = true
  end
  for name in pairs(fault) do
    if not known[name] and not MATCH[name] then
      return ("unknown field %s of the fault %s; known: %s"):format(
        tostring(name), fault.kind, keys(known))
    end
  end
end

local function check(fault)
  if type(fault) ~= "table" then
    return "a fault is an object"
  end
  local kind = KINDS[fault.kind]
  if not kind then
    return ("unknown fault %s; known: %s"):format(tostring(fault.kind),
      keys(KINDS))
  end
  if fault.when and fault.when ~= "before" and fault.when ~= "after" then
    return 'when is "before" or "after"'
  end
  return check_match(fault.match or {}) or check_fields(fault, kind)
end

-- Its match fields may stand beside it as well.
local function prepare(fault)
  local match = fault.match or {}
  for name in pairs(MATCH) do
    if match[name] == nil then
      match[name] = fault[name]
    end
  end
  fault.match = match
  fault.id, next_id = next_id, next_id + 1
  fault.seen, fault.hits = 0, 0
  fault.when = fault.when or (KINDS[fault.kind].after and "after" or "before")
  fault.state = match.seed or 1
  return fault
end

--- Adds one fault or an array of them; all or none. Returns their ids.
function faults.add(given)
  if type(given) ~= "table" then
    return nil, "a fault is an object"
  end
  local new = given.kind == nil and given or { given }
  if given.kind == nil and #given == 0 and next(given) ~= nil then
    return nil, check(given)
  end
  for _, fault in ipairs(new) do
    local wrong = check(fault)
    if wrong then
      return nil, wrong
    end
  end
  local ids = json.array()
  for _, fault in ipairs(new) do
    list[#list + 1] = prepare(fault)
    ids[#ids + 1] = fault.id
  end
  return ids
end

-- A generator of its own, so that a seed gives the same faults each time.
local function chance(fault)
  local probability = fault.match.probability
  if not probability then
    return true
  end
  fault.state = (fault.state * 16807 + 12345) % 2147483647
  return fault.state / 2147483647 < probability
end

local function matches(fault, x)
  local match = fault.match
  return (not match.method or match.method == x.method) and
    (not match.operation or match.operation == x.operation) and
    (not match.path or x.path:find(match.path) ~= nil)
end

-- Counts a call that matches; true when the fault is due for it.
local function due(fault, x)
  if not matches(fault, x) then
    return false
  end
  fault.seen = fault.seen + 1
  local times = fault.match.times or 1
  if fault.seen < (fault.match.nth or 1) or
    times > 0 and fault.hits >= times or not chance(fault) then
    return false
  end
  fault.hits = fault.hits + 1
  return true
end

--- The faults of a request: sets x.delays and x.fault, at most one, the first
--- that is due; those after it do not count this call.
function faults.take(x)
  x.delays = {}
  for _, fault in ipairs(list) do
    if due(fault, x) then
      if fault.kind ~= "delay" then
        x.fault = fault
        return
      end
      x.delays[fault.when] = (x.delays[fault.when] or 0) +
        (fault.seconds or 1)
    end
  end
end

--- Each as it was given, with how many calls it saw and how many it hit.
function faults.all()
  local all = json.array()
  for i, fault in ipairs(list) do
    local shown = {}
    for name, value in pairs(fault) do
      shown[name] = value
    end
    shown.state = nil
    all[i] = shown
  end
  return all
end

faults.clear()

return faults
