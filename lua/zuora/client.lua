-- A client: one engine, one way to sign, and a function for each operation.
local call = require "zuora.call"
local errors = require "zuora.errors"
local json = require "zuora.json"
local later = require "zuora.later"
local limits = require "zuora.limits"
local map = require "zuora.map"
local options = require "zuora.options"
local pages = require "zuora.pages"
local policies = require "zuora.policies"
local settle = require "zuora.settle"
local sharing = require "zuora.sharing"
local wait = require "zuora.wait"

-- The ways to sign: a client has one of them.
local given_token = later "zuora.auth.given"
local keys = later "zuora.auth.keys"
local session = later "zuora.auth.session"
local token = later "zuora.auth.token"

local client = {}

---@class zuora.Client
---@field connections table list, each, all, initiate, accept, deny, disconnect
---@field session table establish
---@field entities table list, get
local Client = {}
Client.__index = Client

-- What belongs to a client but is none of its users' business.
local privates = setmetatable({}, { __mode = "k" })

local SECRETS = {
  "client_id", "client_secret", "access_token", "api_access_key_id",
  "api_secret_access_key",
}
local MAX_CONCURRENCY = 32 -- under the 40 of an entity that Zuora allows
local DEFAULTS = { "zuora_entity_ids", "entity_id", "entity_name" }

-- Into the engine's memory, and nowhere else.
local function store(engine, given)
  for _, name in ipairs(SECRETS) do
    if type(given[name]) == "string" then
      local ok, _, message = engine:set_secret(name, given[name])
      if not ok then
        return nil, options.error(name, message)
      end
    end
  end
  for _, name in ipairs(DEFAULTS) do
    if given[name] then
      local ok, _, message = engine:set_default(name, given[name])
      if not ok then
        return nil, options.error(name, message)
      end
    end
  end
  return true
end

local function make_auth(way, private, given)
  local bindings = private.bindings
  if way == "client" then
    return token.new(private, bindings["oauth.token"])
  end
  if way == "token" then
    local source = given.access_token
    return given_token.new(private,
      type(source) == "function" and source or nil)
  end
  if way == "session" then
    return session.new(private, bindings["session.establish"])
  end
  return keys.new()
end

-- Functions of one client for one operation, called with a dot. The results
-- are named before they are returned, see call.method.
local function bind(group, verb, binding)
  group[verb] = call.method(binding)
  if binding.operation.items then
    group.each = function(given)
      local iterator = pages.each(binding, 2, given)
      return iterator
    end
    group.all = function(given)
      local result, err = pages.all(binding, 2, given)
      return result, err
    end
  end
end

local function bind_all(self, private)
  for name, binding in pairs(private.bindings) do
    local group, verb = name:match("^(.+)%.(.+)$")
    if group and not binding.operation.internal then
      self[group] = self[group] or {}
      bind(self[group], verb, binding)
    end
  end
end

-- The engine that the options ask for, holding the secrets.
local function make_engine(core, given)
  local base_url, err = options.base_url(given)
  if not base_url then
    return nil, err
  end
  local engine, _, message, parameter = core.engine {
    base_url = base_url,
    user_agent = given.user_agent or "zuora-lua/" .. core.version,
    ca_file = given.ca_file,
    proxy = given.proxy,
    connect_timeout = given.connect_timeout,
    max_body = given.max_body,
    max_concurrency = given.max_concurrency or MAX_CONCURRENCY,
    allow_insecure = given.allow_insecure,
    timings = given.on_event ~= nil,
  }
  if not engine then
    return nil, options.error(parameter, message)
  end
  local ok
  ok, err = store(engine, given)
  return ok and engine, err
end

--- Makes a client; see zuora.new. `world` holds what it stands on: core (the
--- module zuora.core) and now (a clock, Unix time).
---@return zuora.Client|nil, zuora.Error|nil
function client.new(given, world, level)
  options.check_types(given, level + 1)
  local way, err = options.way(given)
  if not way then
    return nil, err
  end
  local ok
  ok, err = options.check_values(given)
  if not ok then
    return nil, err
  end
  local engine
  engine, err = make_engine(world.core, given)
  if not engine then
    return nil, err
  end
  local core = world.core
  local private = {
    core = core,
    engine = engine,
    now = world.now,
    clock = core.clock,
    chance = core.chance,
    uuid = core.uuid,
    given_wait = given.wait,
    alone = not given.wait and not wait.checks, -- but for its own tasks
    parked = {}, -- tasks by the ids of what they wait for
    policy = policies.new(given),
    quota = policies.quota(),
    pace = limits.pace(core.clock),
    logins = limits.logins(core.clock),
    max_concurrency = given.max_concurrency or MAX_CONCURRENCY,
    on_event = given.on_event,
    calls = 0,
    guarded = given.read_only or given.confirm ~= nil,
    read_only = given.read_only,
    dry_run = given.dry_run,
    confirm = given.confirm,
    settle = settle,
    bindings = {}, -- see call.bind, by the operation's name
    redact = function(text)
      return engine:redact(text)
    end,
  }
  private.shared = given.store and sharing.new(private, given.store,
    given.client_id or given.api_access_key_id or "")
  -- Each call is looked at before it is made, or is more than made.
  private.watched = private.guarded or wait.checks
  private.special = private.dry_run or private.on_event ~= nil
  for _, operation in ipairs(core.operations) do
    private.bindings[operation.name] = call.bind(private, operation)
  end
  private.auth = make_auth(way, private, given)
  for _, binding in pairs(private.bindings) do
    call.ready(binding)
  end
  local self = setmetatable({}, Client)
  bind_all(self, private)
  privates[self] = private
  return self
end

-- What belongs to the client that a method was called of.
local function private_of(self, method)
  local private = privates[self]
  if not private then
    error(("client:%s is called with a colon, not with a dot"):format(method),
      3)
  end
  return private
end

--- Makes any other call of Zuora's.
---
--- `request` is a table: method (GET), path ("/v1/..." or a URL of the same
--- origin), query and headers (tables of strings), body (a table, encoded as
--- JSON, or JSON text), and the options that every call takes.
---@return table|nil result, zuora.Error|nil
function Client:request(request)
  local private = private_of(self, "request")
  errors.check_options("request", request, 2)
  local made = request
  if type(request.body) == "table" then
    local text, reason = json.encode(request.body)
    if not text then
      return nil, errors.argument(private.bindings.request.operation, "body",
        "cannot be written as JSON: " .. reason)
    end
    made = {}
    for key, value in pairs(request) do
      made[key] = value
    end
    made.body = text
  end
  local result, err = call.run(private.bindings.request, 2, made)
  return result, err
end

--- Calls fn(item, i) for each item of an array, many at once: each call that
--- waits lets others go on, over the connections that are there.
---
--- how: concurrency, how many at most (max_concurrency); on_progress, a
--- function (done, total) called as items end (see zuora.progress).
---
--- Returns an array in the order of the items: a slot each, with `value`, what
--- fn returned, or `err`, its second result where the first was nil, or what it
--- raised. It never fails as a whole.
---@return { value: any, err: any }[]
function Client:map(items, fn, how)
  local results = map.run(private_of(self, "map"), items, fn, how, 2)
  return results
end

--- Ends what is in flight; each of those calls returns a cancelled error.
function Client:cancel()
  local private = private_of(self, "cancel")
  wait.cancel(private)
end

--- Ends what is in flight, closes the connections and wipes the secrets. May
--- be called twice.
function Client:close()
  local private = private_of(self, "close")
  wait.nudge(private, true)
  private.engine:close()
end

Client.__close = Client.close

function Client:__tostring()
  local engine = privates[self].engine
  return ("zuora client (%s)"):format(engine:closed() and "closed" or
    engine:base_url())
end

return client
