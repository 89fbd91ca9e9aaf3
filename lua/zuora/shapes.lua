-- The shapes in which Zuora says that something failed. There are many: v1
-- REST, CRUD, actions, the gateways in front of them, OAuth.
local shapes = {}

local function is_table(value)
  return type(value) == "table"
end

local function reason(code, message)
  local text = type(message) == "string" and message or nil
  if type(code) ~= "number" and type(code) ~= "string" then
    code = nil
  end
  return (code or text) and { code = code, message = text } or nil
end

-- The first of these fields that a list's items have.
local function reasons_of(list, code, message)
  local found = {}
  if is_table(list) then
    for _, item in ipairs(list) do
      if is_table(item) then
        found[#found + 1] = reason(item[code], item[message])
      end
    end
  end
  return found[1] and found or nil
end

local function one(code, message)
  local single = reason(code, message)
  return single and { single } or nil
end

-- Each takes a decoded body and returns its reasons, or nil when the body is
-- not of that shape. In order: the first that fits counts.
local readers = {
  function(body) return reasons_of(body.reasons, "code", "message") end,
  function(body) return reasons_of(body.Errors, "Code", "Message") end,
  function(body) return reasons_of(body.errors, "code", "title") end,
  function(body) return one(body.faultcode, body.faultstring) end,
  function(body)
    return is_table(body.error) and one(body.error.code, body.error.message)
  end,
  function(body) return one(body.code, body.message) end,
  function(body) return one(nil, body.errorMessage) end,
  function(body) return one(nil, body.error) end,
}

-- Actions answer with a list of results, each with a success of its own.
local function list_reasons(list)
  local found = {}
  for _, item in ipairs(list) do
    if is_table(item) and item.Success == false then
      for _, each in ipairs(shapes.reasons(item) or {}) do
        found[#found + 1] = each
      end
    end
  end
  return found[1] and found or nil
end

--- The reasons in a body, { { code =, message = }, ... }, or nil when it has
--- none of the known shapes.
function shapes.reasons(body)
  if not is_table(body) then
    return nil
  end
  for _, read in ipairs(readers) do
    local found = read(body)
    if found then
      return found
    end
  end
  return list_reasons(body)
end

local function count_failed(list)
  local failed = 0
  for _, item in ipairs(list) do
    if is_table(item) and item.Success == false then
      failed = failed + 1
    end
  end
  return failed
end

--- Whether a body that came with a good status says that the call failed:
--- "all", "some" (of a list of results) or nil.
function shapes.failed(body)
  if body.success == false or body.Success == false then
    return "all"
  end
  if body.success == true then
    return nil
  end
  if is_table(body.reasons) and shapes.reasons(body) or
    reason(body.faultcode) then
    return "all"
  end
  local failed = count_failed(body)
  if failed > 0 then
    return failed == #body and "all" or "some"
  end
  return nil
end

return shapes
