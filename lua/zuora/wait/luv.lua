-- Waiting inside a running loop of libuv: the coroutine is resumed when its
-- exchange has ended. One watcher an engine, for as long as somebody waits.
local uv = require "luv"

local clock = require("zuora.core").clock

local rooms = setmetatable({}, { __mode = "k" }) -- by engine

local function stop_poll(room)
  if room.poll then
    room.poll:stop()
    room.poll:close()
    room.poll = nil
  end
end

local function close(room)
  stop_poll(room)
  room.timer:stop()
  room.timer:close()
  rooms[room.engine] = nil
end

-- `least`: seconds.
local function set_timer(room, due, least)
  local left = room.engine:timeout()
  if due and (left < 0 or due - clock() < left) then
    left = math.max(due - clock(), 0)
  end
  if left >= 0 then
    room.timer:start(math.ceil(math.max(left, least) * 1000), 0, room.move)
  else
    room.timer:stop()
  end
end

-- Those whose wait is over, taken out of the room.
local function leave(room)
  local leaving, kept, due = {}, 0, nil
  for i = 1, #room do
    local sleeper = room[i]
    room[i] = nil
    if sleeper.pending:done() then
      leaving[#leaving + 1] = sleeper
    else
      kept = kept + 1
      room[kept] = sleeper
      local own = sleeper.pending.due
      due = own and due and math.min(own, due) or own or due
    end
  end
  return leaving, due
end

local function resume(co)
  local ok, reason = coroutine.resume(co)
  if not ok then
    error(debug.traceback(co, tostring(reason)), 0)
  end
end

local function move(room)
  if not room.engine:closed() then
    room.engine:step(0)
  end
  local leaving, due = leave(room)
  if not room[1] then
    close(room)
  elseif not room.engine:closed() then
    room.engine:fd() -- brings the descriptor up to date
    set_timer(room, due, 0.001) -- at once would be before all others
  end
  for _, sleeper in ipairs(leaving) do
    resume(sleeper.co)
  end
end

local function open(engine)
  local room = { engine = engine, timer = uv.new_timer() }
  room.move = function()
    move(room)
  end
  room.poll = uv.new_poll(engine:fd())
  room.poll:start("r", room.move)
  rooms[engine] = room
  return room
end

local world = {}

function world.wait(engine, pending)
  if pending:done() then
    return
  end
  -- Not a step each: many calls that begin at once would hold up the others.
  local room = rooms[engine] or open(engine)
  room[#room + 1] = { pending = pending, co = coroutine.running() }
  engine:fd()
  set_timer(room, pending.due, 0)
  coroutine.yield()
end

--- Calls were ended from outside, or, when `closing`, will be in a moment: the
--- descriptor is given up while it is still the engine's.
function world.nudge(engine, closing)
  local room = rooms[engine]
  if room then
    if closing then
      stop_poll(room)
    end
    room.timer:start(0, 0, room.move)
  end
end

return world
