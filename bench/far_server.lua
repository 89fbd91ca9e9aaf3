-- What bench/nginx/far.conf answers: the pages of a list, or an accept, after
-- 100 ms each; and how many connections there were.
local far_server = {}

local DELAY, PAGES = 0.1, 334
local page_start -- of a page, without its end
local seen, connections, resumed = {}, 0, 0

--- The body of a page without nextPage, from that file.
function far_server.init(path)
  local file = assert(io.open(path, "rb"))
  page_start = file:read "*a":gsub("}%s*$", "")
  file:close()
end

local function count()
  local number = ngx.var.connection
  if not seen[number] then
    seen[number] = true
    connections = connections + 1
    resumed = resumed + (ngx.var.ssl_session_reused == "r" and 1 or 0)
  end
end

local function page()
  local number = tonumber(ngx.var.arg_page or 1)
  if number >= PAGES then
    return page_start .. "}"
  end
  return ('%s,"nextPage":"https://%s/v1/entity-connections?page=%d&' ..
    'pageSize=300"}'):format(page_start, ngx.var.http_host, number + 1)
end

--- Answers a call.
function far_server.answer()
  count()
  ngx.req.read_body()
  local body = ngx.req.get_method() == "PUT" and '{"success": true}' or page()
  ngx.sleep(DELAY)
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

--- Says how many connections there were, how many of them took up a session of
--- TLS again; and forgets them.
function far_server.connections()
  ngx.say(('{"connections":%d,"resumed":%d}'):format(connections, resumed))
  connections, resumed = 0, 0
end

return far_server
