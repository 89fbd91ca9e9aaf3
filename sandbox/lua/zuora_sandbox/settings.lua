-- The numbers that may be set at the start, by a scenario or at run time.
local settings = {}

local DEFAULTS = {
  token_lifetime = 3599,
  session_lifetime = 900,
  -- Calls a minute, an hour, a day; 0 is no limit.
  rate_limit = 50000,
  -- Seconds of what is a minute there.
  rate_window = 60,
  rate_limit_hour = 2250000,
  rate_limit_day = 27000000,
  -- Logins a minute; tokens a minute.
  auth_limit = 2000,
  oauth_limit = 100,
  concurrency_limit = 40,
  concurrency_retry_after = 120,
  -- Seconds that every call takes at least.
  latency = 0,
  -- Bytes of a request body when inflated.
  max_body = 8 * 1024 * 1024,
  -- Calls that the journal holds; older ones are dropped.
  journal_limit = 20000,
}

-- Ids of the entities that new tokens are for; false: all.
local OTHERS = { token_entities = false, home_entity = false }

local values, start = {}, {}

local function fill(target, source)
  for name, value in pairs(source) do
    target[name] = value
  end
  return target
end

local function check(name, value)
  if OTHERS[name] ~= nil then
    return true
  end
  if DEFAULTS[name] == nil then
    local known = {}
    for each in pairs(fill(fill({}, DEFAULTS), OTHERS)) do
      known[#known + 1] = each
    end
    table.sort(known)
    return nil, ("unknown setting %s; known: %s"):format(name,
      table.concat(known, ", "))
  end
  if type(value) ~= "number" or value < 0 then
    return nil, ("setting %s is a number, 0 or more"):format(name)
  end
  return true
end

--- Sets some of them; all or none. A null sets the default.
function settings.set(changes)
  for name, value in pairs(changes) do
    local ok, err = check(tostring(name), value == ngx.null and 0 or value)
    if not ok then
      return nil, err
    end
  end
  for name, value in pairs(changes) do
    if value == ngx.null then
      value = DEFAULTS[name] or false
    end
    values[name] = value
  end
  return true
end

function settings.get(name)
  local value = values[name]
  if value == nil then
    error("no setting " .. name)
  end
  return value
end

function settings.all()
  return fill({}, values)
end

function settings.keep_as_start()
  start = settings.all()
end

function settings.reset()
  values = fill({}, start)
end

fill(fill(values, DEFAULTS), OTHERS)
settings.keep_as_start()

return settings
