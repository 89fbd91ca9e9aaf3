-- /_sandbox/...: how tests look into the sandbox and change it.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local faults = require "zuora_sandbox.faults"
local idempotency = require "zuora_sandbox.idempotency"
local journal = require "zuora_sandbox.journal"
local json = require "zuora_sandbox.json"
local limits = require "zuora_sandbox.limits"
local oauth = require "zuora_sandbox.oauth"
local request = require "zuora_sandbox.request"
local scenarios = require "zuora_sandbox.scenarios"
local send = require "zuora_sandbox.send"
local session = require "zuora_sandbox.session"
local settings = require "zuora_sandbox.settings"
local tenant = require "zuora_sandbox.tenant"

local control = { start = nil }

local current

local function wrong(message)
  return answer.json(400, { success = false, message = message })
end

local function done(ok, err)
  return ok and answer.ok() or wrong(err)
end

-- ---- scenarios -------------------------------------------------------------

local function plain(err)
  return (tostring(err):gsub("^[^:]+:%d+: ", ""))
end

--- Takes a scenario in: the tenant, and what it says of settings and
--- assumptions. Returns nil and why when it does not fit.
function control.load(scenario, name)
  local numbers, guesses = scenario.settings or {}, scenario.assumptions or {}
  local ok, err = settings.check(numbers)
  if ok then
    ok, err = assumptions.check(guesses)
  end
  if ok then
    ok, err = tenant.load(scenario)
  end
  if not ok then
    return nil, plain(err)
  end
  settings.set(numbers)
  assumptions.set(guesses)
  current = scenario.name or name or "inline"
  idempotency.reset()
  return true
end

-- { name, parameters } (or the parameters beside the name), { scenario }, or
-- the scenario itself.
local function chosen(body)
  if type(body.scenario) == "table" then
    return body.scenario
  end
  if body.entities then
    return body
  end
  return scenarios.named(body.name or body.scenario,
    type(body.parameters) == "table" and body.parameters or body)
end

local function post_scenario(_, body)
  local scenario, err = chosen(body)
  if not scenario then
    return wrong(err)
  end
  return done(control.load(scenario, body.name or body.scenario))
end

local function post_reset(_, body)
  settings.reset()
  assumptions.reset()
  faults.clear()
  journal.clear()
  limits.reset()
  session.reset()
  clock.reset()
  if body.keep_tokens ~= true then
    oauth.reset()
  end
  local scenario, err = control.start()
  return done(scenario and control.load(scenario, control.start_name), err)
end

-- ---- looking ---------------------------------------------------------------

local MOST_SHOWN = 1000

local function get_state()
  local shown = json.array()
  local all = tenant.connections()
  for i = 1, math.min(#all, MOST_SHOWN) do
    shown[i] = all[i]
  end
  return answer.ok {
    scenario = current,
    global = tenant.global().id,
    entities = json.array(tenant.entities()),
    connections = shown,
    connection_count = #all,
    tokens = oauth.count(),
    sessions = session.count(),
    idempotency_keys = idempotency.count(),
    in_flight = limits.in_flight(),
    now = clock.now(),
    clock_offset = clock.offset,
    settings = settings.all(),
    assumptions = assumptions.all(),
  }
end

local FILTERS = { operation = "text", effect = "text", status = "number",
  since = "number", limit = "number", fields = "text", count = "text" }

-- What a query of the journal asks for, or nil and what is wrong with it.
local function filters_of(query)
  local wanted = { since = 0, limit = math.huge }
  for name, text in pairs(query) do
    local kind = FILTERS[name]
    local value = text
    if kind == "number" then
      value = text:find "^%d+$" and tonumber(text)
    end
    if not kind or not value then
      return nil, ("the journal has no filter %s=%s; known: count, effect, " ..
        "fields, limit, operation, since, status"):format(name, text)
    end
    wanted[name] = value
  end
  return wanted
end

local function fields_of(text)
  local list = {}
  for name in text:gmatch "[^,]+" do
    list[#list + 1] = name
  end
  return list
end

local function get_journal(x)
  local wanted, err = filters_of(x.query)
  if not wanted then
    return wrong(err)
  end
  wanted.fields = wanted.fields and fields_of(wanted.fields)
  local list = journal.find(wanted)
  if wanted.count then
    return answer.ok { count = #list }
  end
  return answer.json(200, list)
end

local function get_effects()
  local effects, calls = journal.counts()
  return answer.ok { effects = effects, calls = calls }
end

local function delete_journal()
  journal.clear()
  return answer.ok()
end

-- ---- changing --------------------------------------------------------------

local function post_faults(_, body)
  local ids, err = faults.add(body)
  return ids and answer.ok { ids = ids } or wrong(err)
end

local function get_faults()
  return answer.json(200, faults.all())
end

local function delete_faults()
  faults.clear()
  return answer.ok()
end

local function post_clock(_, body)
  if type(body.advance) ~= "number" then
    return wrong "advance is a number of seconds"
  end
  clock.advance(body.advance)
  return answer.ok { clock_offset = clock.offset, now = clock.now() }
end

local function post_assumptions(_, body)
  return done(assumptions.set(body))
end

local function get_assumptions()
  return answer.json(200, json.array(assumptions.describe()))
end

local function post_settings(_, body)
  return done(settings.set(body))
end

local function get_settings()
  return answer.json(200, settings.all())
end

-- Ends tokens and sessions before their time.
local function post_revoke(_, body)
  if body.tokens ~= false then
    oauth.reset()
  end
  if body.sessions ~= false then
    session.reset()
  end
  return answer.ok()
end

local CALLS = {
  ["POST reset"] = post_reset,
  ["POST scenario"] = post_scenario,
  ["GET state"] = get_state,
  ["GET journal"] = get_journal,
  ["DELETE journal"] = delete_journal,
  ["GET effects"] = get_effects,
  ["POST faults"] = post_faults,
  ["GET faults"] = get_faults,
  ["DELETE faults"] = delete_faults,
  ["POST clock"] = post_clock,
  ["POST assumptions"] = post_assumptions,
  ["GET assumptions"] = get_assumptions,
  ["POST settings"] = post_settings,
  ["GET settings"] = get_settings,
  ["POST revoke"] = post_revoke,
}

local function names()
  local list = {}
  for name in pairs(CALLS) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, ", ")
end

local function answer_to(x)
  local call = CALLS[x.method .. " " .. (x.segments[2] or "")]
  if not call or #x.segments ~= 2 then
    return answer.json(404, { success = false,
      message = "no such control; known: " .. names() })
  end
  local body = request.json(x)
  if type(body) ~= "table" then
    return wrong "the body is no JSON object"
  end
  return call(x, body)
end

--- Answers a call of the control API. It is not journaled, and no fault or
--- limit is for it.
function control.handle(x)
  local ok, given = xpcall(answer_to, debug.traceback, x)
  if not ok then
    ngx.log(ngx.ERR, "sandbox: ", given)
    given = answer.json(500, { success = false, message = given })
  end
  return send.whole(send.complete(x, given))
end

return control
