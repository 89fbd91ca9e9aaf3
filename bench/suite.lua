-- What the sections of the benchmark have in common: running a program and
-- reading what it printed, medians, and the JSON that is left behind.
local cjson = require "cjson"

local suite = {}

suite.quick = os.getenv "QUICK" == "1"
suite.out = assert(os.getenv "BENCH_OUT", "run it by `make bench`")
suite.urls = {
  http = os.getenv "BENCH_HTTP", tls = os.getenv "BENCH_TLS",
  h2 = os.getenv "BENCH_H2",
}

local bare = suite.out .. "/bare"
--- The programs: what is measured (bare), what it is measured for, its peers.
suite.bare = { name = "bare", command = bare }
suite.ours = {
  { name = "zuora, Lua 5.4", command = "lua5.4 bench/ours.lua", ours = true },
  { name = "zuora, LuaJIT", command = "luajit bench/ours.lua", ours = true },
}
suite.peers = {
  { name = "lua-http, LuaJIT", lua = true, needs = "http.client",
    command = "luajit bench/peers/lua-http.lua" },
  { name = "Lua-cURL 0.3, LuaJIT", lua = true, needs = "curl",
    command = "luajit bench/peers/lua-curl.lua" },
  { name = "LuaSec and LuaSocket, LuaJIT", lua = true, needs = "ssl.https",
    command = "luajit bench/peers/luasec.lua", few = 5 },
  { name = "urllib3, Python", probe = "/usr/bin/python3 -c 'import urllib3'",
    command = "/usr/bin/python3 bench/peers/urllib3_pool.py" },
  -- Its compiler takes hundreds of calls to come to rest.
  { name = "fetch (undici), Node", probe = "node -e 'fetch'",
    warm = suite.quick and 5 or 1000,
    command = "env NODE_EXTRA_CA_CERTS=\"$BENCH_CA\" node " ..
      "bench/peers/node.mjs" },
}

function suite.succeeds(command)
  local ok = os.execute("{ " .. command .. "; } >/dev/null 2>&1")
  return ok == true or ok == 0
end

--- Whether a peer can be run; says so when it cannot.
function suite.is_there(peer)
  local there = suite.succeeds(peer.probe or
    ("luajit -e 'require \"%s\"'"):format(peer.needs))
  if not there then
    print(("  %s is not there: left out"):format(peer.name))
  end
  return there
end

--- Whether the library can have many calls in flight at once.
function suite.has_map()
  return suite.succeeds [[lua5.4 -e 'assert(require("zuora").new {
    base_url = "http://127.0.0.1:1", access_token = "t" }.map)']]
end

function suite.output(command)
  local pipe = assert(io.popen(command))
  local said = pipe:read "*a"
  assert(pipe:close(), command .. "\n" .. said)
  return said
end

--- Runs a program with the arguments of bench/bare.c: calls, seconds, cpu, rss.
function suite.run(program, url, operation, calls, concurrency, warm)
  return cjson.decode(suite.output(("%s %s %s %d %d %d"):format(
    program.command, url, operation, calls, concurrency, warm)))
end

function suite.median(list)
  local sorted = { (table.unpack or unpack)(list) }
  table.sort(sorted)
  local middle = math.floor((#sorted + 1) / 2)
  return (sorted[middle] + sorted[#sorted + 1 - middle]) / 2
end

--- A figure: its median and the quarter of the rounds on either side of it.
function suite.figure(list)
  local sorted = { (table.unpack or unpack)(list) }
  table.sort(sorted)
  local quarter = math.ceil(#sorted / 4)
  return {
    median = suite.median(list), low = sorted[quarter],
    high = sorted[#sorted + 1 - quarter], rounds = #list,
  }
end

function suite.save(name, what)
  local file = assert(io.open(("%s/%s.json"):format(suite.out, name), "w"))
  assert(file:write(cjson.encode(what), "\n"))
  file:close()
end

return suite
