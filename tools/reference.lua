-- Writes docs/reference.md from the core's table of operations or, with the
-- argument "retries", docs/retries.md from its table of retries. Run by
-- `make reference`; a spec sees to it that the pages are the tables'.
local core = require "zuora.core"

local function write(format, ...)
  io.write(format:format(...), "\n")
end

local PLACES = {
  path = "in the path",
  query = "query parameter `%s`",
  header = "header `%s`",
  body = "`%s` in the body",
  form = "form field `%s`",
  method = "the method",
  target = "the path",
  content = "the body",
  call = "not sent",
}

local function place_of(parameter)
  if parameter.kind == "pairs" then
    return parameter.place == "query" and "the query" or "headers"
  end
  return PLACES[parameter.place]:format(parameter.wire or "")
end

local function range(parameter, unit)
  local low, high = parameter.minimum, parameter.maximum
  if high then
    return ("%d to %d%s"):format(low, high, unit)
  end
  if low == 1 and unit ~= "" then
    return "not empty"
  end
  return low > 0 and ("%d%s or more"):format(low, unit) or nil
end

local function rule_of(parameter)
  local rules = {}
  local function add(rule)
    rules[#rules + 1] = rule
  end
  if parameter.choices then
    add("one of " .. parameter.choices:gsub("|", ", "))
  elseif parameter.kind == "string" then
    add(range(parameter, " bytes"))
  elseif parameter.kind == "integer" then
    add("a whole number, " .. range(parameter, ""))
  elseif parameter.kind == "number" then
    add(("more than %d, at most %d"):format(parameter.minimum,
      parameter.maximum))
  else
    add(parameter.kind == "pairs" and "a table of strings" or parameter.kind)
  end
  if parameter.refused then
    add("US-ASCII, none of `" .. parameter.refused:gsub("", " ") .. "`")
  end
  if parameter.needs then
    add("only together with `" .. parameter.needs .. "`")
  end
  if parameter.group then
    add("one " .. parameter.group .. " option at most")
  end
  return table.concat(rules, "; ")
end

local function signature(operation)
  local arguments = {}
  for _, parameter in ipairs(operation.parameters) do
    if parameter.positional then
      arguments[#arguments + 1] = parameter.name
    end
  end
  if operation.name == "request" then
    return "client:request(options)"
  end
  arguments[#arguments + 1] = "options"
  return ("client.%s(%s)"):format(operation.name,
    table.concat(arguments, ", "))
end

local function remarks(operation)
  local list = {}
  if operation.writes then
    list[#list + 1] = "It changes something."
  end
  if operation.final then
    list[#list + 1] = "**It cannot be undone.**"
  end
  if operation.items then
    local group = operation.name:match "^[^.]+"
    list[#list + 1] = ("`client.%s.each(options)` and `client.%s.all(options)`"
      .. " turn the pages."):format(group, group)
  end
  return table.concat(list, " ")
end

-- The options that all calls have: told once, at the end.
local function count_common(operations)
  local counts, calls = {}, 0
  for _, operation in ipairs(operations) do
    if not operation.internal then
      calls = calls + 1
      for _, parameter in ipairs(operation.parameters) do
        counts[parameter.name] = (counts[parameter.name] or 0) + 1
      end
    end
  end
  return function(parameter)
    return counts[parameter.name] == calls
  end
end

local is_common = count_common(core.operations)

local function rows(operation, wanted)
  local lines = {}
  for _, p in ipairs(operation.parameters) do
    if is_common(p) == wanted then
      lines[#lines + 1] = ("| `%s`%s | %s | %s | %s |"):format(p.name,
        p.positional and " (argument)" or "", place_of(p), rule_of(p), p.about)
    end
  end
  if lines[1] then
    write("\n| option | where | rule | |\n| --- | --- | --- | --- |\n%s",
      table.concat(lines, "\n"))
  end
end

local function section(operation)
  write("\n## `%s`\n", signature(operation))
  write("%s.", (operation.about:gsub("^%l", string.upper)))
  local more = remarks(operation)
  if more ~= "" then
    write("%s", more)
  end
  if operation.path then
    write("\n`%s %s`", operation.method, operation.path)
  end
  rows(operation, false)
end

local function write_operations()
  write [[
# Operations

Made from the table of operations by `make reference`; every rule here is
checked before anything is sent, and a value that breaks one comes back as an
`argument` error. What Zuora does with each call, and who may make it, is in
Zuora's "Older API Reference". The options of every call stand at the end.]]
  for _, operation in ipairs(core.operations) do
    if not operation.internal then
      section(operation)
    end
  end
  write "\n## Options of every call"
  rows(core.operations[1], true)
end

-- ---- the table of retries ---------------------------------------------------

local ENDED = {
  cancelled = "the client was closed, or the calls cancelled",
  network = "the connection failed",
  timeout = "the time was over",
  tls = "TLS failed",
  protocol = "not HTTP, or too large",
  memory = "no memory",
}

-- By what the core tells such an end.
local function sign_of(rule)
  local signs = {}
  if rule.low then
    signs[1] = "HTTP " .. (rule.low == rule.high and ("%d"):format(rule.low) or
      ("%d to %d"):format(rule.low, rule.high))
  else
    signs[1] = ENDED[rule.ended] or "any other answer that is no success"
  end
  if rule.sent == false then
    signs[2] = "before anything was sent"
  end
  if rule.category then
    signs[#signs + 1] = ("a code that ends in %02d"):format(rule.category)
  end
  if rule.low == 409 then
    signs[#signs + 1] = "of a call with an idempotency key"
  end
  return table.concat(signs, ", ")
end

local AGAIN = { never = "no", once = "once", always = "yes" }

local function write_retries()
  write [[
# The table of retries

Made from the core's table by `make reference`. The first row that fits an
attempt without a success counts. "In doubt" is said of a call that changes
something: it may have been carried out, and what happens then is told in the
[manual](manual.md#settled-changes). "Again" holds for a call that is not in
doubt, and within the limits of the policy; "told" means that the answer's own
headers say how long to wait.

| what happened | seen by | in doubt | again | told | why |
| --- | --- | --- | --- | --- | --- |]]
  for _, rule in ipairs(core.rules) do
    write("| %s | %s | %s | %s | %s | %s |", rule.name, sign_of(rule),
      rule.uncertain and "yes" or "", AGAIN[rule.again],
      rule.told and "yes" or "", rule.source)
  end
end

if arg[1] == "retries" then
  write_retries()
else
  write_operations()
end
