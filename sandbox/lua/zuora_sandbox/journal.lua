-- What was asked and answered, in order.
local json = require "zuora_sandbox.json"
local settings = require "zuora_sandbox.settings"

local journal = {}

local entries, first, n

-- Of a longer body the beginning is kept.
local MOST_BODY = 256 * 1024

function journal.clear()
  entries, first, n = {}, 1, 0
end

--- Notes a request; what comes of it is filled in later.
function journal.begin(x)
  n = n + 1
  x.entry = {
    n = n,
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
  while n - first >= settings.get "journal_limit" and first < n do
    entries[first] = nil
    first = first + 1
  end
end

--- Completes the entry; without a status where none was sent.
function journal.complete(x, status)
  local entry = x.entry
  entry.status = status or json.null
  entry.effect = x.effect or json.null
  entry.entity = x.entity or json.null
  entry.fault = x.fault and x.fault.kind or x.delayed and "delay" or json.null
end

function journal.all()
  local list = json.array()
  for i = first, n do
    list[#list + 1] = entries[i]
  end
  return list
end

journal.clear()

return journal
