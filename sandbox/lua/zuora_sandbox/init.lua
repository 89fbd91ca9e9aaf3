-- A Zuora on this machine. nginx hands every request to serve().
local answer = require "zuora_sandbox.answer"
local auth = require "zuora_sandbox.auth"
local cjson = require "cjson.safe"
local connections = require "zuora_sandbox.connections"
local control = require "zuora_sandbox.control"
local faults = require "zuora_sandbox.faults"
local idempotency = require "zuora_sandbox.idempotency"
local others = require "zuora_sandbox.others"
local world = require "zuora_sandbox.world"
local zlib = require "zlib"

local sandbox = {}

local INFLATED = 64 * 1024 * 1024 -- bytes of a request body, at most

local state = {}

--- Makes the world; `start` is what the launcher was told.
function sandbox.start(start)
  math.randomseed(ngx.time() + ngx.worker.pid())
  assert(world.reset(state, start))
end

-- ---- reading ---------------------------------------------------------------

local function inflate(body)
  local stream, parts, size = zlib.inflate(31), {}, 0
  for at = 1, #body, 4096 do
    local ok, part = pcall(stream, body:sub(at, at + 4095))
    if not ok then
      return nil
    end
    size = size + #part
    if size > INFLATED then
      return nil
    end
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

local function read_body(headers)
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local file = ngx.req.get_body_file()
  if not body and file then
    local handle = assert(io.open(file, "rb"))
    body = handle:read "*a"
    handle:close()
  end
  if body and headers["content-encoding"] == "gzip" then
    return inflate(body)
  end
  return body
end

-- The segments of a path, each decoded once.
local function segments_of(target)
  local list = {}
  for segment in target:match("^[^?]*"):gmatch "[^/]+" do
    list[#list + 1] = ngx.unescape_uri((segment:gsub("+", "%%2B")))
  end
  return list
end

local function read_request()
  local headers = ngx.req.get_headers(100)
  local plain = {}
  for name, value in pairs(headers) do
    plain[name:lower()] = type(value) == "table" and value[1] or value
  end
  local target = ngx.var.request_uri
  local body = read_body(plain)
  local json
  if body and body ~= "" then
    json = cjson.decode(body)
  end
  return {
    method = ngx.req.get_method(), target = target,
    segments = segments_of(target), path = "/" .. table.concat(
      segments_of(target), "/"), args = ngx.req.get_uri_args(50),
    headers = plain, body = body, json = json, scheme = ngx.var.scheme,
    host = ngx.var.http_host, time = ngx.now() + state.offset,
  }
end

-- ---- which call ------------------------------------------------------------

local FIXED = {
  ["POST oauth/token"] = "oauth.token",
  ["POST v1/connections"] = "session.establish",
  ["GET v1/connections"] = "session.check",
  ["GET v1/entity-connections"] = "connections.list",
  ["POST v1/entity-connections"] = "connections.initiate",
  ["GET v1/entities"] = "entities.list",
}

local MOVES = { accept = true, deny = true, disconnect = true }

local function operation_of(request)
  local s = request.segments
  local fixed = #s <= 2 and FIXED[request.method .. " " .. table.concat(s, "/")]
  if fixed then
    return fixed
  elseif s[1] ~= "v1" then
    return nil
  elseif #s == 4 and s[2] == "entity-connections" and request.method == "PUT"
    and MOVES[s[4]] then
    return "connections." .. s[4]
  elseif #s == 3 and s[2] == "entities" and request.method == "GET" then
    return "entities.get"
  elseif s[2] == "_echo" then
    return "echo"
  elseif s[2] == "_shape" then
    return "shape"
  end
  return nil
end

-- ---- limits ----------------------------------------------------------------

local function retry_after(seconds, request)
  local form = state.settings.retry_after
  if form == "date" then
    return ngx.http_time(math.floor(request.time - state.offset + seconds))
  end
  return form == "seconds" and tostring(seconds) or nil
end

local function throttle(request)
  local settings = state.settings
  if not state.window_from or
    request.time - state.window_from >= settings.window then
    state.window_from, state.window_count = request.time, 0
  end
  state.window_count = state.window_count + 1
  local seconds, code
  if state.window_count > settings.calls_a_window then
    seconds = math.ceil(state.window_from + settings.window - request.time)
    code = 70
  elseif state.running > settings.concurrency then
    seconds, code = 120, 50000070
  else
    return nil
  end
  return { status = 429, headers = {
    ["Retry-After"] = retry_after(seconds, request) },
    body = { reasons = { { code = code, message =
      ("API Rate limit exceeded, retry after %d seconds"):format(seconds) } } },
  }
end

-- ---- answering -------------------------------------------------------------

local function not_found()
  return { status = 404, body = { success = false, reasons = { {
    code = 50000040, message = "No such resource" } } } }
end

local function is_bad_json(request)
  return request.body and request.body ~= "" and request.json == nil
end

local signed = {
  ["connections.list"] = connections.list,
  ["connections.initiate"] = connections.initiate,
  ["entities.list"] = others.entities,
  ["echo"] = others.echo,
  ["session.check"] = function() return answer.ok() end,
  ["entities.get"] = function(_, request)
    return others.entity(state, request.segments[3])
  end,
  ["shape"] = function(_, request)
    return others.shape(state, request.segments[3] or "")
  end,
}

for verb in pairs(MOVES) do
  signed["connections." .. verb] = function(_, request, entity)
    return connections.move(state, request, entity, request.segments[3], verb)
  end
end

local function perform_signed(request)
  local signer = auth.check(state, request)
  if not signer then
    return answer.unauthorized()
  end
  if is_bad_json(request) then
    return answer.fail(state, 90, "The body is not JSON", 400)
  end
  local entity, failure = auth.entity(state, request, signer)
  local made = failure
  if entity then
    made = signed[request.operation](state, request, entity)
  end
  if signer.cookie and made.status == 200 then
    made.headers = made.headers or {}
    made.headers["Set-Cookie"] = signer.cookie
  end
  return made
end

local function perform(request)
  if request.operation == "oauth.token" then
    return auth.token(state, request)
  elseif request.operation == "session.establish" then
    return auth.establish(state, request)
  elseif not request.operation then
    return not_found()
  end
  return perform_signed(request)
end

-- The true answer, rendered; its effect takes place here.
local function answer_truly(request)
  local refusal, replay = idempotency.before(state, request)
  if replay then
    return replay
  end
  local made = throttle(request) or refusal or perform(request)
  local rendered = answer.render(request, made, answer.headers(state, request))
  idempotency.after(request, rendered)
  if request.effect then
    state.effects[request.effect] = (state.effects[request.effect] or 0) + 1
  end
  return rendered
end

local function render_fault(request, fault)
  local made = faults.replacement(state, fault)
  return made and answer.render(request, made, answer.headers(state, request))
end

-- What is answered: the truth, what a fault makes of it, or both in turn.
local function decide(request, fault)
  if not fault then
    return answer_truly(request)
  end
  local replacement = render_fault(request, fault)
  local hides = replacement or fault.kind == "reset" or fault.kind == "close"
    or fault.kind == "stall"
  if hides and fault.when ~= "after" then
    return replacement or { status = 200, headers = {}, text = "" }
  end
  local rendered = answer_truly(request)
  return replacement or rendered
end

local function note(request)
  request.operation = operation_of(request)
  local entry = {
    n = #state.journal + 1, operation = request.operation,
    method = request.method, target = request.target,
    protocol = ngx.var.server_protocol, connection = ngx.var.connection,
    headers = request.headers, body = request.body,
  }
  state.journal[entry.n] = entry
  return entry
end

local function pause(request, fault)
  local seconds = state.settings.latency
  if fault and fault.kind == "delay" then
    seconds = seconds + (fault.options.seconds or 1)
  end
  if seconds > 0 then
    -- A key is taken while the first request with it is under way.
    ngx.sleep(seconds)
  end
  request.time = ngx.now() + state.offset
end

local function serve_call(request)
  local entry = note(request)
  local fault = faults.take(state, request)
  state.running = state.running + 1
  local holds = fault and fault.kind == "delay" and fault.when == "after"
  local rendered
  if holds then
    rendered = decide(request, fault)
    pause(request, fault)
  else
    pause(request, fault)
    rendered = decide(request, fault)
  end
  state.running = state.running - 1
  entry.status, entry.effect = rendered.status, request.effect
  faults.send(fault, rendered)
end

--- Serves the request that nginx is at.
function sandbox.serve()
  local request = read_request()
  if request.path:find("^/_sandbox/") then
    local made = control.handle(state, request)
    answer.send(answer.render(request, made, { ["Content-Type"] =
      "application/json;charset=utf-8" }))
  else
    serve_call(request)
  end
end

return sandbox
