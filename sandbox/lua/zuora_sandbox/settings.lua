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
  -- Logins a minute, an hour, a day; tokens a minute.
  auth_limit = 2000,
  auth_limit_hour = 67500,
  auth_limit_day = 810000,
  oauth_limit = 100,
  -- Calls at once, for one entity.
  concurrency_limit = 40,
  concurrency_retry_after = 120,
  -- Seconds that every call takes at least.
  latency = 0,
  -- Whether the OAuth client has the permission to write: 1 or 0.
  api_write_access = 1,
  -- Bytes of a request body when inflated.
  max_body = 8 * 1024 * 1024,
  -- Calls that the journal holds; older ones are dropped.
  journal_limit = 20000,
}

-- Ids of the entities that new tokens are for, the entity of the API user;
-- false: all that it may enter, the global one.
local OTHERS = { token_entities = false, home_entity = false }

local values, start = {}, {}

local function fill(target, source)
  for name, value in pairs(source) do
    target[name] = value
  end
  return target
end

local function is_list_of_ids(value)
  if type(value) ~= "table" or #value == 0 then
    return false
  end
  for _, id in ipairs(value) do
    if type(id) ~= "string" then
      return false
    end
  end
  return true
end

local function check_other(name, value)
  if name == "token_entities" and not is_list_of_ids(value) then
    return nil, "setting token_entities is an array of ids, or null"
  elseif name == "home_entity" and type(value) ~= "string" then
    return nil, "setting home_entity is an id, or null"
  end
  return true
end

local function check(name, value)
  if OTHERS[name] ~= nil then
    return check_other(name, value)
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

--- Whether these could be set; nil and why not.
function settings.check(changes)
  if type(changes) ~= "table" then
    return nil, "settings are an object"
  end
  for name, value in pairs(changes) do
    local unset = value == ngx.null or value == false
    local known = DEFAULTS[name] or OTHERS[name] ~= nil
    local ok, err = unset and known, nil
    if not ok then
      ok, err = check(tostring(name), value)
    end
    if not ok then
      return nil, err
    end
  end
  return true
end

--- Sets some of them; all or none. A null sets the default.
function settings.set(changes)
  local ok, err = settings.check(changes)
  if not ok then
    return nil, err
  end
  for name, value in pairs(changes) do
    if value == ngx.null or value == false then
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
