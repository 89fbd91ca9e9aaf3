-- A server that answers as it is told, byte for byte, and writes down what it
-- received. For specs only:
--
--   lua5.4 spec/hostile/server.lua DIRECTORY
--
-- makes certificates in DIRECTORY, listens on free ports of 127.0.0.1 and
-- prints a line of name=port pairs. It ends when the control connection, the
-- first to its port `control`, does. What a connection is answered is a chunk
-- of Lua that gets the connection, see Peer; each runs in a coroutine.
local cjson = require "cjson"
local socket = require "socket"
local ssl = require "ssl"

local certificates = dofile "spec/hostile/certificates.lua"

local DIRECTORY = assert(arg[1], "which directory?")
local CHUNK = 65536

local scripts = {} -- by port name
local seen = {} -- what happened since the last reset
local tasks = {} -- coroutine -> { socket =, mode = "r" | "w" | nil, at = }

local function reset()
  seen = { connections = {}, requests = {}, faults = {}, told = {} }
end
reset()

-- ---- peers: what a script is given -----------------------------------------

local Peer = {}
Peer.__index = Peer

local function await(mode)
  tasks[coroutine.running()].mode = mode
  coroutine.yield()
end

local WANTS = { wantread = "r", wantwrite = "w" }

--- Sends bytes; false when the other side is gone.
function Peer:send(bytes)
  local at = 1
  while at <= #bytes do
    local last, why, partial = self.socket:send(bytes, at,
      math.min(at + CHUNK - 1, #bytes))
    at = (last or partial or at - 1) + 1
    if not last then
      if why ~= "timeout" and not WANTS[why] then
        return false
      end
      await(WANTS[why] or "w")
    end
  end
  return true
end

-- More bytes into the buffer; false at the end.
function Peer:fill()
  while true do
    local data, why, partial = self.socket:receive(CHUNK)
    data = data or partial
    if data and #data > 0 then
      self.buffer = self.buffer .. data
      self.received = self.received + #data
      return true
    end
    if why ~= "timeout" and not WANTS[why] then
      return false
    end
    await(WANTS[why] or "r")
  end
end

--- Reads a request and writes it down: { line =, head =, body = }; nil at the
--- end of the connection.
function Peer:request()
  local ends
  repeat
    ends = select(2, self.buffer:find("\r\n\r\n", 1, true))
    if not ends and not self:fill() then
      return nil
    end
  until ends
  local head = self.buffer:sub(1, ends)
  local length = tonumber(head:lower():match "\ncontent%-length: (%d+)") or 0
  while #self.buffer < ends + length do
    if not self:fill() then
      return nil
    end
  end
  local request = {
    port = self.name,
    line = head:match "^[^\r\n]*",
    head = head,
    body = self.buffer:sub(ends + 1, ends + length),
  }
  self.buffer = self.buffer:sub(ends + length + 1)
  seen.requests[#seen.requests + 1] = request
  return request
end

function Peer.sleep(_, seconds)
  tasks[coroutine.running()].at = socket.gettime() + seconds
  coroutine.yield()
end

--- A whole answer of these header lines and this body.
function Peer:answer(status, lines, body)
  return self:send(("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"):format(
    status, lines, #body, body))
end

--- Tells the spec something, which waits for it by hostile.await.
function Peer.tell(text)
  seen.told[text] = true
end

--- Ends the connection; with a reset when asked to.
function Peer:close(by_reset)
  if by_reset then
    self.socket:setoption("linger", { on = true, timeout = 0 })
  end
  self.socket:close()
end

dofile("spec/hostile/http2.lua")(Peer, function(request)
  seen.requests[#seen.requests + 1] = request
end)

-- ---- the loop --------------------------------------------------------------

local function spawn(peer, run)
  local task = coroutine.create(function()
    local ok, why = pcall(run, peer)
    if not ok then
      seen.faults[#seen.faults + 1] = tostring(why)
    end
    pcall(peer.socket.close, peer.socket)
  end)
  tasks[task] = { socket = peer.socket, at = 0 }
end

local function resume(task)
  local state = tasks[task]
  state.mode, state.at = nil, nil
  coroutine.resume(task)
  if coroutine.status(task) == "dead" then
    tasks[task] = nil
  end
end

local function handshake(peer, parameters)
  local wrapped = assert(ssl.wrap(peer.socket, parameters))
  peer.socket = wrapped
  wrapped:settimeout(0)
  tasks[coroutine.running()].socket = wrapped
  while true do
    local ok, why = wrapped:dohandshake()
    if ok then
      return true
    end
    if not WANTS[why] then
      return false
    end
    await(WANTS[why])
  end
end

local listeners = {} -- socket -> name, parameters

local function listen(name, parameters)
  local server = assert(socket.bind("127.0.0.1", 0, 128))
  server:settimeout(0)
  listeners[server] = { name = name, parameters = parameters }
  return select(2, server:getsockname())
end

local function accept(server)
  local listener = listeners[server]
  local client = server:accept()
  if not client then
    return
  end
  client:settimeout(0)
  client:setoption("tcp-nodelay", true)
  local name = listener.name
  seen.connections[name] = (seen.connections[name] or 0) + 1
  local peer = setmetatable({ socket = client, name = name, buffer = "",
    received = 0 }, Peer)
  spawn(peer, function()
    if listener.parameters and not handshake(peer, listener.parameters) then
      return
    end
    local script = scripts[name]
    if script then
      script(peer)
    end
  end)
end

-- ---- the relay: TLS that ends without saying so ----------------------------

local snip = false

--- Cuts what the relay joins, once what was sent before is through: the TLS end
--- of it never gets to say goodbye.
function Peer.cut()
  snip = true
end

-- Passes on what there is; false at an end.
local function pass(from, to)
  local data, why, partial = from:receive(CHUNK)
  data = data or partial or ""
  if #data > 0 then
    to:send(data)
  end
  return why ~= "closed"
end

local function relay(peer, port)
  local far = assert(socket.connect("127.0.0.1", port))
  far:settimeout(0)
  snip = false
  while pass(peer.socket, far) and pass(far, peer.socket) do
    if snip then
      peer:sleep(0.02)
      pass(far, peer.socket)
      break
    end
    peer:sleep(0.002)
  end
  far:close()
end

-- ---- control ---------------------------------------------------------------

local commands = {}

function commands.play(control, name, size)
  local text = control:receive(tonumber(size))
  local script, why = load("local c = ...\n" .. text, "=" .. name)
  scripts[name] = script
  return why or "ok"
end

function commands.journal()
  return cjson.encode(seen)
end

function commands.reset()
  reset()
  return "ok"
end

local function serve_control(control)
  control:settimeout(5)
  local line = control:receive "*l"
  if not line then
    os.exit(0, true)
  end
  local words = {}
  for word in line:gmatch "%S+" do
    words[#words + 1] = word
  end
  local text = commands[words[1]](control, table.unpack(words, 2))
  control:send(#text .. "\n" .. text)
end

local function sets(control)
  local readers, writers, wait = { control }, {}, 1
  local now = socket.gettime()
  for server in pairs(listeners) do
    readers[#readers + 1] = server
  end
  for _, state in pairs(tasks) do
    if state.mode == "r" then
      readers[#readers + 1] = state.socket
    elseif state.mode == "w" then
      writers[#writers + 1] = state.socket
    elseif state.at then
      wait = math.max(0, math.min(wait, state.at - now))
    end
  end
  return readers, writers, wait
end

local function step(control)
  local readable, writable = socket.select(sets(control))
  local now = socket.gettime()
  if readable[control] then
    serve_control(control)
  end
  for server in pairs(listeners) do
    if readable[server] then
      accept(server)
    end
  end
  local due = {}
  for task, state in pairs(tasks) do
    if state.mode == "r" and readable[state.socket] or
      state.mode == "w" and writable[state.socket] or
      state.at and state.at <= now then
      due[#due + 1] = task
    end
  end
  for _, task in ipairs(due) do
    resume(task)
  end
end

-- ---- the start --------------------------------------------------------------

local function main()
  local parameters = certificates.make(DIRECTORY)
  local ports = { plain = listen "plain", other = listen "other" }
  for name, each in pairs(parameters) do
    ports[name] = listen(name, each)
  end
  ports.cut = listen "cut"
  scripts.cut = function(peer)
    relay(peer, ports.good)
  end
  local door = assert(socket.bind("127.0.0.1", 0))
  ports.control = select(2, door:getsockname())
  for name, port in pairs(ports) do
    io.write(name, "=", port, " ")
  end
  io.write "\n"
  io.flush()
  door:settimeout(10)
  local control = assert(door:accept())
  while true do
    step(control)
  end
end

main()
