-- What happens at the start: the launcher's wishes are read, what it has to
-- know is written.

-- What LuaJIT before November 2023 (Debian 12 has one) compiles while a module
-- is loading stores to the module's locals without the collector's barrier; run
-- later on, that code has what it stores freed while it is in use. So nothing
-- is compiled before all modules are there.
jit.off()
local assumptions = require "zuora_sandbox.assumptions"
local control = require "zuora_sandbox.control"
local oauth = require "zuora_sandbox.oauth"
local random = require "zuora_sandbox.random"
local scenarios = require "zuora_sandbox.scenarios"
local session = require "zuora_sandbox.session"
local settings = require "zuora_sandbox.settings"
local tcp = require "zuora_sandbox.tcp"
local tenant = require "zuora_sandbox.tenant"
require "zuora_sandbox.router"
jit.on()

local boot = {}

local folder

local function write(name, text)
  local file = assert(io.open(folder .. name .. ".new", "w"))
  file:write(text)
  file:close()
  -- Whoever waits for the file sees all of it or none.
  assert(os.rename(folder .. name .. ".new", folder .. name))
end

local function set(target, name, value)
  return target.set { [name] = value }
end

local READERS = {
  client_id = function(value) oauth.client_id = value return true end,
  client_secret = function(value) oauth.client_secret = value return true end,
  user = function(value) session.user = value return true end,
  password = function(value) session.password = value return true end,
  assume = function(value)
    local name, choice = value:match "^([%w_]+)=(.*)$"
    if not name then
      return nil, "an assumption is given as NAME=VALUE: " .. value
    end
    return set(assumptions, name, choice)
  end,
  token_lifetime = function(value)
    return set(settings, "token_lifetime", tonumber(value) or value)
  end,
  session_lifetime = function(value)
    return set(settings, "session_lifetime", tonumber(value) or value)
  end,
  scenario = function(value)
    control.start_name = value
    return true
  end,
}

local function read_wishes()
  for line in io.lines(folder .. "wishes") do
    local name, value = line:match "^(%w[%w_]*)=(.*)$"
    assert(READERS[name](value))
  end
end

local function start()
  random.seed()
  read_wishes()
  settings.keep_as_start()
  assumptions.keep_as_start()
  function control.start()
    return scenarios.from_start(control.start_name)
  end
  local scenario = assert(control.start())
  assert(control.load(scenario, control.start_name))
end

--- In the phase that may refuse to start.
function boot.init(path)
  folder = path
  local ok, err = pcall(start)
  if not ok then
    write("failed", (tostring(err):gsub("^[^:]+:%d+: ", "")) .. "\n")
    error(err, 0)
  end
end

-- Without the launcher nobody would ever end this process.
local function watch(parent)
  ngx.timer.every(1, function()
    if tcp.parent() ~= parent then
      os.execute("rm -rf '" .. folder:gsub("'", "'\\''") .. "'")
      tcp.stop()
    end
  end)
end

local function list_assumptions()
  local lines = {}
  for _, one in ipairs(assumptions.describe()) do
    lines[#lines + 1] = ("%-26s %s: %s"):format(one.name, one.about,
      table.concat(one.choices, ", "))
  end
  write("assumptions", table.concat(lines, "\n") .. "\n")
end

--- When the ports are open.
function boot.ready()
  list_assumptions()
  local lines = { "global=" .. random.hyphenate(tenant.global().id) }
  for _, entity in ipairs(tenant.entities()) do
    lines[#lines + 1] = ("entity=%s  %-13s  %s"):format(entity.id,
      entity.status, entity.name)
  end
  watch(tcp.parent())
  write("ready", table.concat(lines, "\n") .. "\n")
end

return boot
