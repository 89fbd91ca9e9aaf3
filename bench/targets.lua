-- What is aimed at, and what was measured of it.
local targets = {}

local LUAS = {
  { "Lua 5.4", "lua5.4", "zuora, Lua 5.4" },
  { "LuaJIT", "luajit", "zuora, LuaJIT" },
}

-- `most` or `least` bounds `value`; no value: it was not measured.
local function add(list, what, bounds, value, format)
  local limit = bounds.most or bounds.least
  local reached
  if value then
    reached = bounds.most and value <= limit or
      bounds.least and value >= limit or false
  end
  list[#list + 1] = {
    what = what, reached = reached,
    limit = (bounds.most and "≤ " or "≥ ") .. format:format(limit),
    value = value and format:format(value) or "",
  }
end

local function find(rows, protocol, operation, client)
  for _, r in ipairs(rows or {}) do
    if r.protocol == protocol and r.operation == operation and
      r.client == client then
      return r
    end
  end
end

local function ratio(rows, protocol, operation, client)
  local r = find(rows, protocol, operation, client)
  return r and r.ratio.median
end

local function instructions(list, all)
  for _, lua in ipairs(LUAS) do
    add(list, "instructions of an accept, times bare, " .. lua[1],
      { most = 1.15 }, all and all.accept[lua[2]] / all.accept.bare, "%.2f")
  end
  for _, lua in ipairs(LUAS) do
    add(list, "instructions of a list of 300, times (decoding + 1.15 bare), "
      .. lua[1], { most = 1 }, all and all.list300[lua[2]] /
      (all.decode[lua[2]] + 1.15 * all.list300.bare), "%.2f")
  end
end

local RATES = {
  { "accept", 0.92, 0.92 }, { "list30", 0.75, 0.80 },
  { "list300", 0.33, 0.48 },
}

local function rates(list, rows)
  for _, row in ipairs(RATES) do
    for i, lua in ipairs(LUAS) do
      add(list, ("%s, calls/s times bare, %s"):format(row[1], lua[1]),
        { least = row[1 + i] }, ratio(rows, "tls", row[1], lua[3]), "%.2f")
    end
  end
end

-- The fastest client that is neither ours nor bare nor Node.
local function best_peer(rows, operation)
  local best
  for _, r in ipairs(rows or {}) do
    if r.protocol == "tls" and r.operation == operation and
      (r.lua or r.client:find "Python") and
      (not best or r.ratio.median > best.ratio.median) then
      best = r
    end
  end
  return best
end

local function peers(list, rows)
  for _, row in ipairs(RATES) do
    local best = best_peer(rows, row[1])
    for _, lua in ipairs(LUAS) do
      local ours = ratio(rows, "tls", row[1], lua[3])
      add(list, ("%s, calls/s times the fastest of the Lua peers and " ..
        "Python%s, %s"):format(row[1], best and " (" .. best.client .. ")"
        or "", lua[1]), { least = 1 },
        best and ours and ours / best.ratio.median, "%.2f")
    end
  end
end

local function map(list, rows)
  for _, protocol in ipairs { "tls", "h2" } do
    local name = protocol == "tls" and "HTTP/1.1" or "HTTP/2"
    for _, lua in ipairs(LUAS) do
      add(list, ("map of 2,000 accepts, times curl_multi in C, %s, %s"):format(
        name, lua[1]), { least = 0.9 }, ratio(rows, protocol, "map", lua[3]),
        "%.2f")
    end
  end
end

local function footprint(list, measured)
  local start, memory = measured.start, measured.memory
  local system_calls = measured.system_calls
  for _, lua in ipairs(LUAS) do
    add(list, "first answer of a process, times bare, " .. lua[1],
      { most = 1.25 }, start and start.answer[lua[3]].ratio.median, "%.2f")
    add(list, '`require "zuora"`, ms, ' .. lua[1], { most = 2 },
      start and start.require[lua[2]].all * 1000, "%.1f")
    add(list, '`require "zuora"` where libcurl is loaded, ms, ' .. lua[1],
      { most = 2 }, start and start.require[lua[2]].own * 1000, "%.1f")
    add(list, "MiB more than bare after 10,000 calls, " .. lua[1],
      { most = 3 }, memory and (memory[lua[3]] - memory.bare) / 2 ^ 20, "%.1f")
    add(list, "system calls a call, more than bare, " .. lua[1],
      { most = 0 }, system_calls and system_calls[lua[3]] - system_calls.bare,
      "%d")
  end
end

local function nginx(list, all)
  local late = all and all.late.ours
  add(list, "nginx, 200 in flight at 20 ms, calls/s times a cosocket loop",
    { least = 0.95 }, late and late.ratio.median, "%.2f")
  add(list, "nginx, the same, median latency over that of the loop, ms",
    { most = 1.5 }, late and late.added.median * 1000, "%.2f")
end

local function distance(list, rows)
  for _, row in ipairs(rows or {}) do
    local name = ("%s, %s"):format(row.protocol == "tls" and "HTTP/1.1" or
      "HTTP/2", row.client:match "Lua.*")
    if row.operation == "list" then
      add(list, "100 ms away, a list of 100,000 with prefetch = 16, times " ..
        "as fast as without, " .. name, { least = 12 }, row.times, "%.1f")
    else
      add(list, "100 ms away, 500 accepts by map, 32 at once, times as fast " ..
        "as one by one, " .. name, { least = 25 }, row.times, "%.1f")
    end
  end
end

--- All of them, with what, limit, value and reached (nil: not measured).
function targets.of(measured)
  local list = {}
  instructions(list, measured.instructions)
  rates(list, measured.rates)
  peers(list, measured.rates)
  map(list, measured.map)
  footprint(list, measured)
  nginx(list, measured.nginx)
  distance(list, measured.distance)
  return list
end

return targets
