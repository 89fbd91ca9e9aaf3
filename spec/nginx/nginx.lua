-- A real nginx for specs: with this checkout's library, in a folder of its own,
-- on free ports of loopback, ended by its pid.
--
--   local server = nginx.start { server = [[ location / { ... } ]] }
--   local status, body = server:get "/"
--   server:stop()
local shell = require "spec.tools.shell"
local socket = require "socket"

local nginx = {}

local Server = {}
Server.__index = Server

local VARIABLES = {
  "ZUORA_BASE_URL", "ZUORA_CA_FILE", "ZUORA_CLIENT_ID", "ZUORA_CLIENT_SECRET",
  "ZUORA_ENTITY_IDS", "ZUORA_SANDBOX_HTTP_URL", "ASAN_OPTIONS",
  "UBSAN_OPTIONS",
}
local PATIENCE = 15 -- seconds, for a start, a stop, an answer

local CONF = [[
$load
$user
daemon off;
worker_processes $workers;
pid pid;
error_log error.log notice;
$env
$main
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000;
  lua_package_path "$root/?.lua;$root/lua/?.lua;$root/lua/?/init.lua;$path;;";
  lua_package_cpath "$build/?.so;$cpath;;";
  $http
  server {
    listen 127.0.0.1:$port backlog=256;
    default_type text/plain;
    location = /ping { return 200 "pong"; }
    $server
  }
}
]]

local function load_modules()
  local folder = shell.run("nginx -V"):match "%-%-modules%-path=(%S+)"
    or "/usr/lib/nginx/modules"
  if not shell.run(("ls %s/ngx_http_lua_module.so"):format(folder))
    :find "No such" then
    return ("load_module %s/ndk_http_module.so;\n" ..
      "load_module %s/ngx_http_lua_module.so;"):format(folder, folder)
  end
  return "" -- built in
end

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end
nginx.free_port = free_port

-- The folder of the build for LuaJIT, beside that for this Lua.
local function build_folder(root)
  for template in package.cpath:gmatch "[^;]+" do
    local folder = template:match "^(.*/)%d%.%d/%?%.so$"
    if folder and folder:sub(1, 1) == "/" and folder:find(root, 1, true) then
      return folder .. "5.1"
    end
  end
  return root .. "/build/5.1"
end

local function debian_cpath()
  local list = shell.lines((shell.run "ls -d /usr/lib/*/lua/5.1"))
  return (list[1] or "/usr/local/lib/lua/5.1") .. "/?.so"
end

local function values_of(options)
  local root = shell.lines(shell.must "pwd")[1]
  local env = {}
  for i, name in ipairs(VARIABLES) do
    env[i] = ("env %s;"):format(name)
  end
  return {
    load = load_modules(),
    -- Of root's workers, which are to read the sandbox's files.
    user = shell.must("id -u"):match "^0\n" and "user root;" or "",
    workers = options.workers or 1,
    env = table.concat(env, "\n"),
    root = root,
    build = build_folder(root),
    path = "/usr/share/lua/5.1/?.lua",
    cpath = debian_cpath(),
    main = options.main or "",
    http = options.http or "",
    server = options.server or "",
    port = free_port(),
    tls = free_port(), -- for who wants it
    certificates = os.getenv("ZUORA_CA_FILE"):match "^(.*)/",
  }
end

local function exists(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text ~= ""
end

--- Waits until fn() gives something, and returns that.
function nginx.eventually(fn, what)
  local ends = socket.gettime() + PATIENCE
  repeat
    local value = fn()
    if value then
      return value
    end
    socket.sleep(0.01)
  until socket.gettime() > ends
  error("in vain waited for " .. (what or "it"), 2)
end

local function launch(self, conf)
  shell.write(self.dir .. "/nginx.conf", conf)
  local line = ("cd %s && PATH=$PATH:/usr/sbin:/usr/local/sbin && " ..
    "exec 3>&- && { unset LUA_PATH LUA_CPATH LUA_INIT; exec nginx -p %s/ " ..
    "-e error.log -c %s/nginx.conf; } >output 2>&1 </dev/null & echo $!")
  local dir = shell.quote(self.dir)
  self.pid = assert(tonumber((shell.must(line:format(dir, dir, dir)))))
  nginx.eventually(function()
    return exists(self.dir .. "/pid") or
      select(2, shell.run("kill -0 " .. self.pid)) ~= 0
  end, "nginx")
  return exists(self.dir .. "/pid")
end

--- Starts one. options: workers (1); main, http, server: what stands there in
--- its configuration, $dir and $port being its folder and its port; files, a
--- table of texts by name, for the folder.
function nginx.start(options)
  local self = setmetatable({}, Server)
  self.dir = shell.lines(shell.must "mktemp -d")[1]
  for name, text in pairs(options.files or {}) do
    shell.write(self.dir .. "/" .. name, text)
  end
  for _ = 1, 5 do
    local values = values_of(options)
    values.dir = self.dir
    self.port, self.tls = values.port, values.tls
    local conf = options.conf or CONF
    for _ = 1, 2 do -- what is put in may name values too
      conf = conf:gsub("%$(%l+)", values)
    end
    if launch(self, conf) then
      return self
    end
    if not self:log():find "bind%(%) to" then
      break
    end
  end
  local log = self:log()
  shell.run("rm -rf " .. shell.quote(self.dir))
  error("nginx did not start:\n" .. log, 2)
end

--- What it has logged.
function Server:log()
  local text = ""
  for _, name in ipairs { "output", "error.log" } do
    if exists(self.dir .. "/" .. name) then
      text = text .. shell.read(self.dir .. "/" .. name)
    end
  end
  return text
end

--- Has it load its configuration anew.
function Server:reload()
  shell.must("kill -HUP " .. self.pid)
end

function Server:stop()
  shell.run("kill -TERM " .. self.pid)
  nginx.eventually(function()
    return not exists(self.dir .. "/pid")
  end, "the end of nginx")
  shell.run("rm -rf " .. shell.quote(self.dir))
end

-- ---- requests --------------------------------------------------------------

--- A connection on which a request was sent; see receive.
function Server:send(path)
  local peer = assert(socket.connect("127.0.0.1", self.port))
  peer:settimeout(PATIENCE)
  assert(peer:send(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n")
    :format(path)))
  return peer
end

local function read_chunks(peer)
  local parts = {}
  while true do
    local size = tonumber(assert(peer:receive "*l"):match "^%x+", 16)
    if size == 0 then
      peer:receive "*l"
      return table.concat(parts)
    end
    parts[#parts + 1] = assert(peer:receive(size))
    peer:receive "*l"
  end
end

--- The answer on a connection: status and body.
function nginx.receive(peer)
  local status = assert(peer:receive "*l"):match "^HTTP/1%.1 (%d+)"
  local headers = {}
  while true do
    local line = assert(peer:receive "*l")
    if line == "" then
      break
    end
    local name, value = line:match "^([^:]+): *(.*)$"
    headers[name:lower()] = value
  end
  local body
  if headers["transfer-encoding"] then
    body = read_chunks(peer)
  else
    body = peer:receive(tonumber(headers["content-length"] or 0))
  end
  return tonumber(status), body, headers
end

--- As many as that at once, each on a connection of its own; see receive_all.
function Server:send_many(path, count)
  local peers = {}
  for i = 1, count do
    peers[i] = self:send(path)
  end
  return peers
end

--- The bodies of the answers, in order; closes the connections.
function nginx.receive_all(peers)
  local bodies = {}
  for i, peer in ipairs(peers) do
    local _, body = nginx.receive(peer)
    bodies[i] = body
    peer:close()
  end
  return bodies
end

function Server:get(path)
  local peer = self:send(path)
  local status, body, headers = nginx.receive(peer)
  peer:close()
  return status, body, headers
end

--- The body alone.
function Server:text(path)
  local _, body = self:get(path)
  return body
end

return nginx
