-- busted's results as TAP, for tools/test. busted's own TAP writer dies of a
-- spec file that does not compile, and then nobody learns why.
local base = require "busted.outputHandlers.base"
local busted = require "busted"

local function write(format, ...)
  io.write(format:format(...), "\n")
end

local function comment(text)
  write("# %s", (tostring(text):gsub("\n", "\n# ")))
end

local function text_of(message)
  if type(message) == "table" and not getmetatable(message) then
    return require("pl.pretty").write(message)
  end
  return tostring(message)
end

local function fail(number, problem)
  local trace = problem.element and problem.element.trace or {}
  write("not ok %d - %s", number, tostring(problem.name))
  if trace.short_src then
    comment(("%s:%s"):format(trace.short_src, trace.currentline or "?"))
  end
  comment(text_of(problem.message))
  if problem.isError and problem.trace and problem.trace.traceback then
    comment((problem.trace.traceback:gsub("^\n", "")))
  end
end

return function()
  local handler = base()
  local count = 0

  function handler.test_end(_, _, status)
    count = count + 1
    if status == "success" then
      local test = handler.successes[#handler.successes]
      write("ok %d - %s", count, test.name)
    elseif status == "pending" then
      local test = handler.pendings[#handler.pendings]
      write("ok %d - %s # SKIP %s", count, test.name,
        text_of(test.message or ""))
    elseif status == "failure" then
      fail(count, handler.failures[#handler.failures])
    else
      fail(count, handler.errors[#handler.errors])
    end
    io.flush()
    return nil, true
  end

  -- What goes wrong outside a test: in a file, a describe, a setup.
  function handler.outside(element)
    if element.descriptor ~= "it" then
      count = count + 1
      fail(count, handler.errors[#handler.errors])
      io.flush()
    end
    return nil, true
  end

  -- Last, so that a run that ended early is seen to lack it.
  function handler.suite_end()
    write("1..%d", count)
    io.flush()
    return nil, true
  end

  busted.subscribe({ "test", "end" }, handler.test_end,
    { predicate = handler.cancelOnPending })
  busted.subscribe({ "error" }, handler.outside)
  busted.subscribe({ "failure" }, handler.outside)
  busted.subscribe({ "suite", "end" }, handler.suite_end)
  return handler
end
