-- Waiting under a controller of cqueues: one of the calls that wait on an
-- engine polls its descriptor, the others wait to be told.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"

local clock = require("zuora.core").clock
local due = require "zuora.wait.due"

-- A poller that was not heard of for so long was dropped by its controller.
local SILENCE = 1
-- Seconds of a turn of the controller in which calls go on.
local SLICE = 0.003

local rooms = setmetatable({}, { __mode = "k" }) -- by engine

local function room_of(engine)
  local room = rooms[engine]
  if not room then
    room = { told = condition.new(), more = condition.new(), beat = -SILENCE,
      till = -SLICE }
    rooms[engine] = room
  end
  return room
end

-- The engine's descriptor, nil where there is none.
local function fd_of(engine)
  local fd = engine:closed() and -1 or engine:fd()
  return fd >= 0 and fd or nil
end

-- Controllers keep what was polled until they find that nobody polls it any
-- more, and fail as a whole where it was closed before.
local function give_up(engine)
  local fd = fd_of(engine)
  if fd then
    cqueues.cancel(fd)
  end
end

local function poll(engine, pending, room)
  local fd = fd_of(engine)
  local left = engine:closed() and -1 or engine:timeout()
  local limit = due.sooner(due.left(pending.due), SILENCE / 2)
  if left >= 0 then
    limit = math.min(limit, left)
  end
  room.beat = clock()
  if fd then
    cqueues.poll({ pollfd = fd, events = "r" }, room.more, limit)
  else
    cqueues.poll(room.more, limit)
  end
end

local function step(engine, room)
  if not engine:closed() and engine:step(0) > 0 then
    room.told:signal()
  end
end

-- The controller is not theirs alone: what they do after their calls takes
-- time. Who finds the slice over comes again in the next turn, where the first
-- to come begins another.
local function leave(room)
  while clock() >= room.till do
    local till = room.till
    cqueues.sleep(0)
    if room.till == till then
      room.till = clock() + SLICE
    end
  end
end

local world = {}

function world.wait(engine, pending)
  local room = room_of(engine)
  -- Not a step each: many calls that begin at once would hold up the others.
  room.more:signal()
  while not pending:done() do
    if clock() - room.beat < SILENCE then
      room.told:wait(due.sooner(due.left(pending.due), SILENCE))
    else
      while not pending:done() do
        poll(engine, pending, room)
        step(engine, room)
      end
      -- Nobody may be left who would know when the engine is closed.
      give_up(engine)
      -- Another has to take over.
      room.beat = -SILENCE
      room.told:signal()
    end
  end
  leave(room)
end

--- Calls were ended from outside, or, when `closing`, will be in a moment: the
--- descriptor is given up while it is still the engine's.
function world.nudge(engine, closing)
  local room = rooms[engine]
  if room then
    if closing then
      give_up(engine)
    end
    room.told:signal()
    room.more:signal()
  end
end

return world
