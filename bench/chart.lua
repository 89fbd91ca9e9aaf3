-- A bar for each client, a group for each call: calls a second over TLS and
-- HTTP/1.1, times those of bare libcurl.
local chart = {}

local WIDTH, LABEL, BAR, GAP, HEAD = 760, 230, 14, 4, 30
local SCALE = WIDTH - LABEL - 60 -- pixels of 1.00
local GROUPS = {
  { "accept", "accept" }, { "list30", "list of 30 rows" },
  { "list300", "list of 300 rows" },
}

local function text(list, x, y, style, what)
  list[#list + 1] = ('<text x="%d" y="%d" %s>%s</text>'):format(x, y, style,
    (what:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })))
end

local function bar(list, y, r)
  local colour = r.ours and "#2563eb" or r.client == "bare" and "#6b7280" or
    "#cbd5e1"
  local width = math.min(r.ratio.median, 1.1) * SCALE
  text(list, LABEL - 8, y + BAR - 3, 'text-anchor="end"', r.client)
  list[#list + 1] = ('<rect x="%d" y="%d" width="%.1f" height="%d" ' ..
    'fill="%s"/>'):format(LABEL, y, width, BAR, colour)
  text(list, math.floor(LABEL + width + 6), y + BAR - 3, "",
    ("%.2f"):format(r.ratio.median))
end

--- The chart as SVG, from the rows of rates.json.
function chart.draw(rows)
  local body, y = {}, 10
  for _, group in ipairs(GROUPS) do
    text(body, LABEL, y + HEAD - 12, 'font-weight="bold"', group[2])
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
    WIDTH, y + 10, table.concat(body, "\n"))
end

return chart
