-- Writes docs/performance.md and docs/performance.svg from build/bench/*.json:
-- what `make bench` and `make bench-instructions` measured, and whether it is
-- what was aimed at.
--
-- usage: lua5.4 bench/report.lua [FROM [TO]]
local chart = require "bench.chart"
local cjson = require "cjson"
local layers = require "bench.layers"
local targets = require "bench.targets"

local FROM, TO = arg[1] or "build/bench", arg[2] or "docs"
local lines = {}

local function say(format, ...)
  lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format
end

local function load(name)
  local file = io.open(("%s/%s.json"):format(FROM, name))
  if file then
    local text = file:read "*a"
    file:close()
    return cjson.decode(text)
  end
end

local measured = {}
for _, name in ipairs { "machine", "instructions", "rates", "map", "start",
  "memory", "system_calls", "nginx", "distance" } do
  measured[name] = load(name)
end

local function header(...)
  local cells = { ... }
  say("| " .. table.concat(cells, " | ") .. " |")
  say("| --- |" .. (" ---: |"):rep(#cells - 1))
end

local function row(...)
  say("| " .. table.concat({ ... }, " | ") .. " |")
end

local function spread(figure, format, scale)
  scale = scale or 1
  return (format .. " (" .. format .. "–" .. format .. ")"):format(
    figure.median * scale, figure.low * scale, figure.high * scale)
end

local function machine(m)
  say("%s, %d processors (%s), %s.", m.date, m.processors, m.processor,
    m.system)
  say("%s; %s; %s; %s.", m.lua, m.luajit, m.curl:match "^curl %S+ %S+ %S+",
    (m.nginx:gsub("^nginx version: ", "")))
  if m.quick then
    say ""
    say("**A quick run:** few and short rounds, figures to be taken roughly.")
  end
end

local function goals()
  say "## What was aimed at\n"
  say "| target | limit | measured |  |\n| --- | ---: | ---: | --- |"
  for _, t in ipairs(targets.of(measured)) do
    row(t.what, t.limit, t.value, t.reached == nil and "not measured" or
      t.reached and "reached" or "**not reached**")
  end
  say ""
end

local PROTOCOLS = { tls = "TLS, HTTP/1.1", h2 = "TLS, HTTP/2" }
local OPERATIONS = {
  accept = "accept", list30 = "a list of 30 rows",
  list300 = "a list of 300 rows", map = "2,000 accepts, 32 in flight",
}

local function rates(rows)
  local last
  for _, r in ipairs(rows) do
    local title = ("%s, %s"):format(OPERATIONS[r.operation],
      PROTOCOLS[r.protocol])
    if title ~= last then
      if last then
        say ""
      end
      say("### %s\n", (title:gsub("^%l", string.upper)))
      header("client", "calls/s", "times bare", "CPU a call, µs")
      last = title
    end
    row(r.client == "bare" and "bare libcurl in C" or r.client,
      spread(r.rate, "%.0f"), spread(r.ratio, "%.2f"),
      spread(r.cpu, "%.0f", 1e6))
  end
  say ""
end

local function instructions(all)
  say "## Instructions a call\n"
  say "Counted by valgrind over plain HTTP.\n"
  header("", "accept", "times bare", "list of 300", "decoding it alone",
    "list / (decoding + bare)")
  row("bare libcurl in C", ("%.0f"):format(all.accept.bare), "1.00",
    ("%.0f"):format(all.list300.bare), "", "")
  for _, lua in ipairs { "lua5.4", "luajit" } do
    row("zuora, " .. lua, ("%.0f"):format(all.accept[lua]),
      ("%.2f"):format(all.accept[lua] / all.accept.bare),
      ("%.0f"):format(all.list300[lua]), ("%.0f"):format(all.decode[lua]),
      ("%.2f"):format(all.list300[lua] / (all.decode[lua] + all.list300.bare)))
  end
  say ""
end

local function layer_rows(operation, all)
  for _, name in ipairs { "bare", "lua5.4", "luajit" } do
    local shares, total = all[name], 0
    for _, layer in ipairs(layers.names) do
      total = total + shares[layer]
    end
    local cells = {}
    for i, layer in ipairs(layers.names) do
      cells[i] = ("%.0f %%"):format(100 * math.max(shares[layer], 0) / total)
    end
    row(("%s, %s"):format(operation, name == "bare" and "bare libcurl in C" or
      "zuora, " .. name), ("%.0f"):format(total), table.unpack(cells))
  end
end

local function jit_rows(operation, found)
  local function all(list, what)
    for _, one in ipairs(list) do
      row(operation, "`" .. one.at .. "`", what .. one.why,
        ("%d"):format(one.times))
    end
  end
  all(found.stitches, "left for ")
  all(found.aborts, "given up: ")
end

-- What the tables do not say by themselves of targets that are not reached.
local REASONS = [[
## What stands in the way

- An accept: what is left above bare libcurl are the core (the request checked
  and written, the head read, secrets looked for in it), about as much again for
  the Lua of a call under 5.4, and half of that under LuaJIT. Deadlines of our
  own in place of libcurl's timers, and a collector that rests, were tried: no
  gain.
- Lists: decoding by lua-cjson is what they cost. Beside it the body is looked
  through for numbers, 64 bytes at a time, which is the binding's share above;
  other clients do not look. And it is copied once more than in C, into a string
  of Lua's: a microsecond, but 46,500 instructions, since valgrind counts what a
  string instruction copies byte by byte. Each answer brings the same ids: those
  of the page before, where the collector left them, are found again and not
  made anew, by which the instructions of a list differ by some 5 % under Lua
  5.4.
- The first answer: what a program in C does without is to start the
  interpreter, to open `zuora.core` and, which is most of it, to read and
  compile the modules in Lua. All that a client may need is loaded with the
  first one, since a process without descriptors, or with another root, could
  not load it later. Tried: libcurl bound lazily before the module is opened, as
  a program in C has it, since Lua's loader binds all at once, which gained less
  than a millisecond (the largest of those libraries are linked to be bound at
  once anyway); modules read at once and compiled when they are used: no gain.
- The map adds as many microseconds to a call over HTTP/1.1 as over HTTP/2, but
  there the loop in C takes less. It wakes up as seldom as that (some 30 answers
  are there each time) and makes a fourth of a system call more for each, since
  idle connections are looked at before one of them is used. The rest is Lua:
  its instructions, and the collector, which goes through the results that the
  map keeps. Less of them compiled by LuaJIT was tried: no gain.
]]

local function where(all)
  say "## Where the time goes\n"
  say("Instructions in user space by callgrind, of the functions of each " ..
    "layer themselves; the kernel's are not counted. Over plain HTTP, so no " ..
    "TLS. `core` is the C library, `binding` its Lua C API, `Lua` the " ..
    "interpreter, its collector and code compiled by LuaJIT; the memory and " ..
    "strings of all of them are `libc`.\n")
  header("", "a call", table.unpack(layers.names))
  layer_rows("accept", all.layers.accept)
  layer_rows("list of 300", all.layers.list300)
  say("\nWhat LuaJIT compiles of it: %d traces of an accept, %d of a list. " ..
    "It says itself (`luajit -jv`) what it does not compile: a call of a " ..
    "function in C ends a trace, the function is called as the interpreter " ..
    "does, and another trace begins behind it.\n",
    all.jit.accept.traces, all.jit.list300.traces)
  say "|  | where | why | times |\n| --- | --- | --- | ---: |"
  jit_rows("accept", all.jit.accept)
  jit_rows("list of 300", all.jit.list300)
  say ""
  say(REASONS)
end

local NAMES = { "bare", "zuora, Lua 5.4", "zuora, LuaJIT" }

local function footprint()
  say "## A process\n"
  header("", "first answer, ms", "times bare", "MiB after 10,000 calls",
    "system calls a call")
  for _, name in ipairs(NAMES) do
    local answer = measured.start and measured.start.answer[name]
    local memory = measured.memory and measured.memory[name]
    local calls = measured.system_calls and measured.system_calls[name]
    row(name, answer and spread(answer, "%.1f", 1000) or "",
      answer and spread(answer.ratio, "%.2f") or "",
      memory and ("%.1f"):format(memory / 2 ^ 20) or "",
      calls and ("%d"):format(calls) or "")
  end
  say ""
  for _, lua in ipairs(measured.start and { "lua5.4", "luajit" } or {}) do
    local took = measured.start.require[lua]
    say("`require \"zuora\"` takes %.1f ms in %s; %.1f ms where libcurl and " ..
      "what it is linked to are loaded already.\n", took.all * 1000, lua,
      took.own * 1000)
  end
end

local function nginx(all)
  say "## An nginx worker, 200 calls in flight\n"
  header("", "calls/s", "times the cosocket loop", "median of a call, ms",
    "CPU a call, µs")
  for _, what in ipairs { "late", "at_once" } do
    for _, way in ipairs { "cosocket", "ours" } do
      local f = all[what][way]
      row(("%s, answer %s"):format(way == "ours" and "zuora" or
        "cosocket loop", what == "late" and "after 20 ms" or "at once"),
        spread(f.rate, "%.0f"), spread(f.ratio, "%.2f"),
        spread(f.latency, "%.2f", 1000), spread(f.cpu, "%.0f", 1e6))
    end
  end
  say ""
end

local function distance(rows)
  say "## A server 100 ms away\n"
  say("A page or an accept takes 100 ms there. One by one is measured over " ..
    "HTTP/2%s.\n", measured.machine.quick and
    ", of a few calls, and reckoned up" or "")
  header("", "one by one, s", "at once, s", "times", "connections",
    "of them resumed", "first call, ms", "the others, ms")
  for _, r in ipairs(rows) do
    row(("%s, %s, %s"):format(r.operation == "list" and
      "100,000 rows, prefetch = 16" or "500 accepts, 32 at once", r.client,
      PROTOCOLS[r.protocol]), ("%.2f"):format(r.alone),
      spread(r.seconds, "%.2f"), ("%.1f"):format(r.times),
      ("%d"):format(r.connections), ("%d"):format(r.resumed),
      ("%.0f"):format(r.first * 1000),
      r.later and ("%.0f"):format(r.later * 1000) or "")
  end
  say ""
end

local function write(name, text)
  local file = assert(io.open(TO .. "/" .. name, "w"))
  assert(file:write(text))
  file:close()
end

say "# Performance\n"
say [[
Written by `bench/report.lua` from what `make bench` and `make
bench-instructions` measured.

How it is measured:

- The limit is libcurl by itself in C (`bench/bare.c`), which sends the same
  requests and decodes nothing; a client has to decode as well.
- The server is an nginx on the same machine that answers from fixed bodies, so
  that it is the client that is measured; it and the client share the processor.
- Each client makes the same calls over TLS on a connection that it keeps, and
  decodes each answer: `bench/peers`. LuaSec and LuaSocket cannot keep one and
  open it for each call. Lua-cURL is linked to GnuTLS, all else to OpenSSL.
- Every round runs every client once; before it counts, a client makes a fifth
  of its calls to warm up.
- A figure is the median of the rounds, with the quarters on either side of it.
  A ratio is taken within a round, of runs that were neighbours.
- Processor time is user and system time of the client's process, instructions
  are those of user space by valgrind, which no other program disturbs.
]]
machine(assert(measured.machine, "nothing was measured: make bench"))
say ""
goals()
if measured.rates then
  say "![calls a second, times bare libcurl](performance.svg)\n"
  write("performance.svg", chart.draw(measured.rates,
    measured.machine.date))
end
if measured.instructions then
  instructions(measured.instructions)
  if measured.instructions.layers then
    where(measured.instructions)
  end
end
if measured.rates then
  say "## Calls a second\n"
  rates(measured.rates)
end
if measured.map then
  rates(measured.map)
end
footprint()
if measured.nginx then
  nginx(measured.nginx)
end
if measured.distance then
  distance(measured.distance)
end
write("performance.md", table.concat(lines, "\n"))
