-- Names that were mistyped.
local names = {}

-- Levenshtein's distance.
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j],
        math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

local SHORTEST = 4 -- letters by which a longer name is known

--- The candidate most like `name`, or nil when none is near.
function names.nearest(name, candidates)
  local best, least = nil, math.max(2, math.floor(#name / 3)) + 1
  for _, candidate in ipairs(candidates) do
    local d = #name >= SHORTEST and candidate:find(name, 1, true) and 1 or
      distance(name:lower(), candidate:lower())
    if d < least then
      best, least = candidate, d
    end
  end
  return best
end

--- " (did you mean x?)", or "".
function names.hint(name, candidates)
  local nearest = names.nearest(name, candidates)
  return nearest and (" (did you mean %s?)"):format(nearest) or ""
end

return names
