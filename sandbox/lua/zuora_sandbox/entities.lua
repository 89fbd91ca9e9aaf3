-- The entities of the tenant.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local journal = require "zuora_sandbox.journal"
local json = require "zuora_sandbox.json"
local request = require "zuora_sandbox.request"
local tenant = require "zuora_sandbox.tenant"
local random = require "zuora_sandbox.random"
local session = require "zuora_sandbox.session"

local entities = {}

local NOT_FOUND, INVALID, MISSING, BUSINESS, PERMISSION = 40, 20, 22, 30, 10

local STATUSES = { ["true"] = "Provisioned", ["false"] = "Unprovisioned" }

function entities.list(x)
  local wanted
  if x.query.provisioned then
    wanted = STATUSES[x.query.provisioned]
    if not wanted then
      return answer.refusal(200, INVALID,
        "Invalid value for the query parameter provisioned")
    end
  end
  local list = json.array()
  for _, entity in ipairs(tenant.entities()) do
    if not wanted or entity.status == wanted then
      list[#list + 1] = entity
    end
  end
  return answer.ok { entities = list }
end

local function find(id)
  local entity = tenant.entity(id)
  if entity then
    return entity
  end
  return nil, answer.refusal(assumptions.get "unknown_object", NOT_FOUND,
    ("Cannot find entity by key: '%s'."):format(id))
end

local function fields_of(entity)
  local fields = {}
  for name, value in pairs(entity) do
    fields[name] = value
  end
  return fields
end

function entities.get(x)
  local entity, refusal = find(x.params.id)
  return entity and answer.ok(fields_of(entity)) or refusal
end

local REQUIRED = { "name", "locale", "timezone", "parentId" }

local function check_new(row)
  for _, field in ipairs(REQUIRED) do
    if type(row[field]) ~= "string" or row[field] == "" then
      return answer.refusal(200, MISSING, "Missing required value: " .. field)
    end
  end
  if #row.name > 255 or row.name:find "[^%w .-]" then
    return answer.refusal(200, INVALID, "Invalid value for name")
  end
  if tenant.entity_by_name(row.name) then
    return answer.refusal(200, BUSINESS, "The name is taken: " .. row.name)
  end
  local _, refusal = find(row.parentId)
  return refusal
end

-- Writes are for the global entity's administrator.
local function from_global(x)
  if x.entity ~= tenant.global().id then
    return answer.refusal(200, PERMISSION,
      "Only the global entity can change entities")
  end
  if not tenant.administers(x.entity) then
    return answer.refusal(assumptions.get "not_administrator", PERMISSION,
      "The user is not an administrator of the entity")
  end
end

function entities.create(x)
  local row = request.json(x)
  local refusal = from_global(x) or check_new(row)
  if refusal then
    return refusal
  end
  local entity = tenant.add_entity {
    id = "8a80825557" .. random.hex(22),
    name = row.name,
    displayName = type(row.displayName) == "string" and row.displayName or nil,
    locale = row.locale,
    timezone = row.timezone,
    parentId = row.parentId,
    status = "Unprovisioned",
  }
  journal.effect(x, "created", entity.id)
  return answer.ok(fields_of(entity))
end

function entities.provision(x)
  local refusal, entity = from_global(x), nil
  if not refusal then
    entity, refusal = find(x.params.id)
  end
  if not entity then
    return refusal
  end
  local parent = tenant.entity(entity.parentId)
  if entity.status == "Provisioned" or
    parent and parent.status ~= "Provisioned" then
    return answer.refusal(200, BUSINESS, "The entity cannot be provisioned")
  end
  entity.status = "Provisioned"
  journal.effect(x, "provisioned", entity.id)
  return answer.ok()
end

--- GET /v1/users/{username}/accessible-entities.
function entities.accessible(x)
  if x.params.id ~= session.user then
    return answer.refusal(assumptions.get "unknown_object", NOT_FOUND,
      ("Cannot find user by name: '%s'."):format(x.params.id))
  end
  local list = json.array()
  for _, id in ipairs(tenant.accessible_ids()) do
    list[#list + 1] = tenant.entity(id)
  end
  return answer.ok { entities = list }
end

return entities
