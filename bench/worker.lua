-- Within an nginx worker: `flight` light threads, each making one accept after
-- another; with the library, or with the least that a cosocket can do it with.
--
-- /measure?way=ours|cosocket&url=http://127.0.0.1:PORT&calls=N&flight=N
-- answers with JSON: calls, seconds, cpu, and the median latency in seconds.
local cjson = require "cjson"
local clock = require("zuora.core").clock
local zuora = require "zuora"

local worker = {}
local ID = "8a808255575bdae401576a914a140420"
local ways = {}

function ways.ours(url, flight)
  local client = assert(zuora.new {
    base_url = url, access_token = "bench", max_concurrency = flight,
  })
  return function()
    assert(client.connections.accept(ID))
  end, function()
    client:close()
  end
end

local function read_head(socket)
  local status = tonumber(assert(socket:receive()):match "^HTTP/1%.1 (%d+)")
  local length
  repeat
    local line = assert(socket:receive())
    length = tonumber(line:match "^[Cc]ontent%-[Ll]ength: (%d+)") or length
  until line == ""
  return status, length
end

function ways.cosocket(url, flight)
  local host, port = url:match "^http://([^:]+):(%d+)$"
  local request = ("PUT /v1/entity-connections/%s/accept HTTP/1.1\r\n" ..
    "Host: %s:%s\r\nAccept: application/json\r\n" ..
    "Content-Type: application/json\r\nAuthorization: Bearer bench\r\n" ..
    "Content-Length: 2\r\n\r\n{}"):format(ID, host, port)
  return function()
    local socket = ngx.socket.tcp()
    assert(socket:connect(host, tonumber(port), { pool_size = flight }))
    assert(socket:send(request))
    local status, length = read_head(socket)
    local answer = cjson.decode(assert(socket:receive(length)))
    assert(status == 200 and answer.success == true)
    assert(socket:setkeepalive(60000, flight))
  end
end

-- Makes `calls` calls, `flight` at once; returns how long each took.
local function run(one, calls, flight)
  local times, threads, left = {}, {}, calls
  for i = 1, flight do
    threads[i] = ngx.thread.spawn(function()
      while left > 0 do
        left = left - 1
        local began = clock()
        one()
        times[#times + 1] = clock() - began
      end
    end)
  end
  for i = 1, flight do
    assert(ngx.thread.wait(threads[i]))
  end
  assert(#times == calls)
  return times
end

function worker.measure()
  local arguments = ngx.req.get_uri_args()
  local calls = tonumber(arguments.calls)
  local flight = tonumber(arguments.flight)
  local one, close = ways[arguments.way](arguments.url, flight)
  run(one, 2 * flight, flight) -- connections are open, traces compiled
  local began, used = clock(), os.clock()
  local times = run(one, calls, flight)
  local seconds, cpu = clock() - began, os.clock() - used
  if close then
    close()
  end
  table.sort(times)
  ngx.say(cjson.encode {
    calls = calls, seconds = seconds, cpu = cpu,
    latency = times[math.ceil(#times / 2)],
  })
end

return worker
