-- Ids and secrets in Zuora's forms. Good enough to be different, no more is
-- asked of them here.
local random = {}

local LETTERS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

function random.seed()
  local file = io.open("/dev/urandom", "rb")
  local number = os.time()
  if file then
    for byte in file:read(6):gmatch "." do
      number = number * 256 % 2 ^ 52 + byte:byte()
    end
    file:close()
  end
  math.randomseed(number)
end

function random.hex(length)
  local parts = {}
  for i = 1, length do
    parts[i] = ("%x"):format(math.random(0, 15))
  end
  return table.concat(parts)
end

function random.letters(length)
  local parts = {}
  for i = 1, length do
    local at = math.random(#LETTERS)
    parts[i] = LETTERS:sub(at, at)
  end
  return table.concat(parts)
end

--- 32 hex digits as 8-4-4-4-12.
function random.hyphenate(hex)
  return (hex:gsub("^(" .. ("%x"):rep(8) .. ")(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)",
    "%1-%2-%3-%4-"))
end

function random.uuid()
  return random.hyphenate(random.hex(32))
end

return random
