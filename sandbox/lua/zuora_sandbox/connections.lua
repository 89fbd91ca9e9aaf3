-- The entity connections: list, initiate, accept, deny, disconnect.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local journal = require "zuora_sandbox.journal"
local request = require "zuora_sandbox.request"
local tenant = require "zuora_sandbox.tenant"

local connections = {}

local BUSINESS, NOT_FOUND, PERMISSION, INVALID, MISSING = 30, 40, 10, 20, 22

local function refuse_by(assumption, category, message)
  local status = tonumber(assumptions.get(assumption)) or 200
  return answer.refusal(status, category, message)
end

-- ---- one of them -----------------------------------------------------------

local function unknown(id)
  return refuse_by("unknown_object", NOT_FOUND,
    ("Cannot find entity by key: '%s'."):format(id))
end

-- The connection of the path, seen from the entity of the call.
local function find(x)
  local id = x.params.id
  local connection = tenant.connection(id)
  if not connection then
    return nil, unknown(id)
  end
  if connection.sourceEntityId ~= x.entity and
    connection.targetEntityId ~= x.entity then
    if assumptions.is("foreign_connection", "unknown") then
      return nil, unknown(id)
    end
    return nil, refuse_by("wrong_side", PERMISSION,
      "The connection is one of other entities")
  end
  return connection
end

local function wrong_state(connection, verb)
  return refuse_by("wrong_state", BUSINESS,
    ("The connection cannot be %s: it is %s"):format(verb, connection.status))
end

-- Writes are for the administrators of the call's entity.
local function forbidden(x)
  if not tenant.administers(x.entity) then
    return refuse_by("not_administrator", PERMISSION,
      "The user is not an administrator of the entity")
  end
end

-- Only the target may answer a request.
local function find_pending(x, verb)
  local refusal, connection = forbidden(x), nil
  if not refusal then
    connection, refusal = find(x)
  end
  if not connection then
    return nil, refusal
  end
  if connection.targetEntityId ~= x.entity then
    return nil, refuse_by("wrong_side", PERMISSION,
      ("A connection can be %s by its target entity only"):format(verb))
  end
  if connection.status ~= "Pending" then
    return nil, wrong_state(connection, verb)
  end
  return connection
end

function connections.accept(x)
  local connection, refusal = find_pending(x, "accepted")
  if not connection then
    return refusal
  end
  connection.status = "Connected"
  journal.effect(x, "accepted", connection.id)
  return answer.ok()
end

function connections.deny(x)
  local connection, refusal = find_pending(x, "denied")
  if not connection then
    return refusal
  end
  local status = assumptions.get "denied_status"
  connection.status = status == "vanishes" and "Disconnected" or status
  if status == "vanishes" then
    tenant.remove(connection)
  end
  journal.effect(x, "denied", connection.id)
  return answer.ok()
end

function connections.disconnect(x)
  local refusal, connection = forbidden(x), nil
  if not refusal then
    connection, refusal = find(x)
  end
  if not connection then
    return refusal
  end
  local pending = connection.status == "Pending" and
    assumptions.is("disconnect_pending", "allowed")
  if connection.status ~= "Connected" and not pending then
    return wrong_state(connection, "disconnected")
  end
  connection.status = "Disconnected"
  journal.effect(x, "disconnected", connection.id)
  return answer.ok()
end

-- ---- a new one -------------------------------------------------------------

local function target_of(x)
  local body = request.json(x)
  local id = type(body) == "table" and body.targetEntityId
  if id == nil or id == ngx.null or id == "" then
    return nil, answer.refusal(200, MISSING,
      "Missing required value: targetEntityId")
  end
  local hex = tostring(id)
  if #hex == 36 and assumptions.is("target_entity_id_form", "both") then
    hex = hex:gsub("-", "")
  end
  if type(id) ~= "string" or #hex > 32 then
    return nil, answer.refusal(200, INVALID,
      "Invalid value for targetEntityId: a string of at most 32 characters")
  end
  return hex:lower()
end

local function business(message)
  return answer.refusal(200, BUSINESS, message)
end

-- Why a target does not do, by itself.
local function check_target(x, target)
  local entity = tenant.entity(target)
  if not entity then
    return unknown(target)
  end
  if target == x.entity and assumptions.is("self_connection", "refused") then
    return business "An entity cannot be connected to itself"
  end
  if entity.status ~= "Provisioned" then
    return assumptions.is("unprovisioned_target", "refused") and
      business "The target entity is not provisioned" or nil
  end
  if not tenant.accessible(target) then
    return answer.refusal(200, PERMISSION,
      "The user has no access to the target entity")
  end
end

local function check_pair(x, target)
  if assumptions.is("only_global_shares", "yes") and
    x.entity ~= tenant.global().id then
    return business "Only the global entity can share with others"
  end
  local other = tenant.between(target, x.entity)
  if other and other.status ~= "Disconnected" and other.status ~= "Denied" and
    assumptions.is("reverse", "refused") then
    return business "The entities are connected in the other direction"
  end
end

local function initiated(x, connection)
  journal.effect(x, "initiated", connection.id)
  return answer.ok { id = connection.id }
end

-- What comes of a request where there was one before; nil: make a new one.
local function before(x, old)
  local alive = old.status == "Pending" or old.status == "Connected"
  local what = assumptions.get(alive and "duplicate" or "again")
  if what == "refused" then
    return business("There is a connection to this entity already: " ..
      old.status)
  end
  if what == "new" then
    return nil
  end
  if not alive then
    old.status = "Pending"
    return initiated(x, old)
  end
  return answer.ok { id = old.id }
end

function connections.initiate(x)
  local refusal, target = forbidden(x), nil
  if not refusal then
    target, refusal = target_of(x)
  end
  if not target then
    return refusal
  end
  refusal = check_target(x, target) or check_pair(x, target)
  if refusal then
    return refusal
  end
  local old = tenant.between(x.entity, target)
  local given = old and before(x, old)
  return given or initiated(x, tenant.add(x.entity, target, "Pending"))
end

return connections
