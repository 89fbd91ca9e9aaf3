-- What keeps a call from being made although it could be.
local core = require "zuora.core"
local errors = require "zuora.errors"

local rails = {}

local function refuse(operation, kind, parameter, message)
  return nil, errors.new {
    kind = kind,
    operation = operation.name,
    parameter = parameter,
    message = message,
    outcome = "not_done",
  }
end

-- A path without what a server may leave out of account: percent-encoding,
-- doubled slashes, parameters, case.
local function plain(path)
  return (path:gsub("[?#].*", ""):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end):gsub(";[^/]*", ""):gsub("/+", "/"):gsub("/$", ""):lower())
end

-- Whether a free request is one that the table knows as final.
local function is_final_request(operations, options)
  local method = options.method
  local path = type(options.path) == "string" and plain(options.path) or ""
  for _, operation in ipairs(operations) do
    if operation.final and method == operation.method then
      local pattern = operation.path:gsub("[%-%.]", "%%%0")
        :gsub("{[^}]*}", ".+")
      if path:find(pattern .. "$") then
        return true
      end
    end
  end
  return false
end

local function writes(operation, options)
  if operation.method then
    return operation.writes
  end
  return options.method ~= nil and options.method ~= "GET"
end

--- Whether the client lets the call be made: true, or nil and an error. The
--- functions of the program that are asked may raise; that counts as a no.
function rails.check(client, operation, options, arguments)
  if client.read_only and writes(operation, options) then
    return refuse(operation, "argument", "read_only",
      "read_only forbids what changes something")
  end
  if not client.confirm or not (operation.final or
    not operation.method and
      is_final_request(client.core.operations, options)) then
    return true
  end
  local ok, answer = errors.try(client.confirm, operation.name, arguments)
  if ok and answer == true then
    return true
  end
  local why = ok and "" or
    ": " .. errors.quote(client.redact(errors.text_of(answer)))
  return refuse(operation, "cancelled", nil,
    "the confirm function refused it" .. why)
end

local MASK = "****"

local SIGNED = {
  [core.sign.token] = { "Authorization: Bearer " .. MASK },
  [core.sign.keys] = { "apiAccessKeyId: " .. MASK,
    "apiSecretAccessKey: " .. MASK },
  [core.sign.session] = { "Cookie: ZSession=" .. MASK },
  [core.sign.none] = {},
}

-- Header lines whose values are secrets.
local function secret_names(operation)
  local found = {}
  for _, parameter in ipairs(operation.parameters) do
    if parameter.secret then
      found[parameter.wire] = true
    end
  end
  return found
end

--- The finished request of a call that is not to be sent: { method =, url =,
--- headers = { lines }, body = }, its secrets masked.
function rails.describe(state)
  local method, url, lines, body = state.exchange:request()
  local secrets = secret_names(state.operation)
  local headers = {}
  for i, line in ipairs(lines) do
    local name = line:match "^[^:]+"
    headers[i] = secrets[name] and name .. ": " .. MASK or
      state.client.redact(line)
  end
  local sign = state.operation.unsigned and core.sign.none or
    state.client.auth.sign
  for _, line in ipairs(SIGNED[sign]) do
    headers[#headers + 1] = line
  end
  local redact = state.client.redact
  return { method = method, url = redact(url), headers = headers,
    body = body and redact(body) }
end

return rails
