-- A request as it was sent: nothing that nginx made of it, since an encoded
-- slash in an id is not a slash.
local json = require "zuora_sandbox.json"
local settings = require "zuora_sandbox.settings"
local zlib = require "zlib"

local request = {}

function request.decode(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- Names and values of a query or a form; of one given twice the last counts.
function request.pairs_of(text)
  local found = {}
  for pair in text:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    found[request.decode((name:gsub("+", " ")))] =
      request.decode((value:gsub("+", " ")))
  end
  return found
end

local function segments_of(path)
  local list = {}
  for segment in path:gmatch "/([^/]*)" do
    list[#list + 1] = request.decode(segment)
  end
  return list
end

local function headers_of()
  local headers = {}
  for name, value in pairs(ngx.req.get_headers(0, true)) do
    if type(value) == "table" then
      value = table.concat(value, ", ")
    end
    headers[name:lower()] = value
  end
  return headers
end

local function raw_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local name = not body and ngx.req.get_body_file()
  if not name then
    return body or ""
  end
  local file = assert(io.open(name, "rb"))
  body = file:read("*a")
  file:close()
  return body
end

-- Little by little, so that a small body that would become a huge one is
-- noticed in time.
local PIECE = 1024

local function inflate(body, limit)
  local stream, parts, total = zlib.inflate(31), {}, 0
  local finished = false
  for at = 1, #body, PIECE do
    local ok, text, eof = pcall(stream, body:sub(at, at + PIECE - 1))
    if not ok then
      return nil, "broken"
    end
    parts[#parts + 1] = text
    total = total + #text
    finished = eof
    if total > limit then
      return nil, "large"
    end
  end
  return finished and table.concat(parts) or nil, "broken"
end

-- The body as text; of one that cannot be had, what is wrong with it.
local function read_body(x)
  local body = raw_body()
  local limit = settings.get "max_body"
  x.body = body
  if (x.headers["content-encoding"] or ""):lower() == "gzip" then
    x.body, x.body_problem = inflate(body, limit)
    if x.body then
      x.body_problem = nil
    else
      x.body = body
    end
  elseif #body > limit then
    x.body_problem = "large"
  end
end

--- Reads the current request.
function request.read()
  local target = ngx.var.request_uri
  local path, query = target:match "^([^?]*)%??(.*)$"
  local segments = segments_of(path)
  local x = {
    method = ngx.req.get_method(),
    target = target,
    path = "/" .. table.concat(segments, "/"),
    segments = segments,
    query_text = query,
    query = request.pairs_of(query),
    headers = headers_of(),
    protocol = ngx.var.server_protocol,
    connection = tonumber(ngx.var.connection),
    origin = ngx.var.scheme .. "://" .. (ngx.var.http_host or "127.0.0.1"),
  }
  read_body(x)
  return x
end

--- The decoded body, an empty table for none, nil for one that is no JSON.
function request.json(x)
  if x.body:find "^%s*$" then
    return {}
  end
  return (json.decode(x.body))
end

return request
