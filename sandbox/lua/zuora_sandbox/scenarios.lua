-- Tenants to start with. The ids are those of Zuora's public samples where
-- there are some; the names are invented.
local json = require "zuora_sandbox.json"

local scenarios = {}

local GLOBAL = "8a808255557baba1015580e12fa5083a"
local US = "8a80825555a3c7a10155b46120d058e7"
local EU = "8a80825555a3c7a10155b460f53858e6"
local JAPAN = "8a80825556ff28a4015708ba29312ecc"
local CANADA = "8a80825557080f10015714a1c0de0001"
local BRAZIL = "8a80825557080f10015714a1c0de0002"
local UK = "8a80825557080f10015714a1c0de0003"
local GERMANY = "8a80825557080f10015714a1c0de0004"
local INDIA = "8a80825557080f10015714a1c0de0005"
local AUSTRALIA = "8a80825557080f10015714a1c0de0006"
local SPAIN = "8a80825557080f10015714a1c0de0007"

local function entity(id, name, parent, locale, timezone, status)
  return { id = id, name = name, parentId = parent, locale = locale,
    timezone = timezone, status = status }
end

local function tree()
  return {
    entity(GLOBAL, "Acme Global"),
    entity(US, "Acme US", GLOBAL),
    entity(EU, "Acme EU", GLOBAL, "de_DE", "Europe/Berlin"),
    entity(JAPAN, "Acme Japan", GLOBAL, "ja_JP", "Asia/Tokyo"),
    entity(CANADA, "Acme Canada", US, "en_CA", "America/Toronto"),
    entity(BRAZIL, "Acme Brazil", US, "pt_BR", "America/Sao_Paulo"),
    entity(UK, "Acme UK", EU, "en_GB", "Europe/London"),
    entity(GERMANY, "Acme Germany", EU, "de_DE", "Europe/Berlin"),
    entity(INDIA, "Acme India", GLOBAL, "en_IN", "Asia/Kolkata"),
    entity(AUSTRALIA, "Acme Australia", GLOBAL, "en_AU", "Australia/Sydney",
      "Unprovisioned"),
    entity(SPAIN, "Acme Spain", EU, "es_ES", "Europe/Madrid"),
  }
end

local function connection(source, target, status, id)
  return { sourceEntityId = source, targetEntityId = target, status = status,
    id = id }
end

local builders = {}

function builders.demo()
  return {
    entities = tree(),
    connections = {
      connection(US, GLOBAL, "Connected", "8a80825555a3c7a10155b54a63821c0d"),
      connection(GLOBAL, EU, "Connected", "8a80825555a3c7a10155b466736c5c3f"),
      connection(GLOBAL, JAPAN, "Pending", "8a808255575bdae401576a914a140420"),
      connection(CANADA, GLOBAL, "Pending",
        "8a808255575bdae401576a914a140421"),
      connection(BRAZIL, GLOBAL, "Pending",
        "8a808255575bdae401576a914a140422"),
      connection(UK, GLOBAL, "Pending", "8a808255575bdae401576a914a140423"),
      connection(GERMANY, GLOBAL, "Connected",
        "8a808255575bdae401576a914a140424"),
      connection(INDIA, GLOBAL, "Disconnected",
        "8a808255575bdae401576a914a140425"),
      connection(JAPAN, GLOBAL, "Connected",
        "8a808255575bdae401576a914a140426"),
      connection(GLOBAL, GERMANY, "Disconnected",
        "8a808255575bdae401576a914a140427"),
      connection(US, CANADA, "Connected", "8a808255575bdae401576a914a140428"),
    },
  }
end

function builders.empty()
  return { entities = tree(), connections = {} }
end

local MOST = 1000000

--- n connections of the global entity, inbound and outbound by turns.
function builders.many(parameters)
  local n = tonumber(parameters.n or 1000)
  assert(n and n >= 0 and n <= MOST, "n is a number up to " .. MOST)
  local others = { US, EU, JAPAN, CANADA, BRAZIL, UK, GERMANY, INDIA }
  local statuses = { "Connected", "Pending", "Connected", "Disconnected",
    "Connected" }
  local list = {}
  for i = 1, n do
    local other = others[i % #others + 1]
    local inbound = i % 2 == 1
    list[i] = connection(inbound and other or GLOBAL,
      inbound and GLOBAL or other, statuses[i % #statuses + 1],
      ("8a80825557%022x"):format(i))
  end
  return { entities = tree(), connections = list }
end

local function names()
  local list = {}
  for name in pairs(builders) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, ", ")
end

--- A scenario by its name, or nil and why not.
function scenarios.named(name, parameters)
  local build = builders[name]
  if not build then
    return nil, ("unknown scenario %s; known: %s"):format(tostring(name),
      names())
  end
  local ok, scenario = pcall(build, parameters or {})
  if not ok then
    return nil, (tostring(scenario):gsub("^[^:]+:%d+: ", ""))
  end
  return scenario
end

--- A scenario from a file, whose path is absolute, or by name with an optional
--- number: many:5000.
function scenarios.from_start(text)
  if text:sub(1, 1) ~= "/" then
    local name, n = text:match "^([^:]+):(%d+)$"
    return scenarios.named(name or text, { n = n })
  end
  local file, why = io.open(text)
  if not file then
    return nil, why
  end
  local scenario, err = json.decode(file:read("*a") or "")
  file:close()
  if type(scenario) ~= "table" then
    return nil, ("%s is no JSON object: %s"):format(text, tostring(err))
  end
  return scenario
end

return scenarios
