-- How a call waits for its exchange: as the world around it does.
--
-- A world is a function wait(engine, pending) that returns when
-- pending:done(), and on the way moves everything by engine:step(seconds). At
-- pending.due, by core.clock and where it is not nil, it has to have looked
-- again. That is also what the option `wait` of a client is.
local errors = require "zuora.errors"
local due = require "zuora.wait.due"
local poll = require "zuora.wait.poll"
local tasks = require "zuora.wait.tasks"

local wait = {}

local loaded = package.loaded
local nginx = rawget(_G, "ngx") and require "zuora.wait.nginx"

-- Worlds whose sleepers have to be told when calls are ended from outside.
local nudged = {}

local function sleepy(name)
  nudged[name] = nudged[name] or require("zuora.wait." .. name)
  return nudged[name].wait
end

-- Found by what is loaded, and by whether it runs this very call.
local function world()
  if nginx and nginx.is_here() then
    return nginx.wait
  end
  if loaded.cqueues and loaded.cqueues.running() then
    return sleepy "cqueues"
  end
  if loaded.luv and loaded.luv.loop_mode() and wait.may_yield() then
    return sleepy "luv"
  end
  return poll.wait
end

--- Whether this is a coroutine.
function wait.may_yield()
  local co, is_main = coroutine.running()
  return co ~= nil and not is_main
end

--- Whether there is something to check.
wait.checks = nginx ~= nil

--- Raises, at `level`, where no call can be made: in phases of nginx that may
--- not wait.
function wait.check(client, name, level)
  if not client.given_wait then
    nginx.check(name, level + 1)
  end
end

-- Lua 5.1, but for LuaJIT, cannot yield out of what a function in C has called,
-- pcall among them. Whether this is within one.
local function within_c()
  return false
end
local can_guard = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil
if not can_guard then
  local getinfo = debug.getinfo
  within_c = function()
    local level = 2
    local info = getinfo(level, "S")
    while info and info.what ~= "C" do
      level = level + 1
      info = getinfo(level, "S")
    end
    return info ~= nil
  end
end

-- Where Lua 5.1 cannot yield, which the function of a for loop cannot either,
-- the process waits.
local function outside(client)
  return client.given_wait or (client.in_loop or within_c()) and poll.wait or
    world()
end

local function is_luv(found)
  return nudged.luv and found == nudged.luv.wait
end

-- Within a task of another client's map its engine is moved by nobody else: it
-- waits as the world does, or, where that resumes coroutines itself, alone.
local function world_of(client)
  local found = outside(client)
  return tasks.current() and is_luv(found) and poll.wait or found
end

local yield_up = tasks.hand_up

function tasks.hand_up(task, ...)
  if is_luv(outside(task.group.client)) then
    return nudged.luv.hand_up(task, ...)
  end
  return yield_up(task, ...)
end

-- The running task, where it is one of the client's that can yield: it is
-- moved, as all its tasks are, by who waits outside of them.
local function inner(client)
  local task = tasks.current()
  return task and task.group.client == client and task ~= client.in_loop and
    not within_c() and task
end

--- Lets what goes on in the background go on, without waiting; returns whether
--- anything did.
function wait.move_background(client)
  local background = client.background
  if background and background.live > 0 and background:done() then
    background:move()
    return true
  end
  return false
end

-- Waits for `pending` and moves the background meanwhile. What the tasks wait
-- for does not move it: it may be among them, and would ask itself for ever.
local function moving(client, pending)
  local whole = { cancel = pending.cancel, due = pending.due }
  function whole.done()
    local moved = wait.move_background(client)
    local done = pending:done()
    local background = client.background
    whole.due = moved and client.clock() or
      due.sooner(pending.due, background and background.due)
    return done
  end
  return whole
end

--- Calls fn(...) as pcall does. In a coroutine of Lua 5.1, which could not wait
--- across that, an error passes.
wait.guard = can_guard and pcall or function(fn, ...)
  if not wait.may_yield() then
    return pcall(fn, ...)
  end
  return true, fn(...)
end
local guard = wait.guard

--- The same for what submits an exchange and waits for it. Beside tasks it is
--- not called so: an interrupt in one of theirs ends all.
function wait.guard_alone(fn, ...)
  if tasks.live > 0 then
    return true, fn(...)
  end
  return guard(fn, ...)
end

--- Ends what is in flight. Calls to come do not wait for a login that was.
function wait.cancel(client)
  if not client.engine:closed() then
    client.engine:cancel()
    client.auth.flight = nil
    wait.nudge(client)
  end
end

--- Raises what was raised in a wait. What was waited for, where it is known,
--- must not go on when nobody knows of it any more: a change would be sent with
--- the next call. An interrupt ends all.
function wait.give_up(client, pending, reason)
  if pending and pending.cancel then
    pending:cancel()
  end
  if errors.is_interrupt(reason) or client.alone and tasks.live == 0 then
    wait.cancel(client)
  end
  error(reason, 0)
end

local function wait_pending(client, pending)
  local task = inner(client)
  if task then
    return tasks.watch(task, pending)
  end
  local ok, reason = guard(world_of(client), client.engine,
    moving(client, pending))
  if not ok then
    wait.give_up(client, pending, reason)
  end
end

--- Waits until pending:done().
wait.pending = wait_pending

-- nginx is told whose exchange it is, so as not to look at all who sleep.
local function wait_in(found, client, exchange, id)
  if nginx and found == nginx.wait then
    return nginx.wait_call(client.engine, client.parked, exchange, id)
  end
  return found(client.engine, exchange)
end

local STEP = 60 -- seconds; a signal ends a step early
local step -- the method of exchanges, found once

--- Waits for the end of an exchange that was submitted under that id. To be
--- called in wait.guard_alone together with that, see wait.give_up.
function wait.exchange(client, exchange, id)
  if client.alone and tasks.live == 0 and not loaded.cqueues and
    not loaded.luv then
    step = step or exchange.wait
    repeat until step(exchange, STEP)
    return
  end
  local task = inner(client)
  if task then
    if not exchange:done() then -- a hook may have waited since it was sent
      tasks.park(task, id, exchange)
    end
    return
  end
  local ok, reason = guard(wait_in, world_of(client), client, exchange, id)
  if not ok then
    wait.give_up(client, exchange, reason)
  end
  if client.background then
    wait.move_background(client)
  end
end

-- What whoever waits for a group waits for. Others may move the group, too,
-- and leave nothing of it to be moved: then it may be finished.
local function progress_of(group, finished)
  local pending = {}
  function pending.done()
    local done = group:done() or finished()
    pending.due = group.due
    return done
  end
  function pending.cancel()
    group:cancel()
  end
  return pending
end

-- The same within a task: who is outside of all tasks moves the background.
local function end_of(group, finished)
  return {
    done = function()
      return finished() or group.live == 0
    end,
  }
end

--- Runs the tasks of a group until finished() or until none is left.
function wait.run(group, finished)
  local client = group.client
  local inside = group == client.background and inner(client)
  local pending
  while not finished() do
    if group.live == 0 then
      return
    elseif group:is_ready() and not inside then
      group:move()
    else
      pending = pending or (inside and end_of or progress_of)(group, finished)
      wait_pending(client, pending)
    end
  end
end

-- A tag is told of the end of its task.
local function tell(tag, task)
  if tag then
    tag(task)
  end
end

local function background(client)
  client.background = client.background or tasks.group(client, tell)
  return client.background
end

--- A group for tasks that may outlive what they were started for: they go on
--- whenever a call of the client waits. In nginx, where a coroutine belongs to
--- its request, it is the caller's own.
function wait.group(client)
  if nginx and nginx.is_here() then
    return tasks.group(client, tell)
  end
  return background(client)
end

--- Starts fn(...) beside the calls to come: it goes on whenever one of them
--- waits. In nginx it goes on by itself.
function wait.background(client, fn, ...)
  if nginx and nginx.is_here() and nginx.background(fn, ...) then
    return
  end
  background(client):spawn(nil, fn, ...)
end

-- Whether others may go on while the caller waits, and after it.
local function has_others(client)
  return inner(client) or
    not client.given_wait and outside(client) ~= poll.wait
end

--- Starts fn(...) so that it may go on when the call for which it is made has
--- ended; false where nothing can: in a program that does one thing at a time.
function wait.apart(client, fn, ...)
  if nginx and nginx.is_here() then
    return not client.given_wait and nginx.background(fn, ...)
  elseif not has_others(client) then
    return false
  end
  background(client):spawn(nil, fn, ...)
  return true
end

--- Calls of the client were ended from outside, or will be in a moment.
function wait.nudge(client, closing)
  for _, one in pairs(nudged) do
    one.nudge(client.engine, closing)
  end
end

return wait
