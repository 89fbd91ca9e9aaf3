-- When something is due: a time by the core's clock, or nil for never.
local clock = require("zuora.core").clock

local due = {}

--- The sooner of two times, or of two numbers of seconds.
function due.sooner(a, b)
  return a and b and math.min(a, b) or a or b
end

--- Seconds until that time.
function due.left(time)
  return time and math.max(time - clock(), 0)
end

return due
