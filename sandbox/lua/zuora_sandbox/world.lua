-- All that the sandbox knows: one tenant, in the memory of the one worker.
local assumptions = require "zuora_sandbox.assumptions"

local world = {}

local GLOBAL = "8a808255557baba1015580e12fa5083a"
local US = "8a80825555a3c7a10155b46120d058e7"
local EU = "8a80825555a3c7a10155b460f53858e6"
local JAPAN = "8a80825556ff28a4015708ba29312ecc"

local function id_of(number)
  return ("8a8082555000000%017x"):format(number)
end

local function add_entity(state, id, name, status)
  local entity = {
    id = id, name = name, displayName = name, locale = "en_US",
    timezone = "UTC", status = status or "Provisioned", tenantId = "6398",
    parentId = id ~= GLOBAL and GLOBAL or nil,
  }
  state.entities[id] = entity
  state.entity_order[#state.entity_order + 1] = entity
end

--- Adds a connection and returns it.
function world.add_connection(state, source, target, status, id)
  state.serial = state.serial + 1
  local connection = {
    id = id or id_of(state.serial), sourceEntityId = source,
    targetEntityId = target, status = status,
  }
  state.connections[connection.id] = connection
  state.connection_order[#state.connection_order + 1] = connection
  return connection
end

local scenarios = {}

local function add_tenant(state)
  add_entity(state, GLOBAL, "Acme Global")
  add_entity(state, US, "Acme US")
  add_entity(state, EU, "Acme EU")
  add_entity(state, JAPAN, "Acme Japan")
  add_entity(state, id_of(0xca), "Acme Canada")
  add_entity(state, id_of(0x1d), "Acme India")
  add_entity(state, id_of(0xb4), "Acme Brazil", "Unprovisioned")
end

function scenarios.empty(state)
  add_tenant(state)
end

function scenarios.demo(state)
  add_tenant(state)
  local add = world.add_connection
  add(state, US, GLOBAL, "Connected", "8a80825555a3c7a10155b54a63821c0d")
  add(state, GLOBAL, EU, "Connected", "8a80825555a3c7a10155b466736c5c3f")
  add(state, EU, GLOBAL, "Pending", "8a808255575bdae401576a914a140420")
  add(state, JAPAN, GLOBAL, "Pending")
  add(state, id_of(0xca), GLOBAL, "Pending")
  add(state, id_of(0x1d), GLOBAL, "Disconnected")
  add(state, GLOBAL, US, "Disconnected")
  add(state, US, EU, "Connected")
end

-- `n` pending connections to the global entity from the others in turn.
function scenarios.many(state, parameters)
  add_tenant(state)
  local sources = { US, EU, JAPAN }
  for i = 1, tonumber(parameters.n) or 1000 do
    world.add_connection(state, sources[i % 3 + 1], GLOBAL,
      parameters.status or "Pending")
  end
end

local function is_array_of_tables(value)
  return type(value) == "table" and type(value[1]) == "table"
end

-- A scenario of the user's own: entities and connections, as the calls list
-- them.
local function load_own(state, scenario)
  if is_array_of_tables(scenario.entities) then
    for _, entity in ipairs(scenario.entities) do
      add_entity(state, entity.id, entity.name, entity.status)
    end
  else
    add_tenant(state)
  end
  for _, c in ipairs(scenario.connections or {}) do
    world.add_connection(state, c.sourceEntityId, c.targetEntityId, c.status,
      c.id)
  end
end

local function clear_tenant(state)
  state.entities, state.entity_order = {}, {}
  state.connections, state.connection_order = {}, {}
  state.serial = 0x1000
end

--- Loads a scenario: { name =, parameters } or { entities =, connections = }.
function world.load(state, scenario)
  local make = scenario.name and scenarios[scenario.name]
  if scenario.name and not make then
    return nil, "no scenario is called " .. tostring(scenario.name)
  end
  clear_tenant(state)
  if make then
    make(state, scenario)
  else
    load_own(state, scenario)
  end
  return true
end

local function clear_settings(state, start)
  state.assumptions = assumptions.defaults()
  for name, value in pairs(start.assumptions) do
    state.assumptions[name] = value
  end
  state.settings = {
    token_lifetime = start.token_lifetime or 3599,
    session_lifetime = start.session_lifetime or 8 * 3600,
    token_entities = nil, -- an array of ids; nil: all that are provisioned
    calls_a_window = 50000, window = 60, -- seconds
    concurrency = 40,
    retry_after = "seconds", -- of a 429: "seconds", "date" or "none"
    latency = 0, -- seconds, for every call
  }
end

--- Makes the world anew. `start` holds what the launcher was told.
function world.reset(state, start, keep)
  clear_settings(state, start)
  state.start = start
  state.faults, state.journal, state.keys = {}, {}, {}
  state.effects = {}
  state.offset = 0
  state.running, state.window_count, state.window_from = 0, 0, nil
  if not keep then
    state.tokens, state.sessions = {}, {}
  end
  return world.load(state, start.scenario)
end

return world
