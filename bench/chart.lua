-- A bar for each client, a group for each call: calls a second over TLS and
-- HTTP/1.1, times those of bare libcurl; a line from quarter to quarter.
local chart = {}

local WIDTH, LABEL, BAR, GAP, HEAD = 760, 210, 14, 4, 34
local TOP = 52 -- below the title
local SCALE = WIDTH - LABEL - 90 -- pixels of 1.00
local GROUPS = {
  { "accept", "accept" }, { "list30", "list of 30 rows" },
  { "list300", "list of 300 rows" },
}

local function text(list, x, y, style, what)
  list[#list + 1] = ('<text x="%d" y="%d" %s>%s</text>'):format(x, y, style,
    (what:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })))
end

local function line(list, x1, y1, x2, y2, colour)
  list[#list + 1] = ('<line x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f" ' ..
    'stroke="%s"/>'):format(x1, y1, x2, y2, colour)
end

local function place(ratio)
  return LABEL + math.min(ratio, 1.1) * SCALE
end

local function bar(list, y, r)
  local bare = r.client == "bare"
  local colour = r.ours and "#2563eb" or bare and "#6b7280" or "#cbd5e1"
  local middle = y + BAR / 2
  text(list, LABEL - 8, y + BAR - 3, r.ours and
    'text-anchor="end" font-weight="bold"' or 'text-anchor="end"',
    bare and "bare libcurl in C" or r.client)
  list[#list + 1] = ('<rect x="%d" y="%d" width="%.1f" height="%d" ' ..
    'fill="%s"/>'):format(LABEL, y, place(r.ratio.median) - LABEL, BAR, colour)
  if not bare then
    line(list, place(r.ratio.low), middle, place(r.ratio.high), middle,
      "#111827")
  end
  local ending = place(math.max(r.ratio.median, r.ratio.high))
  text(list, math.floor(ending) + 6, y + BAR - 3, "",
    ("%.2f"):format(r.ratio.median))
end

local function grid(list, bottom)
  for i = 0, 4 do
    line(list, place(i / 4), TOP, place(i / 4), bottom, "#e5e7eb")
    text(list, math.floor(place(i / 4)), TOP - 4,
      'text-anchor="middle" fill="#6b7280"', ("%.2f"):format(i / 4))
  end
end

local function height_of(rows)
  local bars = 0
  for _, group in ipairs(GROUPS) do
    for _, r in ipairs(rows) do
      bars = bars + (r.protocol == "tls" and r.operation == group[1] and 1 or 0)
    end
  end
  return TOP + #GROUPS * HEAD + bars * (BAR + GAP) + 10
end

--- The chart as SVG, from the rows of rates.json.
function chart.draw(rows, date)
  local body, y, height = {}, TOP, height_of(rows)
  text(body, 12, 22, 'font-size="15" font-weight="bold"',
    "Calls a second, times those of bare libcurl")
  text(body, WIDTH - 12, 22, 'text-anchor="end" fill="#6b7280"',
    "one by one, TLS, HTTP/1.1; " .. date)
  grid(body, height - 10)
  for _, group in ipairs(GROUPS) do
    text(body, LABEL, y + HEAD - 12, 'font-weight="bold" fill="#374151"',
      group[2])
    y = y + HEAD
    for _, r in ipairs(rows) do
      if r.protocol == "tls" and r.operation == group[1] then
        bar(body, y, r)
        y = y + BAR + GAP
      end
    end
  end
  return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" ' ..
    'font-family="sans-serif" font-size="12">\n' ..
    '<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'):format(
    WIDTH, height, table.concat(body, "\n"))
end

return chart
