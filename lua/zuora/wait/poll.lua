-- Waiting where nothing else is to be done: the process sleeps until libcurl's
-- sockets have something.
local STEP = 60 -- seconds; a signal ends a step early

--- Returns when the exchange has ended.
return function(engine, exchange)
  while not exchange:done() do
    engine:step(STEP)
  end
end
