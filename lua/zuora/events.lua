-- What a call tells of itself while it lasts, for logs, metrics and traces.
local errors = require "zuora.errors"

local events = {}

---@class zuora.Event
---@field name string call_begin, attempt_begin, attempt_end, wait, settle,
--- call_end; or store, which has but a reason
---@field operation string "connections.accept"
---@field template string "PUT /v1/entity-connections/{connection-id}/accept":
--- never the values
---@field call integer a number that the events of one call share
---@field attempt integer|nil
---@field carried any what the hook returned at call_begin
---@field status integer|nil
---@field zuora_request_id string|nil
---@field zuora_track_id string|nil
---@field rate_limit table|nil
---@field concurrency_limit table|nil
---@field timings table|nil seconds: name_lookup, connect, tls, first_byte,
--- total; bytes_sent, bytes_received
---@field seconds number|nil how long to wait, or how long the call took
---@field found string|nil what settling found: done, before, unclear or
--- unreadable
---@field reason string|nil why the store cannot be reached
---@field kind string|nil of the error, nil when all went well
---@field outcome string|nil of the error

local function template_of(operation)
  return operation.path and operation.method .. " " .. operation.path
    or operation.name
end

-- Calls the hook; what goes wrong in it is its own business.
local function send(state, event)
  event.operation = state.operation.name
  event.template = template_of(state.operation)
  event.call = state.number
  event.carried = state.carried
  local ok, value = errors.try(state.client.on_event, event)
  return ok and value or nil
end

local function add_head(event, state)
  local exchange = state.exchange
  local head = exchange:head():table()
  event.status = head.status
  event.zuora_request_id = head.zuora_request_id
  event.zuora_track_id = head.zuora_track_id
  event.rate_limit = head.rate_limit
  event.concurrency_limit = head.concurrency_limit
  event.timings = exchange:timings()
  return event
end

local function add_error(event, err)
  event.kind = err and err.kind
  event.outcome = err and err.outcome
  return event
end

--- Each of these does nothing where the client has no hook.
function events.call_begin(state)
  local client = state.client
  if client.on_event then
    client.calls = client.calls + 1
    state.number = client.calls
    state.carried = send(state, { name = "call_begin" })
  end
end

function events.attempt_begin(state)
  if state.client.on_event then
    send(state, { name = "attempt_begin", attempt = state.attempts })
  end
end

function events.attempt_end(state)
  if state.client.on_event then
    local event = { name = "attempt_end", attempt = state.attempts }
    event.kind = state.exchange:failure()
    send(state, add_head(event, state))
  end
end

function events.wait(state, seconds)
  if state.client.on_event and seconds > 0 then
    send(state, { name = "wait", attempt = state.attempts, seconds = seconds })
  end
end

function events.settle(state, found)
  if state.client.on_event then
    send(state, { name = "settle", attempt = state.attempts,
      found = found or "unreadable" })
  end
end

--- The store that the client shares through cannot be reached.
function events.store(client, reason)
  if client.on_event then
    errors.try(client.on_event, { name = "store", reason = reason })
  end
end

function events.call_end(state, err)
  if state.client.on_event then
    send(state, add_error({ name = "call_end", attempt = state.attempts,
      seconds = state.client.clock() - state.began }, err))
  end
end

return events
