-- Waiting inside nginx: the worker goes on with other requests meanwhile.
--
-- One stepper an engine and worker, in a timer of its own, moves the engine
-- however many calls wait; each of those sleeps on a semaphore. Whoever moves
-- the engine wakes those whose exchanges have ended by it. Where nginx has no
-- timer left for the stepper each call steps by itself.
local clock = require("zuora.core").clock
local tasks = require "zuora.wait.tasks"

local nginx = {}

local ngx = ngx
local semaphore = ngx.sleep and require "ngx.semaphore" -- not in a pool

-- Between steps: a millisecond, and more the longer nothing has ended.
local SHORTEST, LONGEST, RISE = 0.001, 0.01, 0.01
-- A stepper that was not heard of for so long is not waited for any more.
local SILENCE = 1
-- Nor is a timer that has not begun by then: when lua_max_running_timers run,
-- nginx drops the next.
local PATIENCE = 0.2
-- How often to look for calls whose requests are over.
local LOOK = 0.1

-- Phases that may wait. In ssl_session_fetch and ssl_client_hello it takes
-- OpenResty's patches of OpenSSL and nginx; without them whoever waits is lost.
local MAY_WAIT = {
  rewrite = true, server_rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true,
}

-- Phases that can make no timer either, and which one it has to be there.
local TIMER_OF = {
  init = " that init_worker_by_lua makes",
  exit_worker = " that is made before",
}

--- Whether the running code is nginx's: false in the threads of its pools,
--- which wait like any program.
function nginx.is_here()
  return ngx.sleep ~= nil
end

--- Raises where a call cannot be made.
function nginx.check(name, level)
  local phase = nginx.is_here() and ngx.get_phase()
  if phase and not MAY_WAIT[phase] then
    error(("%s: nginx cannot wait in the phase %s; make the call in a timer" ..
      "%s: ngx.timer.at(0, function() ... end)"):format(name, phase,
      TIMER_OF[phase] or ""), level + 1)
  end
end

local function interval(quiet_since)
  local rising = (clock() - quiet_since) * RISE
  return rising < SHORTEST and SHORTEST or rising > LONGEST and LONGEST
    or rising
end

-- ---- the stepper -----------------------------------------------------------

-- By engine, who sleeps: in `calls`, by id, until an exchange ends; in the
-- array until something else that has to be looked at. `parked`, once a call
-- slept, has the calls as well, among the tasks of the client.
local beds = setmetatable({}, { __mode = "k" })

-- The request of that call is over: nobody will take its answer. Its
-- coroutine is gone, and with it the locals that functions of `pending` share.
local function is_abandoned(sleeper)
  return sleeper.semaphore:count() >= 0
end

-- Wakes those whose wait is over; returns whether there were any.
local function wake(bed)
  local kept, woken = 0, false
  for i = 1, #bed do
    local sleeper = bed[i]
    bed[i] = nil
    if sleeper.gone then -- by itself; what it waited for may be used again
      woken = true
    elseif is_abandoned(sleeper) then
      if sleeper.pending.cancel then
        sleeper.pending:cancel()
      end
    elseif sleeper.pending:done() then
      sleeper.semaphore:post(1)
      woken = true
    else
      kept = kept + 1
      bed[kept] = sleeper
    end
  end
  return woken
end

local function wake_call(sleeper)
  sleeper.calls[sleeper.id] = nil
  sleeper.semaphore:post(1)
end

local function forget_abandoned(bed)
  for id, sleeper in pairs(bed.calls) do
    if is_abandoned(sleeper) then
      bed.calls[id], bed.parked[id] = nil, nil
      sleeper.pending:cancel()
    end
  end
end

-- Moves the engine and wakes the calls that have ended by it.
local function move(engine, parked)
  local ended = engine:closed() and 0 or engine:step(0)
  if parked then
    tasks.drain(engine, parked)
  end
  return ended > 0
end

local function has_stepper(bed)
  return bed.beat and clock() - bed.beat < SILENCE
end

local function step(engine, bed)
  if has_stepper(bed) then
    return
  end
  local quiet_since = clock()
  local looked = quiet_since
  while bed[1] or next(bed.calls) do
    local now = clock()
    bed.beat = now
    if now - looked >= LOOK then
      forget_abandoned(bed)
      looked = now
    end
    local ended = move(engine, bed.parked)
    if wake(bed) or ended then
      quiet_since = now
    end
    if bed[1] or next(bed.calls) then
      ngx.sleep(interval(quiet_since))
    end
  end
  bed.beat = nil
end

local function run(_, timer, fn, ...)
  if not timer.late then
    timer.begun = true
    fn(...)
  end
end

-- A timer that runs fn(...) at once, or nil.
local function start(fn, ...)
  local timer = { begun = false, late = false }
  return ngx.timer.at(0, run, timer, fn, ...) and timer or nil
end

-- Whether it has begun. If not, it never will.
local function has_begun(timer)
  timer.late = not timer.begun
  return timer.begun
end

--- Runs fn(...) in a light thread of its own; false where nginx has none. What
--- fn needs it is to be given: locals that it shares with the caller are gone
--- when the caller's request is.
function nginx.background(fn, ...)
  local timer, ends = start(fn, ...), clock() + PATIENCE
  if not timer then
    return false
  end
  repeat
    ngx.sleep(SHORTEST)
  until timer.begun or clock() >= ends
  return has_begun(timer)
end

-- ---- those who wait --------------------------------------------------------

local function step_alone(engine, pending)
  local since = clock()
  while not pending:done() do
    if not engine:closed() then
      engine:step(0)
    end
    if not pending:done() then
      ngx.sleep(interval(since))
    end
  end
end

-- Sleeps until woken, or for a while; false where there is nobody to wake.
local function rest(engine, bed, own)
  if has_stepper(bed) then
    own:wait(SILENCE)
    return true
  end
  local timer = start(step, engine, bed)
  return timer and (own:wait(PATIENCE) or has_begun(timer))
end

-- Sleeps until its wait is over; false where there is nobody to wake it.
local function sleep(engine, bed, sleeper)
  local pending, own = sleeper.pending, sleeper.semaphore
  while not pending:done() do
    if not rest(engine, bed, own) then
      return false
    end
  end
  return true
end

local spare = {} -- semaphores

local function take_semaphore()
  return table.remove(spare) or semaphore.new(0)
end

local function give_back(own)
  if own:count() == 0 then
    spare[#spare + 1] = own
  end
end

local function bed_of(engine, parked)
  local bed = beds[engine]
  if not bed then
    bed = { calls = {} }
    beds[engine] = bed
  end
  bed.parked = parked or bed.parked
  return bed
end

--- Waits for the exchange that was submitted under that id. `parked` has what
--- else waits for the engine's exchanges, by id.
function nginx.wait_call(engine, parked, exchange, id)
  move(engine, parked)
  if exchange:done() then
    return
  end
  local bed = bed_of(engine, parked)
  local calls = bed.calls
  local sleeper = { pending = exchange, semaphore = take_semaphore(), id = id,
    calls = calls, wake = wake_call }
  calls[id], parked[id] = sleeper, sleeper
  local woken = sleep(engine, bed, sleeper)
  calls[id], parked[id] = nil, nil
  if not woken then
    step_alone(engine, exchange)
  end
  give_back(sleeper.semaphore)
end

local function leave(bed, sleeper)
  for i = #bed, 1, -1 do
    if bed[i] == sleeper then
      table.remove(bed, i)
    end
  end
end

--- Waits until pending:done().
function nginx.wait(engine, pending)
  if not engine:closed() then
    engine:step(0)
  end
  if pending:done() then
    return
  end
  local bed = bed_of(engine)
  local sleeper = { pending = pending, semaphore = take_semaphore() }
  bed[#bed + 1] = sleeper
  if not sleep(engine, bed, sleeper) then
    leave(bed, sleeper)
    step_alone(engine, pending)
  end
  sleeper.gone = true
  give_back(sleeper.semaphore)
end

return nginx
