-- Garbage collection at its most eager, for a whole run of busted:
--
--   MODE=hook lua5.4 /usr/bin/busted --helper=spec/process/pressure.lua ...
--
-- generational (5.4); steady: a cycle without pause; hook: a full collection
-- every so many instructions.
local MODES = {}

function MODES.generational()
  if _VERSION == "Lua 5.4" then
    collectgarbage("generational", 5, 5)
  end
end

function MODES.steady()
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 10000)
end

function MODES.hook()
  local jit = rawget(_G, "jit")
  if jit then
    jit.off()
  end
  local create = coroutine.create
  local function press(...)
    debug.sethook(...)
  end
  local function collect()
    collectgarbage()
  end
  press(collect, "", 20011)
  -- Each coroutine has a hook of its own.
  coroutine.create = function(run) -- luacheck: ignore
    local made = create(run)
    press(made, collect, "", 20011)
    return made
  end
end

MODES[os.getenv "MODE" or "hook"]()
