-- Coroutines that wait side by side: while one waits for its answer, others
-- are resumed. A group of them is moved by whoever waits for the group.
local tasks = {}

local create, resume, running, yield = coroutine.create, coroutine.resume,
  coroutine.running, coroutine.yield

local PARKED = {} -- what a task yields when it waits
-- By coroutine. The task has its coroutine: Lua 5.1 would never let go of both
-- if that table alone held the task.
local task_of = setmetatable({}, { __mode = "kv" })
tasks.live = 0 -- of all groups

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
    ready = {}, first = 1, last = 0, -- a queue
    watched = {}, -- tasks that wait for something else than an exchange
  }, Group)
end

--- The task that runs now, or nil.
function tasks.current()
  local co = tasks.live > 0 and running()
  return co and task_of[co]
end

local function push(task)
  local group = task.group
  group.last = group.last + 1
  group.ready[group.last] = task
end

-- Others than tasks may be parked, too; they know how they are woken.
local function wake(parked, id)
  local one = parked[id]
  if one then
    parked[id] = nil;
    (one.wake or push)(one)
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

-- Those of the watched that need not wait any more.
local function look(group)
  local watched, kept = group.watched, 0
  group.due = nil
  for i = 1, #watched do
    local task = watched[i]
    watched[i] = nil
    if task.pending:done() then
      push(task)
    else
      kept = kept + 1
      watched[kept] = task
      local due = task.pending.due
      if due and (not group.due or due < group.due) then
        group.due = due
      end
    end
  end
end

--- Whether a task of the group can go on.
function Group:done()
  tasks.drain(self.client.engine, self.client.parked)
  if self.watched[1] then
    look(self)
  end
  return self.first <= self.last
end

-- What a task yields that is not ours is for the world around: it goes up, and
-- what comes back goes down.
local function continue(task, ok, value, ...)
  local co = task.co
  if coroutine.status(co) == "dead" then
    local group = task.group
    group.live, tasks.live = group.live - 1, tasks.live - 1
    if ok then
      task.value = value
    else
      task.failed, task.reason = true, value
    end
    if group.on_end then
      group.on_end(task.tag, task)
    end
  elseif value ~= PARKED then
    return continue(task, resume(co, yield(value, ...)))
  end
end

--- Starts fn(...) as a task and runs it until it waits.
function Group:spawn(tag, fn, ...)
  local task = { group = self, tag = tag, co = create(fn) }
  task_of[task.co] = task
  self.live, tasks.live = self.live + 1, tasks.live + 1
  continue(task, resume(task.co, ...))
end

--- Runs the tasks that can go on, without waiting.
function Group:move()
  while self.first <= self.last do
    local task = self.ready[self.first]
    self.ready[self.first] = nil
    self.first = self.first + 1
    continue(task, resume(task.co))
  end
end

--- Makes the running task wait for the exchange submitted under that id.
function tasks.park(task, id, exchange)
  task.exchange = exchange
  task.group.client.parked[id] = task
  yield(PARKED)
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

--- Ends what its tasks wait for, and the group: nobody will move it any more.
function Group:cancel()
  cancel_parked(self)
  for _, task in ipairs(self.watched) do
    if task.pending.cancel then
      task.pending:cancel()
    end
  end
  tasks.live = tasks.live - self.live
  self.live, self.watched = 0, {}
  self.ready, self.first, self.last = {}, 1, 0
end

--- Makes it wait until pending:done(); pending.due is when to look at last.
function tasks.watch(task, pending)
  if not pending:done() then
    task.pending = pending
    table.insert(task.group.watched, task)
    yield(PARKED)
  end
end

return tasks
