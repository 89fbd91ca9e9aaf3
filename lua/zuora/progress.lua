--- A line that tells how far a long run has come, for terminals:
---
---   local progress = require "zuora.progress"
---   client:map(ids, accept, { on_progress = progress.line "accepting" })
---
--- Where the standard error is no terminal nothing is written.
local core = require "zuora.core"

local progress = {}

local EVERY = 0.1 -- seconds between two writings

local function text(title, done, total, seconds)
  local left = done > 0 and (total - done) * seconds / done or 0
  return ("%s %d of %d (%d %%), %.0f s, %.0f s to go"):format(title, done,
    total, total > 0 and math.floor(done * 100 / total) or 100, seconds, left)
end

--- A function (done, total) for map's on_progress. `out` is a file and `clock`
--- gives seconds: the standard error, where it is a terminal, and core.clock.
---@param title string what goes on
---@return fun(done: integer, total: integer)
function progress.line(title, out, clock)
  clock = clock or core.clock
  out = out or core.is_terminal(2) and io.stderr
  if not out then
    return function() end
  end
  local began, last = clock(), -EVERY
  return function(done, total)
    local now = clock()
    if done >= total or now - last >= EVERY then
      last = now
      out:write("\r\27[K", text(title, done, total, now - began),
        done >= total and "\n" or "")
      out:flush()
    end
  end
end

return progress
