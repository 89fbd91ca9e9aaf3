-- Coroutines that wait side by side: while one waits for its answer, others
-- are resumed. A group of them is moved by whoever waits for the group.
local errors = require "zuora.errors"

local tasks = {}

local create, resume, running, status, yield = coroutine.create,
  coroutine.resume, coroutine.running, coroutine.status, coroutine.yield

local PARKED = {} -- what a task yields when it waits
tasks.PARKED = PARKED
-- By coroutine. The task has its coroutine: Lua 5.1 would never let go of both
-- if that table alone held the task.
local task_of = setmetatable({}, { __mode = "kv" })
tasks.live = 0 -- of all groups

-- A queue of tasks, linked by their `next`: to move one from queue to queue
-- takes no memory, so that none is lost when there is none.
local function queue()
  local made = { next = false }
  made.last = made
  return made
end

local function push(list, task)
  task.next = false
  list.last.next = task
  list.last = task
end

-- Takes out what follows on `before`, which is the list itself or one in it.
local function take_after(list, before)
  local task = before.next
  before.next = task.next
  if list.last == task then
    list.last = before
  end
  return task
end

---@class zuora.Group what waits in it may itself be waited for
local Group = {}
Group.__index = Group

--- A group whose calls are made with `client` (its private side). Of each task
--- that ends, on_end(tag, task) is told: task.value, or, where it has `failed`,
--- task.reason.
function tasks.group(client, on_end)
  return setmetatable({
    client = client,
    on_end = on_end,
    live = 0,
    ready = queue(),
    watched = queue(), -- they wait for something else than an exchange
  }, Group)
end

--- The task that runs now, or nil.
function tasks.current()
  local co = tasks.live > 0 and running()
  return co and task_of[co]
end

--- Whether that coroutine is a task's.
function tasks.is_task(co)
  return task_of[co] ~= nil
end

-- Others than tasks may be parked, too; they know how they are woken.
local function wake(parked, id)
  local one = parked[id]
  if not one then
    return
  end
  parked[id] = nil
  local group = one.group
  if group then
    push(group.ready, one)
  else
    one:wake()
  end
end

--- Wakes those that are parked and whose exchanges ended, whichever group they
--- are in. A closed engine cannot tell any more: all of them have ended.
function tasks.drain(engine, parked)
  if engine:closed() then
    for id in pairs(parked) do
      wake(parked, id)
    end
    return
  end
  local id = engine:ended()
  while id do
    wake(parked, id)
    id = engine:ended()
  end
end

-- Those of the watched that need not wait any more. While they are asked,
-- others may come.
local function look(group)
  local watched = group.watched
  local before = watched
  group.due = nil
  while before.next do
    local pending = before.next.pending
    if pending:done() then
      push(group.ready, take_after(watched, before))
    else
      local due = pending.due
      if due and (not group.due or due < group.due) then
        group.due = due
      end
      before = before.next
    end
  end
end

--- Whether a task of the group can go on at once.
function Group:is_ready()
  return self.ready.next ~= false
end

--- Whether one can go on, now that it was looked at what they wait for.
function Group:done()
  tasks.drain(self.client.engine, self.client.parked)
  if self.watched.next then
    look(self)
  end
  return self:is_ready()
end

--- What a task yields that is not ours is for the world around: it goes up, and
--- what comes back goes down. PARKED comes back where somebody else has resumed
--- the task meanwhile. (zuora.wait knows the worlds where that may be.)
function tasks.hand_up(_, ...)
  return yield(...)
end

--- Whether a task that was handed up has gone on without its group.
function tasks.has_gone_on(task)
  return task.waits or status(task.co) == "dead"
end

-- Of those that were handed up more than once the first to look ends it. One
-- that has raised still has its levels; what it was, its resumer knows.
local function hand_down(task, value, ...)
  local co = task.co
  if value ~= PARKED then
    return resume(co, value, ...)
  elseif task.waits or task.over then
    return true, PARKED
  elseif debug.getinfo(co, 0, "S") then
    return false, "it raised an error where it was resumed"
  end
  return true
end

local function continue(task, ok, value, ...)
  if value == PARKED then
    return
  end
  if status(task.co) == "dead" then
    local group = task.group
    task.over = true
    group.live, tasks.live = group.live - 1, tasks.live - 1
    if ok then
      task.value = value
    else
      task.failed, task.reason = true, value
    end
    if group.on_end then
      group.on_end(task.tag, task)
    end
    if task.failed and errors.is_interrupt(task.reason) then
      error(task.reason, 0)
    end
  else
    return continue(task, hand_down(task, tasks.hand_up(task, value, ...)))
  end
end

--- Starts fn(...) as a task and runs it until it waits.
function Group:spawn(tag, fn, ...)
  local task = { group = self, tag = tag, co = create(fn), next = false,
    waits = false, over = false }
  task_of[task.co] = task
  self.live, tasks.live = self.live + 1, tasks.live + 1
  continue(task, resume(task.co, ...))
end

--- Runs the tasks that can go on, without waiting.
function Group:move()
  local ready = self.ready
  while ready.next do
    local task = take_after(ready, ready)
    continue(task, resume(task.co))
  end
end

local function park(task)
  task.waits = true
  yield(PARKED)
  task.waits = false
end

--- Makes the running task wait for the exchange submitted under that id.
function tasks.park(task, id, exchange)
  task.exchange = exchange
  task.group.client.parked[id] = task
  park(task)
  task.exchange = nil
end

local function cancel_parked(group)
  local parked = group.client.parked
  for id, task in pairs(parked) do
    if task.group == group then
      parked[id] = nil
      task.exchange:cancel()
    end
  end
end

local function cancel_pending(list)
  local task = list.next
  while task do
    if task.pending and task.pending.cancel then
      task.pending:cancel()
    end
    task = task.next
  end
end

--- Ends what its tasks wait for, and the group: nobody will move it any more.
function Group:cancel()
  cancel_parked(self)
  cancel_pending(self.watched)
  cancel_pending(self.ready) -- they may wait for groups that are not done
  tasks.live = tasks.live - self.live
  self.live, self.watched, self.ready = 0, queue(), queue()
end

--- Makes it wait until pending:done(); pending.due is when to look at last.
function tasks.watch(task, pending)
  if not pending:done() then
    task.pending = pending
    push(task.group.watched, task)
    park(task)
    task.pending = nil
  end
end

return tasks
