-- The tenant: its entities and their connections, in the order of creation.
local json = require "zuora_sandbox.json"
local random = require "zuora_sandbox.random"

local tenant = {}

local entities, by_id, by_name
local connections, by_connection
-- The connections of each entity: { inbound, outbound, both }, so that a page
-- of a long list costs no more than one of a short one; and the last one of
-- each pair, by the ids of source and target.
local sides, pairs_of
-- What Zuora does not send: entities that the API user may not enter, and
-- those where it is no administrator.
local closed, plain

local function empty()
  entities, by_id, by_name = {}, {}, {}
  connections, by_connection, sides, pairs_of = {}, {}, {}, {}
  closed, plain = {}, {}
end

local function side_of(id)
  sides[id] = sides[id] or { inbound = {}, outbound = {}, both = {} }
  return sides[id]
end

local FIELDS = { name = "string", displayName = "string", locale = "string",
  timezone = "string", status = "string", parentId = "string",
  tenantId = "string", accessible = "boolean", administrator = "boolean",
  sourceEntityId = "string", targetEntityId = "string", id = "string" }

local function check_row(row, what)
  assert(type(row) == "table", what .. " is an object")
  for name, value in pairs(row) do
    assert(type(value) == FIELDS[name] or value == json.null,
      FIELDS[name] and ("%s's %s is a %s"):format(what, name, FIELDS[name]) or
        ("%s has no %s"):format(what, tostring(name)))
  end
end

local STATUSES = { Provisioned = true, Unprovisioned = true }

-- The value of a field, if it is not null.
local function given(value)
  if value ~= json.null then
    return value
  end
end

--- Adds an entity; raises when it does not fit.
function tenant.add_entity(row)
  check_row(row, "an entity")
  assert(type(row.id) == "string" and row.id:find("^%x+$") and #row.id == 32,
    "an entity needs an id of 32 hex digits")
  assert(type(row.name) == "string", "an entity needs a name")
  assert(not by_id[row.id], "two entities with the id " .. row.id)
  local entity = {
    id = row.id,
    name = row.name,
    displayName = given(row.displayName) or row.name,
    locale = given(row.locale) or "en_US",
    timezone = given(row.timezone) or "America/Los_Angeles",
    status = given(row.status) or "Provisioned",
    parentId = row.parentId or json.null,
    tenantId = given(row.tenantId) or "6398",
  }
  assert(STATUSES[entity.status],
    "an entity's status is Provisioned or Unprovisioned")
  entities[#entities + 1] = entity
  by_id[row.id], by_name[row.name] = entity, entity
  closed[row.id] = row.accessible == false or nil
  plain[row.id] = row.administrator == false or nil
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
  pairs_of[source .. target] = connection
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

local function last_of_pair(source, target)
  local list = side_of(source).outbound
  for i = #list, 1, -1 do
    if list[i].targetEntityId == target then
      return list[i]
    end
  end
end

function tenant.remove(connection)
  local source, target = connection.sourceEntityId, connection.targetEntityId
  by_connection[connection.id] = nil
  drop(connections, connection)
  for _, id in ipairs { source, target } do
    for _, list in pairs(side_of(id)) do
      drop(list, connection)
    end
  end
  pairs_of[source .. target] = last_of_pair(source, target)
end

--- The last connection between two entities in this direction.
function tenant.between(source, target)
  return pairs_of[source .. target]
end

local function check_tree()
  local global
  for _, entity in ipairs(entities) do
    local parent = entity.parentId
    assert(parent ~= json.null or not global,
      "a tenant has one entity without a parentId")
    assert(parent == json.null or by_id[parent],
      "no entity has the id of a parent: " .. tostring(parent))
    global = global or parent == json.null
  end
  assert(global, "a scenario needs an entity without a parentId")
end

local function load_connections(list)
  for _, row in ipairs(list) do
    check_row(row, "a connection")
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

local function fill(scenario)
  empty()
  for _, row in ipairs(scenario.entities or {}) do
    tenant.add_entity(row)
  end
  check_tree()
  load_connections(scenario.connections or {})
end

--- Takes { entities, connections } in. Where they do not fit, returns nil and
--- why, and all is as it was.
function tenant.load(scenario)
  local e, i, n, c, b = entities, by_id, by_name, connections, by_connection
  local s, p, no, low = sides, pairs_of, closed, plain
  local ok, err = pcall(fill, scenario)
  if not ok then
    entities, by_id, by_name, connections, by_connection = e, i, n, c, b
    sides, pairs_of, closed, plain = s, p, no, low
    return nil, err
  end
  return true
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
    not closed[id]
end

--- Whether the API user is an administrator of it.
function tenant.administers(id)
  return not plain[id]
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

return tenant
