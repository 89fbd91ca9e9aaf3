-- The sandbox as curl sees it: these specs must not depend on what the module
-- makes of an answer.
local cjson = require "cjson"
local shell = require "spec.tools.shell"

local http = {
  global = "8a808255557baba1015580e12fa5083a",
  us = "8a80825555a3c7a10155b46120d058e7",
  eu = "8a80825555a3c7a10155b460f53858e6",
  japan = "8a80825556ff28a4015708ba29312ecc",
  -- A connection of the global entity each, in the scenario demo.
  pending_out = "8a808255575bdae401576a914a140420",
  pending_in = "8a808255575bdae401576a914a140421",
  connected = "8a80825555a3c7a10155b54a63821c0d",
  foreign = "8a808255575bdae401576a914a140428",
}

local TLS = assert(os.getenv "ZUORA_BASE_URL",
  "run this under sandbox/zuora-sandbox")
local PLAIN = os.getenv "ZUORA_SANDBOX_HTTP_URL"

http.tls_url, http.plain_url = TLS, PLAIN

local function add(words, ...)
  for _, word in ipairs { ... } do
    words[#words + 1] = shell.quote(tostring(word))
  end
end

local function add_headers(words, o)
  if o.auth ~= false and http.bearer and not (o.headers or {}).Cookie then
    add(words, "-H", "Authorization: Bearer " .. http.bearer)
  end
  if o.as ~= false then
    add(words, "-H", "Zuora-Entity-Ids: " .. (o.as or http.global))
  end
  for name, value in pairs(o.headers or {}) do
    add(words, "-H", name .. ": " .. value)
  end
end

local function add_body(words, o)
  if o.file then
    add(words, "--data-binary", "@" .. o.file)
  elseif o.form then
    for name, value in pairs(o.form) do
      add(words, "--data-urlencode", name .. "=" .. value)
    end
  elseif o.body then
    local text = type(o.body) == "table" and cjson.encode(o.body) or o.body
    if not (o.headers or {})["Content-Type"] then
      add(words, "-H", o.no_type and "Content-Type:" or
        "Content-Type: application/json")
    end
    add(words, "--data-binary", text)
  end
end

--- The command line of a call. Options: auth = false for no token, as (the
--- entity, false for none), headers, body, form, file, plain (no TLS), http2,
--- gzip, seconds.
function http.line(method, path, o)
  o = o or {}
  local words = { "curl -s -i -g --path-as-is" }
  add(words, "--max-time", o.seconds or 20, "-X", method, "-H", "Expect:")
  add(words, o.http2 and "--http2" or "--http1.1")
  add(words, "--cacert", os.getenv "ZUORA_CA_FILE")
  add_headers(words, o)
  add_body(words, o)
  if o.gzip then
    add(words, "--compressed")
  end
  add(words, (o.plain and PLAIN or TLS) .. path)
  return table.concat(words, " ")
end

--- Reads what such a command printed: { curl, status, headers, body, json }.
function http.parse(text, code)
  local head, body = text:match "^(.-)\r\n\r\n(.*)$"
  local answer = { curl = code, headers = {}, body = body }
  if not head then
    return answer
  end
  answer.status = tonumber(head:match "^HTTP/%S+ (%d+)")
  answer.protocol = head:match "^(HTTP/%S+)"
  for name, value in head:gmatch "\r\n([^:]+):%s*([^\r]*)" do
    answer.headers[name:lower()] = value
  end
  local ok, json = pcall(cjson.decode, body)
  answer.json = ok and json or nil
  return answer
end

function http.call(method, path, o)
  return http.parse(shell.run(http.line(method, path, o)))
end

function http.get(path, o)
  return http.call("GET", path, o)
end

function http.post(path, body, o)
  o = o or {}
  o.body = body
  return http.call("POST", path, o)
end

--- accept, deny or disconnect, as an entity.
function http.move(verb, id, as, o)
  o = o or {}
  o.as, o.body = as or http.global, o.body or "{}"
  return http.call("PUT", "/v1/entity-connections/" .. id .. "/" .. verb, o)
end

function http.initiate(target, as, o)
  o = o or {}
  o.as = as
  return http.post("/v1/entity-connections", { targetEntityId = target }, o)
end

--- Several command lines at once; their answers, in order.
function http.together(lines)
  local dir = shell.must("mktemp -d"):gsub("\n", "")
  local words = {}
  for i, line in ipairs(lines) do
    words[i] = ("{ %s; echo \"=$?\"; } >%s/%d &"):format(line, dir, i)
  end
  shell.must(table.concat(words, "\n") .. "\nwait")
  local answers = {}
  for i = 1, #lines do
    local text, code = shell.read(dir .. "/" .. i):match "^(.*)=(%d+)\n$"
    answers[i] = http.parse(text, tonumber(code))
  end
  shell.must("rm -r " .. dir)
  return answers
end

-- ---- credentials -----------------------------------------------------------

--- The form of a token call, changed by `changes`.
function http.token_form(changes)
  local form = { grant_type = "client_credentials",
    client_id = os.getenv "ZUORA_CLIENT_ID",
    client_secret = os.getenv "ZUORA_CLIENT_SECRET" }
  for name, value in pairs(changes or {}) do
    form[name] = value
  end
  return form
end

function http.ask_token(changes)
  return http.call("POST", "/oauth/token", { auth = false, as = false,
    form = http.token_form(changes) })
end

-- Not by curl: there are many, and a process for each would take its time.
local function quickly(method, path, text, content_type)
  local parts = {}
  local ok, status = require("socket.http").request {
    url = PLAIN .. path, method = method,
    headers = { ["Content-Length"] = #text, ["Content-Type"] = content_type },
    source = require("ltn12").source.string(text),
    sink = require("ltn12").sink.table(parts),
  }
  return assert(ok and { status = status, body = table.concat(parts) }, status)
end

--- Gets a token, which later calls are signed with.
function http.sign_in()
  local parts = {}
  for name, value in pairs(http.token_form()) do
    parts[#parts + 1] = name .. "=" .. require("socket.url").escape(value)
  end
  local answer = quickly("POST", "/oauth/token", table.concat(parts, "&"),
    "application/x-www-form-urlencoded")
  http.bearer = cjson.decode(answer.body).access_token
end

function http.keys()
  return { apiAccessKeyId = os.getenv "ZUORA_API_ACCESS_KEY_ID",
    apiSecretAccessKey = os.getenv "ZUORA_API_SECRET_ACCESS_KEY" }
end

--- POST /v1/connections; the cookie and the answer.
function http.log_in(o)
  o = o or {}
  o.auth, o.as = false, o.as or false
  o.headers = o.headers or http.keys()
  local answer = http.call("POST", "/v1/connections", o)
  return (answer.headers["set-cookie"] or ""):match "^[^;]+", answer
end

-- ---- control ---------------------------------------------------------------

--- A call of the control API: any answer.
function http.try(method, path, body)
  local text = type(body) == "table" and cjson.encode(body) or body or ""
  local answer = quickly(method, "/_sandbox/" .. path, text)
  local ok, json = pcall(cjson.decode, answer.body)
  answer.json = ok and json or nil
  return answer
end

local function must(method, path, body)
  local answer = http.try(method, path, body)
  if answer.status ~= 200 then
    error(path .. ": " .. tostring(answer.body), 3)
  end
  return answer.json
end

--- All as at the start, and a token.
function http.reset()
  must("POST", "reset", "{}")
  http.sign_in()
end

function http.assume(assumptions) return must("POST", "assumptions",
  assumptions) end
function http.settings(settings) return must("POST", "settings", settings) end
function http.fault(fault) return must("POST", "faults", fault) end
function http.scenario(scenario) return must("POST", "scenario", scenario) end
function http.advance(n) return must("POST", "clock", { advance = n }) end
function http.revoke(what) return must("POST", "revoke", what or "{}") end
function http.state() return must("GET", "state") end
function http.journal(query) return must("GET", "journal" .. (query or "")) end
function http.effects() return must("GET", "effects").effects end

--- The status of a connection, nil when there is none.
function http.status_of(id)
  for _, connection in ipairs(http.state().connections) do
    if connection.id == id then
      return connection.status
    end
  end
end

-- ---- what an answer has to be ----------------------------------------------

--- Fails unless the answer is a success.
function http.taken(answer)
  if answer.status ~= 200 or not answer.json or not answer.json.success then
    error(("not taken: %s %s"):format(answer.status, tostring(answer.body)), 2)
  end
  return answer.json
end

--- Fails unless the answer is Zuora's refusal with this status and category
--- (or whole code).
function http.refused(answer, status, code)
  local json = answer.json or {}
  local reason = (json.reasons or {})[1] or {}
  local given = tonumber(reason.code) or 0
  if answer.status ~= status or json.success ~= false or
    (code < 100 and given % 100 or given) ~= code or
    type(reason.message) ~= "string" then
    error(("not refused with %d and %d: %s %s"):format(status, code,
      tostring(answer.status), tostring(answer.body)), 2)
  end
  return reason
end

return http
