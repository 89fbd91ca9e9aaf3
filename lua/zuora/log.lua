--- Ready-made hooks that write a line for each event:
---
---   zuora.new { ..., on_event = require("zuora.log").stderr() }
---
--- Only the fields named here are ever written: no header, no body, no id of a
--- connection or an entity.
local log = {}

local SHOWN = { "call", "attempt", "status", "kind", "outcome", "found",
  "seconds", "zuora_request_id", "zuora_track_id", "reason" }

local TIMINGS = { "name_lookup", "connect", "tls", "first_byte", "total" }

local function show(value)
  if type(value) == "number" and value % 1 ~= 0 then
    return ("%.4f"):format(value)
  end
  local text = type(value) == "number" and ("%d"):format(value)
    or tostring(value):gsub("[^\32-\126]", "?")
  return text:find "[ \"=]" and ("%q"):format(text) or text
end

--- The line of an event: name, template where it has one, then key=value
--- pairs.
---@param event zuora.Event
---@return string
function log.line(event)
  local parts = { event.name }
  if event.template then
    parts[2] = ("%q"):format(event.template)
  end
  for _, name in ipairs(SHOWN) do
    if event[name] ~= nil then
      parts[#parts + 1] = name .. "=" .. show(event[name])
    end
  end
  for _, name in ipairs(event.timings and TIMINGS or {}) do
    parts[#parts + 1] = name .. "=" .. show(event.timings[name])
  end
  local limit = event.rate_limit
  if limit and limit.remaining then
    parts[#parts + 1] = "rate_limit_remaining=" .. show(limit.remaining)
  end
  return table.concat(parts, " ")
end

--- A hook that writes to the standard error, or to `file`.
---@return fun(event: zuora.Event)
function log.stderr(file)
  return function(event)
    (file or io.stderr):write("zuora ", log.line(event), "\n")
  end
end

--- A hook that writes to nginx's error log, at `level` (ngx.INFO); calls that
--- failed at ngx.WARN.
---@return fun(event: zuora.Event)
function log.ngx(level)
  local ngx = _G.ngx
  return function(event)
    local failed = event.name == "call_end" and event.kind
    ngx.log(failed and ngx.WARN or level or ngx.INFO, "zuora ",
      log.line(event))
  end
end

return log
