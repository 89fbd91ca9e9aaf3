-- Lists that come in pages, followed by nextPage.
local call = require "zuora.call"
local errors = require "zuora.errors"

local pages = {}

local PAGE_SIZE = 300 -- the most that Zuora takes: the fewest calls
local MAXIMUM = 10000 -- items that `all` collects unless told
local EMPTY_PAGES = 100 -- in a row, after which a list is not believed

local function copy(options)
  local made = {}
  for key, value in pairs(options or {}) do
    made[key] = value
  end
  return made
end

local function protocol(operation, message)
  return errors.new {
    kind = "protocol",
    operation = operation.name,
    message = message,
    attempts = 1,
  }
end

-- A cursor: the options of the page to come, nil at the end.
local function open(binding, options)
  local own = copy(options)
  if not own.page_size and not own.next_page then
    own.page_size = PAGE_SIZE
  end
  return { binding = binding, operation = binding.operation, options = own,
    seen = {}, empty = 0 }
end

-- Turns to what nextPage names. Each page may come once only.
local function turn(cursor, result)
  local url = result.nextPage
  local options = cursor.options
  cursor.options = nil
  if type(url) ~= "string" or url == "" then
    return true
  end
  if cursor.seen[url] or cursor.empty > EMPTY_PAGES then
    return nil, protocol(cursor.operation,
      "the pages of the list do not come to an end")
  end
  cursor.seen[url] = true
  options.page, options.page_size, options.type = nil, nil, nil
  options.next_page = url
  cursor.options = options
  return true
end

-- The next page's items, or nil at the end, or nil and an error.
local function read(cursor, level)
  local operation = cursor.operation
  local followed = cursor.options.next_page
  local result, err = call.run(cursor.binding, level + 1, cursor.options)
  if not result then
    if followed and err.parameter == "next_page" then
      err = protocol(operation, "the list's nextPage cannot be followed: it " ..
        err.message:gsub("^next_page ", ""))
    end
    return nil, err
  end
  local items = result[operation.items]
  if type(items) ~= "table" then
    return nil, protocol(operation, "the answer has no " .. operation.items)
  end
  cursor.empty = items[1] == nil and cursor.empty + 1 or 0
  local ok
  ok, err = turn(cursor, result)
  if not ok then
    return nil, err
  end
  return items, nil, result.meta
end

--- An iterator over all items of a list. Raises the error (a table) when a
--- page fails. The first page is fetched at once, the others as they come.
---@return fun(): table|nil
function pages.each(binding, level, options)
  local cursor = open(binding, options)
  local items, err = read(cursor, level + 1)
  local i = 0
  if not items then
    error(err, 0)
  end
  return function()
    i = i + 1
    while items[i] == nil do
      if not cursor.options then
        return nil
      end
      items, err = read(cursor, 2)
      if not items then
        error(err, 0)
      end
      i = 1
    end
    return items[i]
  end
end

local function too_many(operation, maximum)
  return nil, errors.new {
    kind = "argument",
    operation = operation.name,
    parameter = "max",
    message = ("there are more than max = %d"):format(maximum),
    attempts = 1,
  }
end

--- All items of a list in one array, or nil and an error; an error, too, when
--- there are more than options.max (10,000).
---@return table[]|nil, zuora.Error|nil
function pages.all(binding, level, options)
  local operation = binding.operation
  local cursor = open(binding, options)
  local maximum = cursor.options.max or MAXIMUM
  local found, meta = {}, nil
  cursor.options.max = nil
  if type(maximum) ~= "number" then
    error(("%s: max must be a number, not a %s"):format(operation.name,
      type(maximum)), level + 1)
  end
  while cursor.options do
    local items, err
    items, err, meta = read(cursor, level + 1)
    if not items then
      return nil, err
    end
    if #found + #items > maximum then
      return too_many(operation, maximum)
    end
    for _, item in ipairs(items) do
      found[#found + 1] = item
    end
  end
  local metatable = { meta = meta }
  metatable.__index = metatable
  return setmetatable(found, metatable)
end

return pages
