-- Instructions a call, counted by valgrind: what N more calls cost, over N.
-- The start is in both runs and falls out. Plain HTTP; the server runs freely.
-- Then by layers, and what LuaJIT compiles of it.
--
-- usage: bench/server lua5.4 bench/instructions.lua   (see `make
-- bench-instructions`)
local cjson = require "cjson"
local jit_log = require "bench.jit"
local layers = require "bench.layers"

local URL = assert(os.getenv "BENCH_HTTP", "run it under bench/server")
local BARE = assert(os.getenv "BENCH_BARE")
-- Enough that LuaJIT has compiled what it will by the end of the first N, and
-- that a collection more or less does not show.
local CALLS = { accept = 2000, list300 = 150 }
-- An answer that comes late costs a call of poll more, so the least is taken.
local RUNS = os.getenv "QUICK" == "1" and 1 or 3
local LUAS = { "lua5.4", "luajit" }
local LIMIT = 1.15 -- times bare C
-- The shares of layers are not that fine.
local FEWER = { accept = 1000, list300 = 100 }

-- Cachegrind counts as callgrind does, in half the time.
local function counted(command)
  local pipe = assert(io.popen("valgrind --tool=cachegrind --cache-sim=no " ..
    "--cachegrind-out-file=/dev/null " .. command .. " 2>&1 >/dev/null"))
  local said = pipe:read "*a"
  assert(pipe:close(), said)
  local count = said:match "I +refs: +([%d,]+)"
  return tonumber((assert(count, said):gsub(",", "")))
end

local function least(command)
  local count = counted(command)
  for _ = 2, RUNS do
    count = math.min(count, counted(command))
  end
  return count
end

-- `format` has a %d where the number of calls stands.
local function per_call(format, calls)
  return (least(format:format(2 * calls)) - least(format:format(calls))) / calls
end

local function client(program, operation)
  return per_call(("%s %s %s %%d 1"):format(program, URL, operation),
    CALLS[operation])
end

local function line(what, count, against, limit)
  print(("  %-30s %12.0f   %s"):format(what, count, against and
    ("%5.2f x %s"):format(count / against, limit) or ""))
end

local result = { accept = {}, list300 = {}, decode = {} }
for _, operation in ipairs { "accept", "list300" } do
  result[operation].bare = client(BARE, operation)
  for _, lua in ipairs(LUAS) do
    result[operation][lua] = client(lua .. " bench/ours.lua", operation)
  end
end
for _, lua in ipairs(LUAS) do
  result.decode[lua] = per_call(("%s bench/decode.lua %s/www/300 %%d"):format(
    lua, os.getenv "BENCH_DIR"), CALLS.list300)
end

local accept, list, decode = result.accept, result.list300, result.decode
print "instructions a call, plain HTTP\n\naccept"
line("bare libcurl in C", accept.bare)
for _, lua in ipairs(LUAS) do
  line("zuora, " .. lua, accept[lua], accept.bare,
    ("bare (target %.2f)"):format(LIMIT))
end
print "\nlist of 300 rows"
line("bare libcurl in C", list.bare)
for _, lua in ipairs(LUAS) do
  local goal = decode[lua] + LIMIT * list.bare
  line("lua-cjson alone, " .. lua, decode[lua])
  line("zuora, " .. lua, list[lua], goal,
    ("(decoding + %.2f bare) (target 1.00)"):format(LIMIT))
  line("  without decoding", list[lua] - decode[lua], list.bare, "bare")
end

local function show_layers(operation, name, shares)
  local parts = {}
  for i, layer in ipairs(layers.names) do
    parts[i] = ("%s %.0f"):format(layer, shares[layer])
  end
  print(("  %-8s %-7s %s"):format(operation, name, table.concat(parts, ", ")))
end

print "\nby layers"
result.layers, result.jit = {}, {}
for operation, calls in pairs(FEWER) do
  local programs = { bare = BARE }
  for _, lua in ipairs(LUAS) do
    programs[lua] = lua .. " bench/ours.lua"
  end
  result.layers[operation] = {}
  for name, program in pairs(programs) do
    local shares = layers.per_call(("%s %s %s %%d 1"):format(program, URL,
      operation), calls)
    result.layers[operation][name] = shares
    show_layers(operation, name, shares)
  end
  result.jit[operation] = jit_log.of(URL, operation, CALLS[operation])
end

local file = assert(io.open(os.getenv "BENCH_OUT" .. "/instructions.json", "w"))
file:write(cjson.encode(result), "\n")
file:close()
