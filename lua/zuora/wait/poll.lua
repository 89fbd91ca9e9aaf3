-- Waiting where nothing else is to be done: the process sleeps until libcurl's
-- sockets have something.
local due = require "zuora.wait.due"

local STEP = 60 -- seconds; a signal ends a step early

local poll = {}

function poll.wait(engine, pending)
  while not pending:done() do
    engine:step(due.sooner(due.left(pending.due), STEP))
  end
end

return poll
