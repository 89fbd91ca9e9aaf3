--- A store in Redis, for all machines:
---
---   local store = require("zuora.stores.redis").new { host = "127.0.0.1" }
---   zuora.new { ..., store = store }
---
--- Inside nginx it speaks through lua-resty-redis (Debian calls it
--- nginx.redis), elsewhere through redis-lua.
local errors = require "zuora.errors"

local redis = {}

local Redis = {}
Redis.__index = Redis

local TIMEOUT = 1 -- seconds
local IDLE = 60 -- seconds that nginx keeps a connection
local POOL = 16 -- connections that nginx keeps
local made = 0

local function in_nginx()
  local ngx = rawget(_G, "ngx")
  return ngx and ngx.socket and ngx.socket.tcp and ngx.get_phase
end

--- Options: host ("127.0.0.1") and port (6379), or path (a Unix socket);
--- password, database, timeout (1 s). Connects at first use.
function redis.new(options)
  options = options or {}
  made = made + 1
  return setmetatable({
    -- A connection kept is one that has logged in and chosen the database.
    pool = "zuora.stores.redis." .. made,
    host = options.host or "127.0.0.1",
    port = options.port or 6379,
    path = options.path,
    password = options.password,
    database = options.database,
    timeout = options.timeout or TIMEOUT,
  }, Redis)
end

local function check(value, reason)
  if value == nil or value == false then
    error(reason or "no answer", 0)
  end
  return value
end

-- ---- inside nginx ----------------------------------------------------------

local function load_resty()
  local ok, resty = pcall(require, "resty.redis")
  return ok and resty or require "nginx.redis"
end

local function connect_resty(self, connection)
  connection:set_timeout(self.timeout * 1000)
  local how = { pool = self.pool }
  if self.path then
    check(connection:connect("unix:" .. self.path, how))
  else
    check(connection:connect(self.host, self.port, how))
  end
  if connection:get_reused_times() == 0 then
    if self.password then
      check(connection:auth(self.password))
    end
    if self.database then
      check(connection:select(self.database))
    end
  end
end

-- A connection belongs to the request that opened it: one a command.
local function call_resty(self, command, ...)
  local connection = check(load_resty():new())
  local ok, value = pcall(function(...)
    connect_resty(self, connection)
    return check(connection[command](connection, ...))
  end, ...)
  if not ok then
    connection:close()
    error(value, 0)
  end
  connection:set_keepalive(IDLE * 1000, POOL)
  if value == ngx.null then
    return nil
  end
  return value
end

-- ---- elsewhere -------------------------------------------------------------

-- LuaSocket gives the maker itself or, since 3.0, a table of them.
local function open_unix(self)
  local unix = require "socket.unix"
  local socket = (type(unix) == "table" and unix.stream or unix)()
  socket:settimeout(self.timeout)
  check(socket:connect(self.path))
  return socket
end

local function open_plain(self)
  local client = require "redis"
  local connection = client.connect {
    host = self.host, port = self.port, timeout = self.timeout,
    socket = self.path and open_unix(self),
  }
  if self.password then
    connection:auth(self.password)
  end
  if self.database then
    connection:select(self.database)
  end
  return connection
end

-- Once more over a fresh connection where a kept one turned out broken. Returns
-- the answer, and whether the command may have been carried out twice.
local function call_plain(self, command, ...)
  for try = 1, 2 do
    local kept = self.connection ~= nil
    self.connection = self.connection or open_plain(self)
    local ok, value = errors.try(self.connection[command],
      self.connection, ...)
    if ok then
      return value, try == 2
    end
    self.connection = nil
    if not kept or try == 2 then
      error(value, 0)
    end
  end
end

local function call(self, command, ...)
  if in_nginx() then
    return call_resty(self, command, ...)
  end
  return call_plain(self, command, ...)
end

-- ---- the contract ----------------------------------------------------------

local function milliseconds(ttl)
  return ("%d"):format(math.max(1, math.ceil(ttl * 1000)))
end

function Redis:get(key)
  local value = call(self, "get", key)
  return value -- a second result would be a reason
end

function Redis:set(key, value, ttl)
  call(self, "set", key, value, "PX", milliseconds(ttl))
  return true
end

function Redis:add(key, value, ttl)
  local answer, twice = call(self, "set", key, value, "PX", milliseconds(ttl),
    "NX")
  if answer == "OK" or answer == true then
    return true
  end
  -- It may be there by the first try, whose answer was lost.
  return twice == true and self:get(key) == value
end

-- In one step: between two another might take its place.
local DELETE = [[
  return redis.call("get", KEYS[1]) == ARGV[1] and redis.call("del", KEYS[1])
]]

function Redis:delete(key, value)
  call(self, "eval", DELETE, 1, key, value)
  return true
end

return redis
