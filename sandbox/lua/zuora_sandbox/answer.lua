-- Answers before they are sent: { status, headers, body }.
local assumptions = require "zuora_sandbox.assumptions"
local json = require "zuora_sandbox.json"
local random = require "zuora_sandbox.random"

local answer = {}

local JSON = "application/json;charset=utf-8"

function answer.text(status, content_type, body, headers)
  headers = headers or {}
  headers["Content-Type"] = content_type
  return { status = status, headers = headers, body = body }
end

function answer.json(status, value, headers)
  return answer.text(status, JSON, json.encode(value), headers)
end

--- 200 and success, with these fields.
function answer.ok(fields, headers)
  fields = fields or {}
  fields.success = true
  return answer.json(200, fields, headers)
end

--- In the pretty form that live answers have.
function answer.pretty_success(headers)
  return answer.text(200, JSON, '{\n  "success" : true\n}', headers)
end

local function reasons(code, message)
  return json.array { { code = code, message = message } }
end

--- The usual failure, with a processId.
function answer.failure(status, code, message, headers)
  return answer.json(status, {
    success = false,
    processId = random.hex(16):upper(),
    reasons = reasons(code, message),
  }, headers)
end

--- One without a processId, as logins give it.
function answer.bare_failure(status, code, message, headers)
  return answer.json(status, { success = false,
    reasons = reasons(code, message) }, headers)
end

--- A code of a category for what concerns connections and the like.
function answer.code(category)
  return tonumber(assumptions.get "resource_code") * 100 + category
end

--- A failure by category; status 200 unless an assumption says otherwise.
function answer.refusal(status, category, message)
  return answer.failure(tonumber(status), answer.code(category), message)
end

--- 401 in the form of live logins.
function answer.not_signed_in(headers)
  headers = headers or {}
  if assumptions.is("www_authenticate", "yes") then
    headers["WWW-Authenticate"] = "Basic realm=Zuora API, " ..
      "ZSession realm=Zuora API, Bearer realm=Zuora API"
  end
  return answer.bare_failure(401, 90000011,
    "this resource is protected, please sign in first", headers)
end

function answer.html(status, title)
  return answer.text(status, "text/html", ("<html><head><title>%s</title>" ..
    "</head><body><h1>%s</h1><p>The server is temporarily unable to service " ..
    "your request.</p><h2>Reference #18.ab12cd34</h2></body></html>\n")
    :format(title, title), { Server = "AkamaiGHost" })
end

return answer
