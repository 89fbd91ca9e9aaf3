-- The clock by which everything expires. Tests move it instead of sleeping.
local clock = { offset = 0 }

function clock.now()
  ngx.update_time()
  return ngx.now() + clock.offset
end

function clock.advance(seconds)
  clock.offset = clock.offset + seconds
end

function clock.reset()
  clock.offset = 0
end

return clock
