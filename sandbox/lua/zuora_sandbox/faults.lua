-- Faults that tests ask for: which call they are for, and when it is due.
local json = require "zuora_sandbox.json"

local faults = {}

local list, next_id

-- The kinds, each with its fields; `after` is for those that by nature let the
-- call take effect.
local KINDS = {
  -- Nothing happens: a place in an order of faults.
  none = { fields = {} },
  delay = { fields = { seconds = "number" } },
  status = { fields = { status = "number", body = "any", headers = "table",
    retry_after = "any", store = "boolean" } },
  category = { fields = { category = "number", code = "number",
    message = "string", store = "boolean" } },
  reset = { fields = {} },
  close = { fields = {} },
  cut = { fields = {} },
  wrong_json = { fields = {} },
  html = { fields = {} },
  gzip_garbage = { fields = {} },
  drip = { fields = { bytes_per_second = "number" }, after = true },
  stall = { fields = { seconds = "number" } },
  redirect = { fields = { status = "number", location = "string" } },
  big = { fields = { bytes = "number", gzip = "boolean" } },
  -- One of its steps for each call in turn; the match is its own.
  sequence = { fields = { steps = "table" } },
}

local MATCH = { method = "string", path = "string", operation = "string",
  nth = "number", times = "number", probability = "number", seed = "number" }

function faults.clear()
  list, next_id = {}, 1
end

local function keys(...)
  local names = {}
  for _, map in ipairs { ... } do
    for name in pairs(map) do
      names[#names + 1] = name
    end
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

local COMMON = { kind = "string", match = "table", when = "string" }

local function check_fields(fault, kind)
  for name, value in pairs(fault) do
    local wanted = kind.fields[name] or COMMON[name] or MATCH[name]
    if not wanted then
      return ("unknown field %s of the fault %s; known: %s"):format(
        tostring(name), fault.kind, keys(kind.fields, COMMON, MATCH))
    end
    if wanted ~= "any" and type(value) ~= wanted then
      return ("%s of the fault %s is a %s"):format(name, fault.kind, wanted)
    end
  end
  local status = fault.status or 200
  if status < 200 or status > 599 or status % 1 ~= 0 then
    return "a fault's status is a number from 200 to 599"
  end
  if (fault.bytes_per_second or 1) <= 0 then
    return "bytes_per_second is more than 0"
  end
end

local function check_headers(fault)
  for name, value in pairs(fault.headers or {}) do
    local kind = type(value)
    if type(name) ~= "string" or kind ~= "string" and kind ~= "number" then
      return "a fault's headers are an object of strings and numbers"
    end
  end
end

local check

local function check_steps(fault)
  if fault.kind ~= "sequence" then
    return nil
  end
  if type(fault.steps) ~= "table" or #fault.steps == 0 then
    return "a sequence has an array of steps"
  end
  for i, step in ipairs(fault.steps) do
    local wrong = check(step) or
      step.kind == "sequence" and "a sequence is no step"
    for name in pairs(MATCH) do
      if not wrong and step[name] ~= nil or step.match then
        wrong = "the match is the sequence's"
      end
    end
    if wrong then
      return ("step %d: %s"):format(i, wrong)
    end
  end
end

function check(fault)
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
  return check_match(fault.match or {}) or check_fields(fault, kind) or
    check_headers(fault) or check_steps(fault)
end

local function place(fault)
  fault.when = fault.when or (KINDS[fault.kind].after and "after" or "before")
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
  fault.state = match.seed or 1
  place(fault)
  for _, step in ipairs(fault.steps or {}) do
    place(step)
  end
  return fault
end

--- Adds one fault or an array of them; all or none. Returns their ids.
function faults.add(given)
  local new = #given == 0 and next(given) ~= nil and { given } or given
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
  local times = fault.match.times or fault.steps and #fault.steps or 1
  if fault.seen < (fault.match.nth or 1) or
    times > 0 and fault.hits >= times or not chance(fault) then
    return false
  end
  fault.hits = fault.hits + 1
  return true
end

-- Of a sequence, the step that is next; it begins anew when it is used up.
local function step_of(fault)
  local steps = fault.steps
  return steps and steps[(fault.hits - 1) % #steps + 1] or fault
end

--- The faults of a request: adds to x.delays, sets x.fault, at most one, the
--- first that is due; those after it do not count this call. A delay lets
--- others be due as well, a sequence does not.
function faults.take(x)
  for _, fault in ipairs(list) do
    if due(fault, x) then
      local step = step_of(fault)
      if step.kind == "delay" then
        x.delays[step.when] = (x.delays[step.when] or 0) + (step.seconds or 1)
      elseif step.kind ~= "none" then
        x.fault = step
      end
      if fault.kind ~= "delay" then
        return
      end
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
