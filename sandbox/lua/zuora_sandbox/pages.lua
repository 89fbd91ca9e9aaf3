-- The list of an entity's connections, page by page.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local json = require "zuora_sandbox.json"
local tenant = require "zuora_sandbox.tenant"

local pages = {}

local DEFAULT, MOST = 30, 300
local INVALID, INVALID_QUERY = 20, 27
local KNOWN = { page = true, pageSize = true, type = true }

local function invalid(status, category, name, value)
  return answer.refusal(tonumber(status) or 200, category,
    ("Invalid value for the query parameter %s: %s"):format(name, value))
end

local function whole(text)
  return text:find "^%-?%d+$" and tonumber(text)
end

local function size_of(x)
  local text = x.query.pageSize
  if not text then
    return DEFAULT
  end
  local size = whole(text)
  if size and size >= 1 and size <= MOST then
    return size
  end
  local what = assumptions.get "page_size_out_of_range"
  if what == "default" then
    return DEFAULT
  end
  if what == "clamp" and size then
    return math.max(1, math.min(size, MOST))
  end
  return nil, invalid(what, INVALID, "pageSize", text)
end

local function page_of(x)
  local text = x.query.page
  if not text then
    return 1
  end
  if not x.query.pageSize then
    local what = assumptions.get "page_without_page_size"
    if what == "ignored" then
      return 1
    elseif what == "refused" then
      return nil, invalid(200, INVALID_QUERY, "page", "pageSize is missing")
    end
  end
  local page = whole(text)
  if page and page >= 1 then
    return page
  end
  local what = assumptions.get "bad_page"
  if what == "first" then
    return 1
  end
  return nil, invalid(what, INVALID, "page", text)
end

local function type_of(x)
  local text = x.query.type
  if not text or text == "inbound" or text == "outbound" then
    return text or "both"
  end
  local what = assumptions.get "unknown_type"
  if what == "ignored" then
    return "both"
  end
  return nil, invalid(what, INVALID, "type", text)
end

local function check_names(x)
  if assumptions.is("unknown_query", "ignored") then
    return nil
  end
  for name, value in pairs(x.query) do
    if not KNOWN[name] then
      return invalid(200, INVALID_QUERY, name, value)
    end
  end
end

local ROW = '{"id":"%s","sourceEntityId":"%s","targetEntityId":"%s",' ..
  '"status":%s}'

local function slice(list, first, last)
  local rows = {}
  local newest = assumptions.is("list_order", "newest")
  for i = first, math.min(last, #list) do
    local row = list[newest and #list + 1 - i or i]
    rows[#rows + 1] = ROW:format(row.id, row.sourceEntityId,
      row.targetEntityId, json.encode(row.status))
  end
  return json.raw("[" .. table.concat(rows, ",") .. "]")
end

local function next_page(x, page, size, which)
  local kind = ""
  if x.query.type and which ~= "both" and
    assumptions.is("next_page_keeps_type", "yes") then
    kind = "&type=" .. which
  end
  return ("%s/v1/entity-connections?page=%d&pageSize=%d%s"):format(x.origin,
    page + 1, size, kind)
end

--- GET /v1/entity-connections.
function pages.list(x)
  local refusal = check_names(x)
  if refusal then
    return refusal
  end
  local which, size, page
  which, refusal = type_of(x)
  if which then
    size, refusal = size_of(x)
  end
  if size then
    page, refusal = page_of(x)
  end
  if refusal then
    return refusal
  end
  local list = tenant.connections_of(x.entity, which)
  local first = (page - 1) * size + 1
  if first > #list and page > 1 and
    assumptions.is("page_past_end", "refused") then
    return invalid(200, INVALID, "page", page)
  end
  return answer.ok {
    entityConnections = slice(list, first, first + size - 1),
    nextPage = first + size <= #list and next_page(x, page, size, which) or nil,
  }
end

return pages
