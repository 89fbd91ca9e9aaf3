-- Errors: tables with the fields that a caller branches on and, as a string,
-- one line that says what happened to which call and what to do.
local names = require "zuora.names"

local errors = {}

---@class zuora.Error
---@field kind string argument, network, timeout, tls, auth, rate_limit, api,
--- http, protocol or cancelled
---@field operation string "connections.accept"
---@field parameter string|nil the parameter that an argument error is about
---@field message string what happened
---@field status integer|nil the HTTP status
---@field code number|nil the first reason's code
---@field category integer|nil the last two digits of the code
---@field reasons table|nil all of { code =, message = }
---@field process_id string|nil Zuora's processId
---@field zuora_request_id string|nil
---@field zuora_track_id string|nil
---@field retry_after number|nil seconds
---@field attempts integer how often the call was sent
---@field time integer when it happened, Unix time
---@field retryable boolean whether the same call may be made again as it is
---@field outcome string|nil of a call that changes something: not_done or
--- unknown
local Error = { __name = "zuora.error" }
Error.__index = Error

local advice = {
  argument = "nothing was sent; correct the call",
  network = "try again",
  timeout = "try again, or allow more time",
  tls = "check base_url and ca_file",
  auth = "check the credentials and what their user may do",
  rate_limit = "wait before trying again",
  api = "correct the call before repeating it",
  http = "try again later",
  protocol = "check that base_url is a Zuora REST host",
  cancelled = "the client was closed or the call ended",
}

-- Zuora's categories: the last two digits of a code.
local by_category = {
  [10] = "the user lacks the permission",
  [11] = advice.auth,
  [40] = "check the id and the entity that it was asked of",
  [50] = "something else holds it; try again",
  [61] = "try again",
  [99] = "a system behind Zuora failed; try again later",
}

local function what_to_do(err)
  if err.outcome == "unknown" then
    return "whether it was carried out is unknown: look before repeating it"
  end
  if err.kind == "argument" and err.attempts > 0 then
    return "correct the call"
  end
  if err.kind == "cancelled" and err.attempts == 0 then
    return "nothing was sent"
  end
  if err.kind == "rate_limit" and err.retry_after then
    return ("wait %g s before trying again"):format(err.retry_after)
  end
  if err.kind == "api" then
    return by_category[err.category] or advice.api
  end
  if err.kind == "http" and err.status < 500 then
    return advice.protocol
  end
  return advice[err.kind]
end

local function facts(err)
  local list = {}
  local function add(format, value)
    if value then
      list[#list + 1] = format:format(type(value) == "string" and
        errors.quote(value) or value)
    end
  end
  add("HTTP %d", err.status)
  add("code %.0f", err.code)
  if err.kind ~= "argument" and err.outcome then
    add("outcome %s", (err.outcome:gsub("_", " ")))
  end
  add("request id %s", err.zuora_request_id)
  add("track id %s", err.zuora_track_id)
  add("process id %s", err.process_id)
  return list[1] and " (" .. table.concat(list, ", ") .. ")" or ""
end

function Error:__tostring()
  return ("%s: %s%s; %s"):format(self.operation, self.message, facts(self),
    what_to_do(self))
end

local REPORTED = {
  { "Operation", "operation" }, { "Time (UTC)", "time" },
  { "HTTP status", "status" }, { "Zuora-Request-Id", "zuora_request_id" },
  { "Zuora-Track-Id", "zuora_track_id" }, { "processId", "process_id" },
  { "Attempts", "attempts" }, { "Outcome", "outcome" },
}

--- What Zuora's support asks for, a line each: operation, time, ids, codes.
---@return string
function Error:report()
  local lines = {}
  local values = setmetatable({
    time = os.date("!%Y-%m-%d %H:%M:%S", self.time) }, { __index = self })
  for _, entry in ipairs(REPORTED) do
    if values[entry[2]] ~= nil then
      lines[#lines + 1] = ("%s: %s"):format(entry[1],
        errors.quote(tostring(values[entry[2]])))
    end
  end
  for _, reason in ipairs(self.reasons or {}) do
    lines[#lines + 1] = ("Reason: %s %s"):format(
      type(reason.code) == "number" and ("%.0f"):format(reason.code)
        or errors.quote(reason.code or "-"), errors.quote(reason.message or ""))
  end
  lines[#lines + 1] = "What happened: " .. self.message
  return table.concat(lines, "\n")
end

--- Makes an error of these fields.
---@return zuora.Error
function errors.new(fields)
  fields.attempts = fields.attempts or 0
  fields.retryable = fields.retryable or false
  fields.time = fields.time or os.time()
  return setmetatable(fields, Error)
end

--- A value that breaks a rule; nothing was sent.
function errors.argument(operation, parameter, message)
  return errors.new {
    kind = "argument",
    operation = operation.name,
    parameter = parameter,
    message = parameter and parameter .. " " .. message or message,
    outcome = operation.writes and "not_done" or nil,
  }
end

local function option_names(operation)
  local list = {}
  for _, parameter in ipairs(operation.parameters) do
    if not parameter.positional then
      list[#list + 1] = parameter.name
    end
  end
  return list
end

--- What the core would not build: the program is wrong, which is raised at
--- `level`, or a value is: nil and an error. `first` is the first argument: the
--- group of the operation where a colon was written.
function errors.rejected(operation, level, kind, message, parameter, first)
  if kind == "argument" then
    return nil, errors.argument(operation, parameter, message)
  end
  if type(first) == "table" and
    type(rawget(first, operation.name:match "[^.]+$")) == "function" then
    error(operation.name .. " is called with a dot, not with a colon",
      level + 1)
  end
  local hint = kind == "option" and
    names.hint(parameter, option_names(operation)) or ""
  error(("%s: %s%s%s"):format(operation.name,
    parameter and parameter .. " " or "", message, hint), level + 1)
end

--- Raises, at `level`, what is no table of options. One with a metatable would
--- not be the same to all that read it: a part of them is in C.
function errors.check_options(name, given, level)
  if type(given) ~= "table" then
    error(("%s: options must be a table, not a %s"):format(name, type(given)),
      level + 1)
  elseif getmetatable(given) ~= nil then
    error(name .. ": options must be a plain table, without a metatable",
      level + 1)
  end
end

--- Whether it is what an interrupt (Ctrl-C) makes lua raise, wherever it
--- stands: that is for the program, and not for whoever calls with pcall.
function errors.is_interrupt(reason)
  return type(reason) == "string" and reason:find "interrupted!$" ~= nil
end

local function pass_on(ok, reason, ...)
  if not ok and errors.is_interrupt(reason) then
    error(reason, 0)
  end
  return ok, reason, ...
end

--- Calls a function of the program as pcall does, but lets an interrupt pass.
function errors.try(fn, ...)
  return pass_on(pcall(fn, ...))
end

--- Whether a value is an error of this library.
function errors.is(value)
  return getmetatable(value) == Error
end

--- What was raised or returned by a function of the program, as text: it may
--- be of any type, and its __tostring may raise.
function errors.text_of(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "a " .. type(value)
end

--- At most 200 printable characters of a text, runs of blanks made one.
function errors.quote(text)
  local start = text:sub(1, 1000):gsub("[^\33-\126]+", " ")
  return (start:gsub("^ ", ""):sub(1, 200))
end

return errors
