-- Waiting where nothing else is to be done: the process sleeps until libcurl's
-- sockets have something.
local clock = require("zuora.core").clock

local STEP = 60 -- seconds; a signal ends a step early

local poll = {}

function poll.wait(engine, pending)
  while not pending:done() do
    local due = pending.due
    engine:step(due and math.min(math.max(due - clock(), 0), STEP) or STEP)
  end
end

return poll
