-- Waiting inside a running loop of libuv: the coroutine is resumed when its
-- exchange has ended. One watcher an engine, for as long as somebody waits.
local uv = require "luv"

local clock = require("zuora.core").clock
local due = require "zuora.wait.due"
local tasks = require "zuora.wait.tasks"

-- Seconds of a turn of the loop in which coroutines are resumed.
local SLICE = 0.003

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
  for _, handle in ipairs { room.timer, room.idle } do
    handle:stop()
    handle:close()
  end
  rooms[room.engine] = nil
end

-- Seconds until it has to be moved; nil: not before the descriptor is ready.
local function time_left(room)
  if room.leaving[room.first] then
    return 0
  elseif room.engine:closed() then
    return due.left(room.due)
  end
  room.engine:fd() -- brings the descriptor up to date
  local left = room.engine:timeout()
  return due.sooner(due.left(room.due), left >= 0 and left or nil)
end

-- At once is in the next turn of the loop: timers that are started for now by
-- what a timer calls come before all else, and before its end.
local function schedule(room)
  local left = time_left(room)
  if left == 0 then
    room.idle:start(room.move)
  else
    room.idle:stop()
  end
  if left and left > 0 then
    room.timer:start(math.ceil(left * 1000), 0, room.move)
  else
    room.timer:stop()
  end
end

-- Those whose wait is over are put behind those that leave already.
local function leave(room)
  local kept = 0
  room.due = nil
  for i = 1, #room do
    local sleeper = room[i]
    room[i] = nil
    if sleeper.pending:done() then
      room.last = room.last + 1
      room.leaving[room.last] = sleeper.co
    else
      kept = kept + 1
      room[kept] = sleeper
      room.due = due.sooner(room.due, sleeper.pending.due)
    end
  end
end

local function resume(co, ...)
  local ok, reason = coroutine.resume(co, ...)
  if not ok and not tasks.is_task(co) then -- a task's error is its group's
    error(debug.traceback(co, tostring(reason)), 0)
  end
end

-- The loop is not theirs alone: what they do after their calls takes time.
local function resume_some(room)
  local leaving, till = room.leaving, clock() + SLICE
  while leaving[room.first] and clock() < till do
    local co = leaving[room.first]
    leaving[room.first] = nil
    room.first = room.first + 1
    resume(co)
  end
end

local function move(room)
  if not room.engine:closed() then
    room.engine:step(0)
  end
  leave(room)
  schedule(room) -- also if one raises an error
  resume_some(room)
  if not room[1] and not room.leaving[room.first] then
    close(room)
  else
    schedule(room)
  end
end

local function open(engine)
  local room = {
    engine = engine, timer = uv.new_timer(), idle = uv.new_idle(),
    leaving = {}, first = 1, last = 0, -- coroutines whose wait is over
  }
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
  room.due = due.sooner(room.due, pending.due)
  schedule(room)
  coroutine.yield()
end

local function close_after(look, ...)
  if not look:is_closing() then
    look:close()
  end
  return ...
end

--- Yields what a task has yielded. In this world each resumes the coroutine in
--- which it waits, the task itself: nobody would come back to whoever moves it.
--- So in each turn of the loop it is looked whether the task has gone on.
function world.hand_up(task, ...)
  local co, look = coroutine.running(), uv.new_prepare()
  look:start(function()
    if tasks.has_gone_on(task) then
      look:close()
      resume(co, tasks.PARKED)
    end
  end)
  return close_after(look, coroutine.yield(...))
end

--- Calls were ended from outside, or, when `closing`, will be in a moment: the
--- descriptor is given up while it is still the engine's.
function world.nudge(engine, closing)
  local room = rooms[engine]
  if room then
    if closing then
      stop_poll(room)
    end
    room.idle:start(room.move)
  end
end

return world
