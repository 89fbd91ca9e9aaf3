-- Finding out what became of a change whose answer did not come, or came in
-- doubt: the connection is read back, from the same entity.
local errors = require "zuora.errors"
local pages = require "zuora.pages"

local settle = {}

-- What the status of a connection says of a change: done, or still as it was
-- before. Any other status is somebody else's doing and settles nothing.
local MEANS = {
  ["connections.accept"] = { Connected = "done", Pending = "before" },
  ["connections.deny"] = {
    Disconnected = "done", Denied = "done", Pending = "before",
  },
  ["connections.disconnect"] = {
    Disconnected = "done", Connected = "before", Pending = "before",
  },
}

-- The options of the call that the reading takes over: on whose behalf, for
-- those who will look for it, and how patiently. Its time is the call's.
local KEPT = { "zuora_entity_ids", "entity_id", "entity_name",
  "zuora_track_id", "traceparent", "attempt_timeout" }

local function reading_options(call)
  local made = { max = math.huge, settle = false, dry_run = false }
  for _, name in ipairs(KEPT) do
    made[name] = call.options[name]
  end
  return made
end

-- A list may hold anything.
local function is_connection(item)
  return type(item) == "table"
end

local function find_change(call, list, meanings)
  local id = call[1]
  for _, connection in ipairs(list) do
    if is_connection(connection) and connection.id == id then
      local status = connection.status
      return meanings[status] or "unclear", type(status) == "string" and
        errors.quote(call.client.redact(status)) or "no status"
    end
  end
  return "unclear", "not in the list"
end

-- An id as it can be compared: Zuora's are hexadecimal, with hyphens or not.
local function plain(id)
  return type(id) == "string" and id:gsub("%-", ""):lower() or nil
end

-- A request to that target that waits for its answer. One that is Connected
-- is older: nobody can have accepted it meanwhile. Which of several is the
-- call's own cannot be told.
local function find_initiated(call, list)
  local target, seen, found = plain(call[1]), nil, nil
  for _, connection in ipairs(list) do
    if is_connection(connection) and
      plain(connection.targetEntityId) == target then
      if connection.status == "Pending" and not found then
        found = connection
      elseif connection.status == "Pending" then
        seen = "several Pending"
      elseif connection.status == "Connected" then
        seen = seen or "Connected"
      end
    end
  end
  if seen then
    return "unclear", seen
  elseif found then
    return "done", found.status, found.id
  end
  return "before", "not in the list"
end

--- Whether there is a way to find out what became of a call.
function settle.can(call)
  return MEANS[call.operation.name] ~= nil or
    call.operation.name == "connections.initiate"
end

--- Reads back. Returns "done", "before" (nothing has changed) or "unclear",
--- the status seen, and for an initiated connection its id; or nil when it
--- could not be read.
function settle.look(call)
  if call.client.engine:closed() then
    return nil
  end
  local options = reading_options(call)
  local meanings = MEANS[call.operation.name]
  if not meanings then
    options.type = "outbound"
  end
  local list = pages.all(
    call.client.bindings["connections.list"], 2, options, call.ends)
  if not list then
    return nil
  end
  if meanings then
    return find_change(call, list, meanings)
  end
  return find_initiated(call, list)
end

return settle
