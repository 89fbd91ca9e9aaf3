-- The benchmark's server, its programs and its report.
local cjson = require "cjson"
local shell = require "spec.tools.shell"

local function run(line)
  return shell.must("bench/server sh -c " .. shell.quote(line))
end

-- Under `make sanitize` too it is the plain build that is measured.
local PLAIN = "unset MAKEFLAGS MFLAGS LD_PRELOAD; "

describe("bench/server", function()
  for url, version in pairs { HTTP = "1.1", TLS = "1.1", H2 = "2" } do
    it("accepts over " .. url, function()
      local said = run([[curl -sS --cacert $BENCH_CA -X PUT -d '{}' \
        -w '\n%{http_version} %{http_code} %{content_type}\n' \
        $BENCH_]] .. url .. "/v1/entity-connections/1/accept")
      local head = version .. " 200 application/json;charset=utf-8\n"
      assert.equal('{"success": true}\n' .. head, said)
    end)
  end

  for _, rows in ipairs { 30, 300 } do
    it(("lists %d rows"):format(rows), function()
      local answer = cjson.decode(run(
        "curl -sS $BENCH_HTTP/v1/entity-connections?pageSize=" .. rows))
      assert.is_true(answer.success)
      assert.equal(rows, #answer.entityConnections)
    end)
  end

  it("ends as soon as its command does", function()
    for _ = 1, 10 do
      shell.must "timeout 20 bench/server true"
    end
  end)

  it("leaves nothing behind, and with its command's exit code", function()
    local said = shell.must("bench/server sh -c " .. shell.quote
      'echo "$BENCH_DIR"; exit 7' .. "; echo $?")
    local dir, code = said:match "^(%S+)\n(%d+)\n$"
    assert.equal("7", code)
    assert.is_nil(io.open(dir))
  end)
end)

describe("the programs of the benchmark", function()
  for _, name in ipairs { "build/bench/bare", "lua5.4 bench/ours.lua" } do
    it(name .. " makes the calls it was told to", function()
      shell.must(PLAIN .. "make -s build build/bench/bare LUA=lua5.4")
      local said = run(PLAIN .. 'eval "$(make -s env LUA=lua5.4)"; ' ..
        "for n in 1 4; do for op in accept list30 list300; do " .. name ..
        " $BENCH_TLS $op 8 $n; done; done")
      local lines = shell.lines(said)
      assert.equal(6, #lines)
      for _, line in ipairs(lines) do
        local result = cjson.decode(line)
        assert.equal(8, result.calls)
        assert.is_true(result.seconds > 0 and result.rss > 1000)
      end
    end)

    it(name .. " fails when a call fails", function()
      local said = run(PLAIN .. 'eval "$(make -s env LUA=lua5.4)"; ' ..
        name .. " $BENCH_TLS/nowhere accept 1 1 2>/dev/null || echo failed")
      assert.equal("failed\n", said)
    end)
  end
end)

describe("the server far away", function()
  it("is asked for pages and accepts, over connections that it counts",
    function()
      shell.must(PLAIN .. "make -s build LUA=luajit")
      local said = shell.must(PLAIN .. 'eval "$(make -s env LUA=luajit)"; ' ..
        "bench/server --nginx sh -c " .. shell.quote [[
          luajit bench/far.lua $BENCH_FAR_H2 list 4 327
          luajit bench/far.lua $BENCH_FAR_H2 accept 4 8
          curl -sS --cacert $BENCH_CA $BENCH_FAR_H2/connections]])
      local lines = shell.lines(said)
      assert.equal(8, cjson.decode(lines[1]).calls)
      assert.is_true(cjson.decode(lines[1]).seconds > 0.2)
      assert.is_true(cjson.decode(lines[2]).later >= 0.1)
      assert.equal(2, cjson.decode(lines[3]).connections)
    end)
end)

describe("what the profilers wrote", function()
  local path

  before_each(function()
    path = os.tmpname()
  end)

  after_each(function()
    os.remove(path)
  end)

  it("is added up by layers, each function without what it calls", function()
    shell.write(path, [[
events: Ir
ob=(1) /x/zuora/core.so
fl=(1) /y/src/core/engine.c
fn=(1) zuora_engine_step
3 10
+1 5
cob=(2) /lib/libcurl.so.4.8.0
cfi=(2) ???
cfn=(2) curl_multi_socket_action
calls=1 7
* 1000
fi=(3) /usr/include/string_fortified.h
-2 2

fl=(4) /y/src/binding/core.c
fn=(3) step
9 4
ob=(2)
fl=(2)
fn=(2)
0 900
ob=(3) /usr/lib/cjson.so
fl=(2)
fn=(4) decode
0 30
ob=(4) ???
fn=(5) 0x1234
0 7
totals: 958
]])
    assert.same({ core = 17, binding = 4, libcurl = 900, ["lua-cjson"] = 30,
      Lua = 7 }, require("bench.layers").read(path))
  end)

  it("tells what LuaJIT compiled and what it gave up", function()
    shell.write(path, [=[
[TRACE   1 call.lua:258 stitch C:7f25a4820580]
[TRACE   2 (1/stitch) call.lua:259 return]
[TRACE   3 (1/stitch) call.lua:258 stitch C:7f25a4820599]
[TRACE --- (8/stitch) answer.lua:221 -- NYI: bytecode 0x12 at x.lua:7]
]=])
    assert.same({ traces = 3, stitches = { { at = "call.lua:258", times = 2,
      why = "a function of the C API" } }, aborts = { { at = "answer.lua:221",
      times = 1, why = "NYI: bytecode  at x.lua:7" } } },
      require("bench.jit").read(path))
  end)
end)

describe("bench/report.lua", function()
  local dir

  before_each(function()
    dir = shell.must "mktemp -d":gsub("\n", "")
  end)

  after_each(function()
    shell.must("rm -rf " .. shell.quote(dir))
  end)

  local function write(name, what)
    local file = assert(io.open(("%s/%s.json"):format(dir, name), "w"))
    file:write(cjson.encode(what))
    file:close()
  end

  it("says what was reached, what was not, what was not measured", function()
    write("machine", { date = "2026-01-02", quick = false, processor = "P",
      processors = 2, system = "S", curl = "curl 8 (x) libcurl/8", lua = "Lua",
      luajit = "LuaJIT", nginx = "nginx version: nginx/1" })
    write("instructions", { accept = { bare = 100, ["lua5.4"] = 114,
      luajit = 116 }, list300 = { bare = 100, ["lua5.4"] = 300,
      luajit = 300 }, decode = { ["lua5.4"] = 200, luajit = 100 } })
    shell.must(("lua5.4 bench/report.lua %s %s"):format(dir, dir))
    local page = shell.must(("cat %s/performance.md"):format(dir))
    local function row(what)
      return page:match("| " .. what .. "[^\n]*")
    end
    assert.truthy(row "instructions of an accept, times bare, Lua 5.4":find(
      "| 1.14 | reached |", 1, true))
    assert.truthy(row "instructions of an accept, times bare, LuaJIT":find(
      "| 1.16 | **not reached** |", 1, true))
    assert.truthy(row "accept, calls/s times bare, Lua 5.4":find(
      "not measured", 1, true))
  end)

  it("draws a bar for each client", function()
    local figure = { median = 0.5, low = 0.4, high = 0.6 }
    local svg = require("bench.chart").draw({
      { protocol = "tls", operation = "accept", client = "a & b",
        ratio = figure },
      { protocol = "h2", operation = "accept", client = "no", ratio = figure },
    }, "2026-01-02")
    assert.truthy(svg:find("a &amp; b", 1, true))
    assert.is_nil(svg:find(">no<", 1, true))
    assert.truthy(svg:find(">0.50</text>", 1, true))
  end)
end)
