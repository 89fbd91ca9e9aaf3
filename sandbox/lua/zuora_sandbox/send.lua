-- Puts an answer on the wire, with the headers that Zuora adds to each.
local limits = require "zuora_sandbox.limits"
local random = require "zuora_sandbox.random"
local zlib = require "zlib"

local send = {}

local GZIP_OVER = 1000

local function wants_gzip(x)
  local accept = (x.headers["accept-encoding"] or ""):lower()
  local quality = accept:match "gzip%s*;%s*q=([%d.]+)"
  return accept:find("gzip", 1, true) ~= nil and tonumber(quality or 1) ~= 0
end

function send.zip(text)
  return (zlib.deflate(6, 31)(text, "finish"))
end

--- Gives an answer its own Zuora-Request-Id, which stays with it when it is
--- given again.
function send.identify(answer)
  answer.headers["Zuora-Request-Id"] = random.uuid()
  return answer
end

--- The headers that each answer gets, where it has not its own.
function send.complete(x, answer)
  local headers = {
    ["Cache-Control"] = "max-age=0, no-cache, no-store",
    ["Server"] = "Zuora App",
    ["Zuora-Request-Id"] = random.uuid(),
    ["Zuora-Track-Id"] = not x.hide_track_id and x.headers["zuora-track-id"]
      or nil,
  }
  for name, value in pairs(limits.headers(x)) do
    headers[name] = value
  end
  for name, value in pairs(answer.headers) do
    headers[name] = value
  end
  local body = answer.body
  if #body > GZIP_OVER and not answer.plain and wants_gzip(x) and
    not headers["Content-Encoding"] then
    body = send.zip(body)
    headers["Content-Encoding"] = "gzip"
  end
  return { status = answer.status, headers = headers, body = body }
end

--- Sends status and headers, with the length of the whole body.
function send.head(answer)
  ngx.status = answer.status
  for name, value in pairs(answer.headers) do
    if value then
      ngx.header[name] = value
    end
  end
  ngx.header["Content-Length"] = #answer.body
end

--- Sends all of it.
function send.whole(answer)
  send.head(answer)
  ngx.print(answer.body)
  ngx.eof()
end

return send
