-- A helper of busted's: counts the lines of lua/ that are run, and writes the
-- counts into a file of its own in the folder that COVERED names, as lines
-- `file line count`. For tools/coverage.
local busted = require "busted"

local folder = assert(os.getenv "COVERED", "COVERED names no folder")
local counts = {} -- of a source: its lines; false: none of ours

if jit then
  jit.off() -- what is compiled runs no hooks
end

local function lines_of(source)
  local file = source:match "^@.*(lua/zuora/[%w_/]+%.lua)$"
  counts[source] = file and { file = file } or false
  return counts[source]
end

local function hook(_, line)
  local source = debug.getinfo(2, "S").source
  local lines = counts[source]
  if lines == nil then
    lines = lines_of(source)
  end
  if lines then
    lines[line] = (lines[line] or 0) + 1
  end
end

-- Each coroutine has a hook of its own.
local create, resume = coroutine.create, coroutine.resume

local function hooked(f)
  local co = create(f)
  debug.sethook(co, hook, "l")
  return co
end

local function pass(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

rawset(coroutine, "create", hooked)
rawset(coroutine, "wrap", function(f)
  local co = hooked(f)
  return function(...)
    return pass(resume(co, ...))
  end
end)

debug.sethook(hook, "l")

busted.subscribe({ "suite", "end" }, function()
  debug.sethook()
  local name = ("%s/%d-%s"):format(folder, os.time(),
    tostring(counts):match "0x(%x+)")
  local out = assert(io.open(name, "w"))
  for _, lines in pairs(counts) do
    for line, count in pairs(lines or {}) do
      if line ~= "file" then
        out:write(lines.file, " ", line, " ", count, "\n")
      end
    end
  end
  out:close()
  return nil, true
end)
