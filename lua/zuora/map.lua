-- One function over many items, many calls at once.
local errors = require "zuora.errors"
local names = require "zuora.names"
local tasks = require "zuora.wait.tasks"
local wait = require "zuora.wait"

local map = {}

local OPTIONS = { "concurrency", "on_progress" }

local function check_options(options, level)
  for name in pairs(options) do
    if name ~= "concurrency" and name ~= "on_progress" then
      error(("client:map: %s is not an option%s"):format(tostring(name),
        names.hint(tostring(name), OPTIONS)), level + 1)
    end
  end
  local n, hook = options.concurrency, options.on_progress
  if n ~= nil and (type(n) ~= "number" or n < 1 or n % 1 ~= 0) then
    error("client:map: concurrency must be a whole number from 1", level + 1)
  end
  if hook ~= nil and type(hook) ~= "function" then
    error("client:map: on_progress must be a function, not a " .. type(hook),
      level + 1)
  end
end

local function check(items, fn, options, level)
  if type(items) ~= "table" then
    error("client:map: the items must be a table, not a " .. type(items),
      level + 1)
  end
  if type(fn) ~= "function" then
    error("client:map: the second argument must be a function, not a " ..
      type(fn), level + 1)
  end
  errors.check_options("client:map", options, level + 1)
  check_options(options, level + 1)
end

local function note(run, i, value, err)
  if value == nil and err ~= nil then
    run.results[i] = { err = err }
  else
    run.results[i] = { value = value }
  end
  run.ended = run.ended + 1
  if run.on_progress then
    errors.try(run.on_progress, run.ended, run.count)
  end
end

-- Takes item after item. An error that is raised ends the worker, and the main
-- loop starts another: a coroutine needs no pcall, across which Lua 5.1 could
-- not wait.
local function work(run, worker)
  local items, fn, count = run.items, run.fn, run.count
  while run.next <= count do
    local i = run.next
    run.next, worker.i = i + 1, i
    note(run, i, fn(items[i], i))
    worker.i = false
  end
end

local function start_workers(run, group)
  while run.workers < run.concurrency and run.next <= run.count do
    local worker = { i = false } -- the item that it is at
    run.workers = run.workers + 1
    group:spawn(worker, work, run, worker)
  end
end

--- results[i].value or results[i].err for each item; see Client:map.
function map.run(client, items, fn, options, level)
  options = options or {}
  check(items, fn, options, level + 1)
  local run = {
    items = items, fn = fn, count = #items, next = 1, ended = 0, workers = 0,
    concurrency = options.concurrency or client.max_concurrency,
    on_progress = options.on_progress, results = {},
  }
  local group = tasks.group(client, function(worker, task)
    run.workers = run.workers - 1
    if worker.i then
      note(run, worker.i, nil, task.reason or
        ("raised: %s"):format(tostring(task.reason)))
    end
  end)
  local ok, reason = wait.guard(wait.run, group, function()
    start_workers(run, group)
    return run.workers == 0
  end)
  if not ok then
    wait.give_up(client, group, reason)
  end
  return run.results
end

return map
