-- The tenant: its entities and their connections, in the order of creation.
local json = require "zuora_sandbox.json"
local random = require "zuora_sandbox.random"

local tenant = {}

local entities, by_id, by_name
local connections, by_connection
-- The connections of each entity: { inbound, outbound, both }, so that a page
-- of a long list costs no more than one of a short one.
local sides

local function empty()
  entities, by_id, by_name = {}, {}, {}
  connections, by_connection, sides = {}, {}, {}
end

local function side_of(id)
  sides[id] = sides[id] or { inbound = {}, outbound = {}, both = {} }
  return sides[id]
end

--- Adds an entity; raises when it does not fit.
function tenant.add_entity(row)
  assert(type(row.id) == "string" and row.id:find("^%x+$") and #row.id == 32,
    "an entity needs an id of 32 hex digits")
  assert(type(row.name) == "string", "an entity needs a name")
  assert(not by_id[row.id], "two entities with the id " .. row.id)
  local entity = {
    id = row.id,
    name = row.name,
    displayName = row.displayName or row.name,
    locale = row.locale or "en_US",
    timezone = row.timezone or "America/Los_Angeles",
    status = row.status or "Provisioned",
    parentId = row.parentId or json.null,
    tenantId = row.tenantId or "6398",
  }
  entities[#entities + 1] = entity
  by_id[row.id], by_name[row.name] = entity, entity
  -- Zuora does not send this one: whether the API user may enter.
  tenant.closed[row.id] = row.accessible == false or nil
  return entity
end

--- Adds a connection; an id is made where none is given.
function tenant.add(source, target, status, id)
  local connection = {
    id = id or "8a80825557" .. random.hex(22),
    sourceEntityId = source,
    targetEntityId = target,
    status = status,
  }
  connections[#connections + 1] = connection
  by_connection[connection.id] = connection
  local from, to = side_of(source), side_of(target)
  from.outbound[#from.outbound + 1] = connection
  from.both[#from.both + 1] = connection
  to.inbound[#to.inbound + 1] = connection
  if from ~= to then
    to.both[#to.both + 1] = connection
  end
  return connection
end

local function drop(list, connection)
  for i = #list, 1, -1 do
    if list[i] == connection then
      table.remove(list, i)
    end
  end
end

function tenant.remove(connection)
  by_connection[connection.id] = nil
  drop(connections, connection)
  for _, id in ipairs { connection.sourceEntityId,
    connection.targetEntityId } do
    for _, list in pairs(side_of(id)) do
      drop(list, connection)
    end
  end
end

local function load_connections(list)
  for _, row in ipairs(list) do
    for _, field in ipairs { "sourceEntityId", "targetEntityId" } do
      assert(by_id[row[field] or ""],
        ("a connection's %s is no entity: %s"):format(field,
          tostring(row[field])))
    end
    assert(not row.id or not by_connection[row.id],
      "two connections with one id")
    tenant.add(row.sourceEntityId, row.targetEntityId,
      row.status or "Connected", row.id)
  end
end

--- Takes { entities, connections } in; raises when they do not fit.
function tenant.load(scenario)
  empty()
  tenant.closed = {}
  for _, row in ipairs(scenario.entities or {}) do
    tenant.add_entity(row)
  end
  assert(entities[1], "a scenario needs at least one entity")
  load_connections(scenario.connections or {})
end

function tenant.entities()
  return entities
end

function tenant.entity(id)
  return by_id[id]
end

function tenant.entity_by_name(name)
  return by_name[name]
end

--- The entity without a parent.
function tenant.global()
  for _, entity in ipairs(entities) do
    if entity.parentId == json.null then
      return entity
    end
  end
  return entities[1]
end

--- Whether the API user may enter this entity.
function tenant.accessible(id)
  local entity = by_id[id]
  return entity ~= nil and entity.status == "Provisioned" and
    not tenant.closed[id]
end

function tenant.accessible_ids()
  local list = {}
  for _, entity in ipairs(entities) do
    if tenant.accessible(entity.id) then
      list[#list + 1] = entity.id
    end
  end
  return list
end

function tenant.connections()
  return connections
end

function tenant.connection(id)
  return by_connection[id]
end

--- The connections of an entity: which is inbound, outbound or both.
function tenant.connections_of(id, which)
  return side_of(id)[which]
end

empty()
tenant.closed = {}

return tenant
