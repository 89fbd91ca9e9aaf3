-- The way of a call: journal, faults, limits, who calls, idempotency, effect,
-- answer.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local auth = require "zuora_sandbox.auth"
local control = require "zuora_sandbox.control"
local faults = require "zuora_sandbox.faults"
local idempotency = require "zuora_sandbox.idempotency"
local journal = require "zuora_sandbox.journal"
local limits = require "zuora_sandbox.limits"
local mishaps = require "zuora_sandbox.mishaps"
local request = require "zuora_sandbox.request"
local routes = require "zuora_sandbox.routes"
local send = require "zuora_sandbox.send"
local session = require "zuora_sandbox.session"
local settings = require "zuora_sandbox.settings"

local router = {}

local PERMISSION, INVALID, MALFORMED = 10, 20, 90

-- ---- what is wrong with a request ------------------------------------------

local function check_track_id(x)
  local id = x.headers["zuora-track-id"]
  if not id or (#id <= 64 and not id:find "[:;\"'\128-\255%c]") then
    return nil
  end
  local what = assumptions.get "bad_track_id"
  x.hide_track_id = true
  if what ~= "ignored" then
    return answer.refusal(what, INVALID, "Invalid Zuora-Track-Id")
  end
end

local function check_content_type(x)
  local kind = x.headers["content-type"]
  local wrong
  if kind then
    wrong = x.body ~= "" and not kind:lower():find "^application/json%f[%W]" and
      assumptions.is("other_content_type", "refused")
  else
    wrong = (x.body ~= "" or x.method == "PUT") and
      assumptions.is("missing_content_type", "refused")
  end
  return wrong and answer.refusal(415, INVALID, "Unsupported media type") or nil
end

local function check_body(x)
  if x.body_problem == "large" then
    return answer.html(413, "Request Entity Too Large")
  end
  if x.body_problem then
    return answer.refusal(assumptions.get "bad_json", MALFORMED,
      "The gzip body cannot be inflated")
  end
  if x.route.family == "oauth" then
    return nil
  end
  if x.body == "" then
    return x.method == "PUT" and assumptions.is("empty_put_body", "refused")
      and answer.refusal(400, MALFORMED, "A body is required") or nil
  end
  if type(request.json(x)) ~= "table" then
    return answer.refusal(assumptions.get "bad_json", MALFORMED,
      "Malformed JSON")
  end
  return check_content_type(x)
end

local function check_route(wrong)
  if wrong == "path" or assumptions.is("wrong_method", "404") then
    return answer.failure(404, 50000040, "The resource does not exist")
  end
  return answer.failure(405, 50000045, "Method not supported")
end

local function check(x, wrong)
  if wrong then
    return check_route(wrong)
  end
  return check_track_id(x) or check_body(x) or
    x.body == "" and check_content_type(x) or nil
end

-- ---- who -------------------------------------------------------------------

local function admit(x)
  if x.route.signs == "none" then
    return nil
  end
  local who = x.route.signs == "keys" and auth.login or auth.identify
  local identity, refusal = who(x)
  if identity then
    x.identity = identity
    x.entity, refusal = auth.entity(x, identity)
  end
  return refusal
end

-- What the platform permission "API Write Access" is about, for OAuth clients.
local function check_permission(x)
  if x.method ~= "GET" and x.identity and x.identity.kind == "token" and
    settings.get "api_write_access" == 0 then
    return answer.refusal(assumptions.get "not_administrator", PERMISSION,
      "The user has no API Write Access")
  end
end

-- The session of a call that succeeded gets a fresh cookie.
local function roll_session(x, given)
  local one = x.identity and x.identity.session
  if one and given.status < 300 then
    given.headers["Set-Cookie"] = session.cookie(one)
  end
end

-- ---- the call --------------------------------------------------------------

local function hold(x, when)
  local seconds = x.delays[when]
  x.delays[when] = nil
  if seconds and seconds > 0 then
    x.delayed = true
    ngx.sleep(seconds)
  end
end

-- What the call comes to, apart from faults.
local function carry_out(x)
  local given = idempotency.claim(x)
  if given then
    return given
  end
  hold(x, "before")
  given = x.route.handler(x)
  roll_session(x, given)
  given = send.identify(given)
  idempotency.keep(x, given)
  return given
end

-- A fault that is due before the effect. What it says is an answer of Zuora's
-- own, which a key keeps, only where it was told so.
local function fail(x)
  if x.fault.store then
    local given = idempotency.claim(x)
    if given then
      return given
    end
  end
  local given = send.identify(mishaps.instead(x))
  idempotency.keep(x, given)
  return given
end

local function run(x, wrong)
  faults.take(x)
  local given = limits.enter(x)
  if given then
    return given
  end
  x.delays.before = (x.delays.before or 0) + settings.get "latency"
  if x.fault and x.fault.when == "before" then
    return fail(x)
  end
  given = check(x, wrong) or admit(x) or check_permission(x) or carry_out(x)
  if x.fault then
    given = mishaps.replace(x, given)
  end
  return given
end

local function broken(x, err)
  ngx.log(ngx.ERR, "sandbox: ", err)
  idempotency.drop(x)
  x.fault = nil
  return answer.failure(500, 50000060, "The sandbox itself failed: see its log")
end

local function serve(x)
  ngx.ctx.call = x
  x.delays = {}
  local wrong = routes.find(x)
  journal.begin(x)
  local ok, given = xpcall(run, debug.traceback, x, wrong)
  if not ok then
    given = broken(x, given)
  end
  -- Where the call did not get as far as its delay.
  hold(x, "before")
  hold(x, "after")
  given = send.complete(x, given)
  journal.complete(x, not mishaps.silent(x) and given.status or nil)
  return mishaps.deliver(x, given)
end

--- Handles the current request.
function router.handle()
  local x = request.read()
  if x.segments[1] == "_sandbox" then
    return control.handle(x)
  end
  return serve(x)
end

--- Called when a request is over, however it ended.
function router.finished()
  local x = ngx.ctx.call
  if x then
    limits.leave(x)
  end
end

return router
