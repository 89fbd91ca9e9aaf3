--- zuora: the entity connections of a Zuora multi-entity tenant.
---
---   local zuora = require "zuora"
---   local client = assert(zuora.new { environment = "CSBX", ... })
---   for connection in client.connections.each { type = "inbound" } do ... end
--
-- Outside nginx nothing but this file is loaded before it is used: libcurl
-- alone takes a while.
local later = require "zuora.later"

local client = later "zuora.client"
local core = later "zuora.core"
local errors = later "zuora.errors"
local json = later "zuora.json"

local zuora = { environments = require "zuora.environments" }

-- Fields that are there with a module.
local FIELDS = {
  _VERSION = function()
    return core.version
  end,
  -- An array without items, in a body: an empty table is sent as {}.
  empty_array = function()
    return json.empty_array
  end,
}

-- Makes a client over the core, which is loaded first: where it is missing,
-- each try says so.
local function new(options, level)
  local world = { core = require "zuora.core", now = os.time }
  local made, err = client.new(options, world, level + 1)
  return made, err
end

--- Makes a client. Does no I/O.
---
--- Times are numbers of seconds. Those marked * are options of calls as well.
---
--- Where to:
---   environment      string  a name in zuora.environments; or
---   base_url         string  any URL; http to loopback only
--- Who, one of:
---   client_id, client_secret  strings: OAuth
---   access_token     string, or function (refused) that returns one, or nil
---                    and a reason; called before each call, and with true
---                    after a 401
---   api_access_key_id, api_secret_access_key  strings: an API user
---   session          boolean, false: with an API user, log in once instead of
---                    sending name and password with each call
--- For which entity, one of:
---   zuora_entity_ids *, entity_id *, entity_name *  strings
--- How long and how often:
---   timeout *         130    for a whole call; Zuora's own limit is 120
---   attempt_timeout * what the call has left; for one attempt
---   connect_timeout   10
---   max_attempts *    4      how often a call is sent at most
---   backoff_base *    1      the bound of the first wait, doubled with each
---   backoff_cap *     60     what that bound does not pass
---   max_retry_wait *  60     a longer wait ends the call instead
---   settle *          boolean, true: read back what became of a change whose
---                     answer is in doubt
---   max_concurrency   32     calls in flight at most
--- What is allowed and told:
---   read_only         boolean, false: refuse whatever changes something
---   dry_run *         boolean, false: return the request, do not send it
---   confirm           function (operation, arguments), asked before what
---                     cannot be undone; only true lets it be made
---   on_event          function (event), see zuora.events
--- How it is carried:
---   store             object that shares credentials, see
---                     zuora.stores.memory
---   wait              function (engine, pending), see zuora.wait
---   max_body          64 MiB: bytes of an answer, decoded
---   ca_file           string, libcurl's: a PEM file of trusted authorities
---   proxy             string, libcurl's variables: a URL; "" for none
---   user_agent        string, "zuora-lua/VERSION"
---   allow_insecure    boolean, false: http to other hosts than loopback
---
--- Misuse (an unknown option, a wrong type) is raised; what depends on values
--- comes back as nil and an error.
---@param options table
---@return zuora.Client|nil, zuora.Error|nil
function zuora.new(options)
  local made, err = new(options, 2)
  return made, err
end

--- Whether a value is an error of this library.
---@return boolean
function zuora.is_error(value)
  return errors.is(value)
end

-- The first way to sign that is there as a whole counts.
local function options_from(getenv)
  local options = {
    environment = getenv "ZUORA_ENVIRONMENT",
    base_url = getenv "ZUORA_BASE_URL",
    zuora_entity_ids = getenv "ZUORA_ENTITY_IDS",
    ca_file = getenv "ZUORA_CA_FILE",
  }
  local id, secret = getenv "ZUORA_CLIENT_ID", getenv "ZUORA_CLIENT_SECRET"
  local token = getenv "ZUORA_ACCESS_TOKEN"
  if id and secret then
    options.client_id, options.client_secret = id, secret
  elseif token then
    options.access_token = token
  else
    options.api_access_key_id = getenv "ZUORA_API_ACCESS_KEY_ID"
    options.api_secret_access_key = getenv "ZUORA_API_SECRET_ACCESS_KEY"
  end
  return options
end

local function getenv(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local default

--- The client that zuora.connections and its like stand on, made at first use
--- from the environment variables ZUORA_ENVIRONMENT or ZUORA_BASE_URL,
--- ZUORA_CLIENT_ID and ZUORA_CLIENT_SECRET, ZUORA_ACCESS_TOKEN, or
--- ZUORA_API_ACCESS_KEY_ID and ZUORA_API_SECRET_ACCESS_KEY (the first that are
--- there), ZUORA_ENTITY_IDS, ZUORA_CA_FILE.
---@return zuora.Client|nil, zuora.Error|nil
function zuora.default()
  if not default then
    local made, err = new(options_from(getenv), 2)
    if not made then
      err.message = err.message .. " (the default client is made from the " ..
        "environment variables ZUORA_*)"
      return nil, err
    end
    default = made
  end
  return default
end

-- zuora.connections.list {} is default().connections.list {}.
return setmetatable(zuora, {
  __index = function(_, name)
    if name == "connections" or name == "session" or name == "entities" then
      local made, err = zuora.default()
      if not made then
        error(tostring(err), 2)
      end
      return made[name]
    end
    local field = FIELDS[name]
    return field and field()
  end,
})
