-- A world for specs of the Lua layer: the real core and a client of it, with a
-- clock, a chance and UUIDs that the spec sets. Delays are never slept: what a
-- call asks of submit is written down, and the clock put forward by it.
--
--   local world = require("spec.support.world").new(server)
--   local client = world:client { max_attempts = 2 }
--   world.delays        the delays asked for, in order: { 0, 1 }
--   world.limits        likewise the limits
--   world.time          what the core's clock says; may be set
--   world.chance        what the core's chance gives: 1
--   world.uuids         how many UUIDs were made; they are "uuid-1", ...
--   world.engines       how many engines
local core = require "zuora.core"
local module = require "zuora.client"

local world = {}
local World = {}
World.__index = World

local EPOCH = 1800000000 -- Unix time when world.time is 0

local reals = setmetatable({}, { __mode = "k" })

local function unwrap(first, ...)
  if select("#", ...) == 0 then
    return reals[first] or first
  end
  return reals[first] or first, unwrap(...)
end

-- Stands for an object of the core. Each of its methods is the object's own,
-- unless `changed` has one, which is given the object and the arguments.
local function wrap(real, changed)
  if not real then
    return real
  end
  local proxy = setmetatable({}, {
    __index = function(_, name)
      local method = real[name]
      if not method then
        return nil
      end
      return function(self, ...)
        local own = reals[self]
        if changed[name] then
          return changed[name](own, ...)
        end
        if select("#", ...) == 0 then
          return method(own)
        end
        return method(own, unwrap(...))
      end
    end,
  })
  reals[proxy] = real
  return proxy
end

local function exchange_of(self, real)
  return wrap(real, {
    submit = function(exchange, sign, delay, limit, ...)
      self.delays[#self.delays + 1] = delay
      self.limits[#self.limits + 1] = limit
      self.time = self.time + (delay or 0)
      return exchange:submit(sign, 0, limit, ...)
    end,
  })
end

local function engine_of(self, real)
  return wrap(real, {
    send = function(engine, index, spare, sign, limit, ...)
      local exchange, id = engine:send(index, unwrap(spare), sign, limit, ...)
      if not exchange then
        return nil
      end
      self.delays[#self.delays + 1] = 0
      self.limits[#self.limits + 1] = limit
      return exchange_of(self, exchange), id
    end,
    exchange = function(engine, ...)
      local exchange, kind, message, parameter = engine:exchange(
        unwrap(...))
      if not exchange then
        return exchange, kind, message, parameter
      end
      return exchange_of(self, exchange)
    end,
  })
end

local function core_of(self)
  return setmetatable({
    clock = function()
      return self.time
    end,
    chance = function()
      return self.chance
    end,
    uuid = function()
      self.uuids = self.uuids + 1
      return "uuid-" .. self.uuids
    end,
    engine = function(options)
      self.engines = self.engines + 1
      local real, kind, message, parameter = core.engine(options)
      if not real then
        return real, kind, message, parameter
      end
      return engine_of(self, real)
    end,
  }, { __index = core })
end

--- A world whose clients speak to that server (spec/support/server.lua).
function world.new(server)
  local self = setmetatable({ server = server, time = 0, chance = 1,
    uuids = 0, engines = 0, delays = {}, limits = {},
    clients = setmetatable({}, { __mode = "k" }) }, World)
  self.core = core_of(self)
  self.now = function()
    return EPOCH + self.time
  end
  self.wait = function(engine, exchange)
    while not exchange:done() do
      server:step()
      engine:step(0.005)
    end
  end
  return self
end

--- What was written down so far is forgotten.
function World:forget()
  self.delays, self.limits, self.uuids = {}, {}, 0
end

--- A client of the server with a token; `options` change what they name, and
--- false takes away.
function World:client(options)
  local given = { base_url = self.server.url, access_token = "tokentokentoken",
    proxy = "", wait = self.wait }
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  if not given.access_token then
    given.access_token = nil
  end
  local client = assert(module.new(given, self, 1))
  self.clients[client] = true
  return client
end

--- Closes its clients and the server.
function World:close()
  for client in pairs(self.clients) do
    client:close()
  end
  self.server:close()
end

return world
