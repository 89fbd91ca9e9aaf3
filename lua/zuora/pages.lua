-- Lists that come in pages, followed by nextPage, the pages to come fetched
-- ahead while the caller works.
local answer = require "zuora.answer"
local call = require "zuora.call"
local errors = require "zuora.errors"
local json = require "zuora.json"
local tasks = require "zuora.wait.tasks"
local wait = require "zuora.wait"

local pages = {}

local PAGE_SIZE = 300 -- the most that Zuora takes: the fewest calls
local MAXIMUM = 10000 -- items that `all` collects unless told
local EMPTY_PAGES = 100 -- in a row, after which a list is not believed
local PREFETCH, MOST_AHEAD = 1, 64 -- pages

-- Lua 5.1 cannot yield out of the function of a for loop; LuaJIT can.
local LOOP_CANNOT_YIELD = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local function copy(options)
  local made = {}
  for key, value in pairs(options) do
    made[key] = value
  end
  return made
end

local function protocol(cursor, message)
  return errors.new {
    kind = "protocol",
    operation = cursor.binding.operation.name,
    message = message,
    attempts = 1,
  }
end

-- Takes an option of the list itself out of those of the calls.
local function take_number(cursor, name, default, least, most, level)
  local value = cursor.options[name]
  cursor.options[name] = nil
  if value == nil then
    return default
  end
  if type(value) ~= "number" then
    error(("%s: %s must be a number, not a %s"):format(
      cursor.binding.operation.name, name, type(value)), level + 1)
  end
  if not (value >= least and value <= most) then
    error(("%s: %s must be from %.14g to %.14g"):format(
      cursor.binding.operation.name, name, least, most), level + 1)
  end
  return value
end

-- Where a list is read.
--   ends     when the reading has to end, nil where each page has its own time
--   number   of the page read last
--   next     the URL of the page after it, nil at the end
--   ahead    by URL, the pages that are being fetched or have come
local function open(binding, options, level, ends)
  options = options == nil and {} or options
  errors.check_options(binding.operation.name, options, level + 1)
  local cursor = { binding = binding, options = copy(options), seen = {},
    empty = 0, number = 0, ahead = {}, ends = ends }
  cursor.prefetch = take_number(cursor, "prefetch", PREFETCH, 0, MOST_AHEAD,
    level + 1)
  if not cursor.options.page_size and not cursor.options.next_page then
    cursor.options.page_size = PAGE_SIZE
  end
  return cursor
end

-- The options of a page: what is left of the time, where all pages share it.
local function limited(cursor, options)
  if cursor.ends then
    local left = cursor.ends - cursor.binding.client.clock()
    options.timeout = math.max(left, 0.001)
  end
  return options
end

-- ---- ahead -----------------------------------------------------------------

-- The URL of the page that many after the one of `url`, where the server
-- numbers its pages; nil where it does not.
local function url_after(url, more)
  local before, number, after = url:match "^(.-[?&]page=)(%d+)(.*)$"
  if not number or #number > 9 then
    return nil
  end
  return ("%s%d%s"):format(before, tonumber(number) + more, after)
end

local function follow(cursor, url)
  local options = copy(cursor.options)
  options.page, options.page_size, options.type = nil, nil, nil
  options.next_page = url
  if cursor.binding.client.engine:closed() then -- which misuse raises
    return nil, errors.new { kind = "cancelled",
      operation = cursor.binding.operation.name,
      message = "the client was closed between two pages" }
  end
  return call.run(cursor.binding, 2, limited(cursor, options))
end

local function fetch(cursor, url, page)
  page.result, page.err = follow(cursor, url)
  page.done = true
end

local function start(cursor, url, guessed)
  local page = { guessed = guessed }
  cursor.group:spawn(function(task)
    if task.failed then
      page.done, page.raised = true, task.reason
    end
  end, fetch, cursor, url, page)
  return page
end

-- Starts fetching the pages after the one just read. What was fetched ahead and
-- is not to come next is of no use any more: the server counts otherwise.
local function fetch_ahead(cursor)
  local ahead, kept, started = cursor.ahead, {}, false
  cursor.ahead = kept -- a fetch may fail before it ever waits
  for i = 0, cursor.next and cursor.prefetch - 1 or -1 do
    local url = i == 0 and cursor.next or url_after(cursor.next, i)
    if not url then
      break
    end
    started = started or not ahead[url]
    kept[url] = ahead[url] or start(cursor, url, i > 0)
  end
  local engine = cursor.binding.client.engine
  if started and not engine:closed() then
    engine:step(0) -- sends them off
  end
end

-- Whether a page that no page had named yet was not there when it was asked
-- for: the list has grown since.
local function came_too_early(cursor, page)
  local result, err = page.result, page.err
  if not page.guessed then
    return false
  end
  local items = result and result[cursor.binding.operation.items]
  return err and err.kind == "api" or
    type(items) == "table" and items[1] == nil
end

-- The page of that URL: fetched ahead, or now.
local function take(cursor, url)
  local page = cursor.ahead[url]
  if not page then
    return follow(cursor, url)
  end
  wait.run(cursor.group, function()
    return page.done
  end)
  if page.raised then
    error(page.raised, 0)
  elseif came_too_early(cursor, page) then
    return follow(cursor, url)
  end
  return page.result, page.err
end

-- The same, without a yield where the function of a loop cannot. Loops may
-- stand within one another.
local function get(cursor, url)
  if not LOOP_CANNOT_YIELD or not cursor.in_loop then
    return take(cursor, url)
  end
  local client = cursor.binding.client
  local before = client.in_loop
  client.in_loop = tasks.current() or true
  local whole, result, err = pcall(take, cursor, url)
  client.in_loop = before
  if not whole then
    error(result, 0)
  end
  return result, err
end

-- ---- reading ---------------------------------------------------------------

-- Turns to what nextPage names. Each page may come once only.
local function turn(cursor, result)
  local url = result.nextPage
  cursor.next = nil
  if url == nil or url == json.null or url == "" then
    return true
  end
  if type(url) ~= "string" then
    return nil, protocol(cursor,
      "the list's nextPage cannot be followed: it is no text")
  end
  if cursor.seen[url] or cursor.empty > EMPTY_PAGES then
    return nil, protocol(cursor,
      "the pages of the list do not come to an end")
  end
  cursor.seen[url] = true
  cursor.next = url
  return true
end

local function first_or_next(cursor, level)
  if cursor.number == 0 then
    local result, err = call.run(cursor.binding, level + 1,
      limited(cursor, cursor.options))
    return result, err
  end
  local result, err = get(cursor, cursor.next)
  if err and err.kind == "argument" and
    (err.parameter or "next_page") == "next_page" then
    err = protocol(cursor, "the list's nextPage cannot be followed: " ..
      err.message:gsub("^next_page ", "it "))
  end
  return result, err
end

-- The next page's items, or nil and an error.
local function read(cursor, level)
  local result, err = first_or_next(cursor, level + 1)
  if not result then
    return nil, err
  end
  local name = cursor.binding.operation.items
  local items = result[name]
  if type(items) ~= "table" or items[1] == nil and next(items) ~= nil then
    return nil, protocol(cursor, "the answer has no " .. name)
  end
  cursor.number = cursor.number + 1
  cursor.empty = items[1] == nil and cursor.empty + 1 or 0
  local ok
  ok, err = turn(cursor, result)
  if not ok then
    return nil, err
  end
  if cursor.prefetch > 0 and (cursor.next or next(cursor.ahead)) then
    cursor.group = cursor.group or wait.group(cursor.binding.client)
    fetch_ahead(cursor)
  end
  return items, nil, answer.meta(result)
end

-- Whether nothing is to be sent: then there are no pages to follow.
local function is_dry(cursor)
  local dry = cursor.options.dry_run
  if dry == nil then
    dry = cursor.binding.client.dry_run
  end
  return dry
end

--- An iterator over all items of a list. Raises the error (a table) when a
--- page fails. The first page is fetched at once; options.prefetch (1) says how
--- many of the others are fetched ahead of the one in use.
---@return fun(): table|nil
function pages.each(binding, level, options)
  local cursor = open(binding, options, level + 1)
  if is_dry(cursor) then
    error(errors.argument(binding.operation, "dry_run",
      "shows a request, and there is nothing to go through: use list"), 0)
  end
  local items, err = read(cursor, level + 1)
  local i = 0
  if not items then
    error(err, 0)
  end
  cursor.in_loop = true
  return function()
    i = i + 1
    while items[i] == nil do
      if not cursor.next then
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

local function too_many(binding, maximum)
  return nil, errors.new {
    kind = "argument",
    operation = binding.operation.name,
    parameter = "max",
    message = ("there are more than max = %.14g"):format(maximum),
    attempts = 1,
  }
end

--- All items of a list in one array, or nil and an error; an error, too, when
--- there are more than options.max (10,000). Fetches ahead like `each`. With
--- dry_run, the request for the first page. The reading ends at `ends`, by the
--- client's clock, where that is given.
---@return table[]|nil, zuora.Error|nil
function pages.all(binding, level, options, ends)
  local cursor = open(binding, options, level + 1, ends)
  local maximum = take_number(cursor, "max", MAXIMUM, -math.huge, math.huge,
    level + 1)
  if is_dry(cursor) then
    local request, err = call.run(binding, level + 1, cursor.options)
    return request, err
  end
  local found, count, metatable = {}, 0, {}
  repeat
    local items, err, meta = read(cursor, level + 1)
    if not items then
      return nil, err
    end
    if count + #items > maximum then
      return too_many(binding, maximum)
    end
    for i = 1, #items do
      found[count + i] = items[i]
    end
    count, metatable.meta = count + #items, meta
  until not cursor.next
  metatable.__index = metatable
  return setmetatable(found, metatable)
end

return pages
