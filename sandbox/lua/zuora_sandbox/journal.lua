-- What was asked and answered, in order, and how often each effect happened.
local json = require "zuora_sandbox.json"
local settings = require "zuora_sandbox.settings"

local journal = {}

local entries, first, n
local effects, calls

-- Of a longer body the beginning is kept.
local MOST_BODY = 256 * 1024

function journal.clear()
  entries, first, n = {}, 1, 0
  effects, calls = {}, {}
end

--- Notes a request; what comes of it is filled in later.
function journal.begin(x)
  n = n + 1
  x.entry = {
    n = n,
    time = ngx.now(),
    operation = x.operation or json.null,
    method = x.method,
    target = x.target,
    protocol = x.protocol,
    connection = x.connection,
    headers = x.headers,
    body = x.body:sub(1, MOST_BODY),
    status = json.null,
    effect = json.null,
    fault = json.null,
    entity = json.null,
  }
  entries[n] = x.entry
  local name = x.operation or "other"
  calls[name] = (calls[name] or 0) + 1
  while n - first >= settings.get "journal_limit" and first < n do
    entries[first] = nil
    first = first + 1
  end
end

--- Notes what a call did, when it does it: "accepted", and to what.
function journal.effect(x, verb, id)
  x.effect = id and verb .. " " .. id or verb
  x.entry.effect = x.effect
  effects[x.effect] = (effects[x.effect] or 0) + 1
end

--- Completes the entry; without a status where none was sent.
function journal.complete(x, status)
  local entry = x.entry
  entry.status = status or json.null
  entry.entity = x.entity or json.null
  entry.fault = x.fault and x.fault.kind or x.delayed and "delay" or json.null
end

--- How often each effect happened, and how many calls there were of each
--- operation. Nothing that the journal drops is missing here.
function journal.counts()
  return effects, calls
end

local function fits(entry, wanted)
  return (not wanted.operation or entry.operation == wanted.operation) and
    (not wanted.effect or entry.effect == wanted.effect) and
    (not wanted.status or entry.status == wanted.status)
end

local function pick(entry, fields)
  if not fields then
    return entry
  end
  local picked = {}
  for _, name in ipairs(fields) do
    picked[name] = entry[name]
  end
  return picked
end

--- The entries that fit { operation, effect, status }, with a number above
--- `since`, at most `limit`; of each the named fields.
function journal.find(wanted)
  local list = json.array()
  for i = math.max(first, wanted.since + 1), n do
    if #list >= wanted.limit then
      break
    end
    if fits(entries[i], wanted) then
      list[#list + 1] = pick(entries[i], wanted.fields)
    end
  end
  return list
end

journal.clear()

return journal
