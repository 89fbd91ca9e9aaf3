-- The hostile server, for the specs that need one: started, told what to do,
-- asked what it saw.
local cjson = require "cjson"
local socket = require "socket"
local zuora = require "zuora"

local hostile = {}

local handle, control, directory, ports

-- Seconds for a call; more where all is slow.
local PATIENCE = tonumber(os.getenv "SPEC_PATIENCE") or 3

-- The one credential of these specs: nowhere but at its server may it arrive.
hostile.SECRET = "only-for-the-origin-0123456789"

local function must(command)
  local pipe = assert(io.popen(command))
  local said = pipe:read "*a"
  pipe:close()
  return (said:gsub("%s+$", ""))
end

--- Starts it; to be called in a setup. In an environment without sanitizers:
--- they are not for servers.
function hostile.start()
  directory = must "mktemp -d"
  handle = assert(io.popen(("exec env -u LD_PRELOAD lua5.4 " ..
    "spec/hostile/server.lua '%s'"):format(directory)))
  local line = assert(handle:read "*l", "the hostile server did not start")
  ports = {}
  for name, port in line:gmatch "(%w+)=(%d+)" do
    ports[name] = tonumber(port)
  end
  control = assert(socket.connect("127.0.0.1", ports.control))
end

--- Ends it and waits for that; to be called in a teardown.
function hostile.stop()
  control:close()
  handle:close()
  os.execute(("rm -rf '%s'"):format(directory))
end

local function ask(line, text)
  assert(control:send(line .. "\n" .. (text or "")))
  local size = assert(control:receive "*l")
  return (assert(control:receive(tonumber(size))))
end

--- What every connection to that port is answered from now on: a chunk of Lua
--- with the connection as `c`, see spec/hostile/server.lua.
function hostile.play(name, chunk)
  local said = ask(("play %s %d"):format(name, #chunk), chunk)
  assert(said == "ok", said)
end

--- Answers every request on the plain port with these bytes, and closes.
function hostile.bytes(bytes)
  hostile.play("plain", ("c:request() c:send(%q)"):format(bytes))
end

--- Answers every request with that body of JSON, and keeps the connection.
function hostile.json(name, body)
  hostile.play(name, ([[while c:request() do
    c:answer("200 OK", "Content-Type: application/json\r\n", %q) end]])
    :format(body))
end

--- What it saw since the reset: connections (by port name), requests ({ line
--- =, head =, body =, port = }).
function hostile.journal()
  local journal = cjson.decode(ask "journal")
  assert(#journal.faults == 0, journal.faults[1])
  return journal
end

--- Waits until a script has told that, and what it sent before has arrived.
function hostile.await(text)
  for _ = 1, 1000 do
    if hostile.journal().told[text] then
      return socket.sleep(0.1)
    end
    socket.sleep(0.01)
  end
  error("the server never told " .. text)
end

function hostile.reset()
  ask "reset"
end

--- The Lua that runs this.
function hostile.interpreter()
  local at = 0
  while arg[at - 1] do
    at = at - 1
  end
  return arg[at]
end

function hostile.port(name)
  return ports[name]
end

function hostile.ca_file()
  return directory .. "/ca.pem"
end

function hostile.url(name, scheme, host)
  return ("%s://%s:%d"):format(scheme or name == "plain" and "http" or "https",
    host or "127.0.0.1", ports[name])
end

--- A client of that port: a few seconds for a call, no repeating. `now` in
--- its options is its wall clock.
function hostile.client(name, more)
  local options = {
    base_url = hostile.url(name),
    ca_file = hostile.ca_file(),
    access_token = hostile.SECRET,
    timeout = PATIENCE,
    max_attempts = 1,
    settle = false,
  }
  for key, value in pairs(more or {}) do
    options[key] = value
  end
  options.access_token = options.access_token or nil
  if not options.now then
    return assert(zuora.new(options))
  end
  local world = { core = require "zuora.core", now = options.now,
    wait = require "zuora.wait.poll" }
  options.now = nil
  return assert(require("zuora.client").new(options, world, 1))
end

--- The start of a text, fit for the name of a test.
function hostile.show(text)
  return ("'%s'"):format(text:sub(1, 50):gsub("[^\32-\126]", function(byte)
    return ("<%d>"):format(byte:byte())
  end))
end

--- Asserts that an error is as a caller may expect every one to be: one line,
--- printable, not long, without the secret.
function hostile.check(err, kind, outcome)
  local text = tostring(err)
  assert(type(err) == "table", text)
  assert(err.kind == kind, ("kind %s, not %s: %s"):format(err.kind, kind, text))
  assert(err.outcome == outcome, ("outcome %s, not %s: %s"):format(
    tostring(err.outcome), tostring(outcome), text))
  assert(not text:find "[^\32-\126]", "not printable: " .. text)
  assert(#text < 1000, #text .. " bytes of error")
  assert(not text:find(hostile.SECRET, 1, true), "the secret: " .. text)
  return err
end

--- Asserts that nothing went to the other server.
function hostile.check_other()
  local journal = hostile.journal()
  assert(not journal.connections.other, "something went to the other server")
  return journal
end

return hostile
