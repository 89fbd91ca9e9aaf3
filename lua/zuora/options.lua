-- The options of zuora.new: which there are, and what goes with what.
local environments = require "zuora.environments"
local errors = require "zuora.errors"
local names = require "zuora.names"

local options = {}

local TYPES = {
  environment = "string",
  base_url = "string",
  client_id = "string",
  client_secret = "string",
  access_token = "string or function",
  api_access_key_id = "string",
  api_secret_access_key = "string",
  session = "boolean",
  zuora_entity_ids = "string",
  entity_id = "string",
  entity_name = "string",
  timeout = "number",
  attempt_timeout = "number",
  connect_timeout = "number",
  max_attempts = "number",
  backoff_base = "number",
  backoff_cap = "number",
  max_retry_wait = "number",
  settle = "boolean",
  max_concurrency = "number",
  max_body = "number",
  ca_file = "string",
  proxy = "string",
  user_agent = "string",
  allow_insecure = "boolean",
  wait = "function",
  store = "table",
  on_event = "function",
  read_only = "boolean",
  dry_run = "boolean",
  confirm = "function",
}

local NEW = { name = "zuora.new" }

local function sorted_keys(map)
  local list = {}
  for key in pairs(map) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

--- Raises, at `level`, what no value could mend: an unknown name, a wrong type.
function options.check_types(given, level)
  errors.check_options(NEW.name, given, level + 1)
  for key, value in pairs(given) do
    local wanted = TYPES[key]
    if not wanted then
      error(("zuora.new: %s is not an option%s"):format(tostring(key),
        names.hint(tostring(key), sorted_keys(TYPES))), level + 1)
    end
    if not wanted:find(type(value), 1, true) then
      error(("zuora.new: %s must be a %s, not a %s"):format(key, wanted,
        type(value)), level + 1)
    end
  end
end

local function fail(parameter, message)
  return nil, errors.argument(NEW, parameter, message)
end

--- The base URL that the options mean, or nil and an error.
function options.base_url(given)
  if given.base_url and given.environment then
    return fail("base_url", "may not be given together with environment")
  end
  if given.base_url then
    return given.base_url
  end
  local name = given.environment
  if not name then
    return fail("environment", "or base_url must be given")
  end
  if not environments[name] then
    local known = sorted_keys(environments)
    return fail("environment", ("must be one of %s%s"):format(
      table.concat(known, ", "), names.hint(name, known)))
  end
  return environments[name]
end

-- Each way to sign, by the options that it takes.
local WAYS = {
  { name = "client", "client_id", "client_secret" },
  { name = "token", "access_token" },
  { name = "keys", "api_access_key_id", "api_secret_access_key" },
}

--- "client", "token", "keys" or "session", or nil and an error.
function options.way(given)
  local chosen
  for _, way in ipairs(WAYS) do
    for _, option in ipairs(way) do
      if given[option] then
        if chosen and chosen ~= way then
          return fail(option, "may not be given together with " .. chosen[1] ..
            ": choose one way to sign")
        end
        chosen = way
      end
    end
  end
  if not chosen then
    return fail(nil, "no credentials: give client_id and client_secret, " ..
      "access_token, or api_access_key_id and api_secret_access_key")
  end
  for _, option in ipairs(chosen) do
    if not given[option] or given[option] == "" then
      return fail(option, "must be given")
    end
  end
  if given.session and chosen.name ~= "keys" then
    return fail("session", "goes with api_access_key_id and " ..
      "api_secret_access_key only")
  end
  return given.session and "session" or chosen.name
end

local LIMITS = {
  timeout = 86400,
  attempt_timeout = 86400,
  connect_timeout = 86400,
  max_attempts = 100,
  backoff_base = 86400,
  backoff_cap = 86400,
  max_retry_wait = 86400,
  max_concurrency = 1000,
  max_body = 1e9,
}

-- Strings that the core takes as C does.
local STRINGS = { "base_url", "ca_file", "proxy", "user_agent" }
local ENTITY = { "zuora_entity_ids", "entity_id", "entity_name" }

local function check_strings(given)
  for _, option in ipairs(STRINGS) do
    if given[option] and given[option]:find("\0", 1, true) then
      return fail(option, "may not hold a NUL byte")
    end
  end
  if given.user_agent and given.user_agent:find "%c" then
    return fail("user_agent", "may not hold control characters")
  end
  local first
  for _, option in ipairs(ENTITY) do
    if given[option] and first then
      return fail(option, "may not be given together with " .. first)
    end
    first = given[option] and option or first
  end
  return true
end

--- Whether the values can be meant: true, or nil and an error.
function options.check_values(given)
  for _, option in ipairs(sorted_keys(LIMITS)) do
    local value = given[option]
    if value and not (value > 0 and value <= LIMITS[option]) then
      return fail(option, ("must be more than 0 and at most %d"):format(
        LIMITS[option]))
    end
  end
  for _, option in ipairs { "max_attempts", "max_concurrency" } do
    if given[option] and given[option] % 1 ~= 0 then
      return fail(option, "must be a whole number")
    end
  end
  return check_strings(given)
end

--- An error of zuora.new itself.
function options.error(parameter, message)
  return errors.argument(NEW, parameter, message)
end

return options
