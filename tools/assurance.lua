-- tools/assurance.lua SECONDS [STEP...]: runs the steps, all of them where none
-- is named, and writes how they ended into docs/assurance.md, a section a step.
-- The sections of steps that are not run stay as they are. What a step printed
-- is kept in build/assurance. For `make check-deep`; SECONDS are each fuzz
-- target's.
local seconds = assert(arg[1], "usage: tools/assurance.lua SECONDS [STEP...]")

local PAGE = "docs/assurance.md"
local LOGS = "build/assurance"

-- What is kept of a step's output are the lines that one of `keep` matches.
local steps = {
  { name = "analyze", about = "gcc's -fanalyzer over the core and the binding"
      .. "; clang's analyzer and cppcheck are in `make lint`",
    run = "make -B objects BUILD=build/analyzer CC=gcc WERROR=1 "
      .. "CFLAGS='-O2 -fanalyzer'",
    keep = { "warning:" } },
  { name = "fuzz", about = "libFuzzer under ASan and UBSan; cov are the edges "
      .. "and ft the features that the corpus covers",
    run = ("make fuzz SECONDS=%d"):format(seconds),
    keep = { "runs/s", "^  [%l=]" } },
  { name = "torture", about = "each allocation of a scenario failed in turn, "
      .. "on Lua 5.4",
    run = "make torture", keep = { "^ok", "^not ok", "^# .*: " } },
  { name = "torture-luajit", about = "the same on LuaJIT. Of 2.1-20230119 it "
      .. "is known that it writes past the end of a coroutine's stack itself "
      .. "where there is no memory to grow it",
    run = "make torture LUA=luajit", keep = { "^ok", "^not ok", "^# .*: " } },
  { name = "valgrind", about = "all suites that load what is in C, on Lua 5.4",
    run = "make valgrind", keep = { "^FAIL", "^%d+ suites" } },
  { name = "tsan", about = "Lua states in many threads under ThreadSanitizer",
    run = "make tsan", keep = { "^ok", "^not ok" } },
  { name = "coverage", about = "what all suites together reach",
    run = "make coverage",
    keep = { "^  FAIL", "^  core ", "^  binding ", "^  lua ", "passed, " } },
  { name = "soak", about = "one process, 1,000,000 calls, then 100,000 clients "
      .. "made and dropped; resident memory",
    run = "make soak", keep = { "^Lua", "after the first" } },
  { name = "soak-faults", about = "10,000 calls with faults, each compared "
      .. "with its effect",
    run = "make soak-faults", keep = { "^ok", "^not ok" } },
}

-- ---- running ---------------------------------------------------------------

local function said_by(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local text = pipe:read "a"
  pipe:close()
  return (text:gsub("%s+$", ""))
end

-- By git's names of what it holds: a commit may be written anew.
local function code()
  local dirty = said_by "git status --porcelain -- src lua" ~= ""
  return ("src is %s, lua %s%s"):format(
    said_by "git rev-parse --short HEAD:src",
    said_by "git rev-parse --short HEAD:lua", dirty and ", changed" or "")
end

local function machine()
  return ("%s; %s processors, %s; libcurl %s; %s"):format(
    said_by ". /etc/os-release && echo $PRETTY_NAME",
    said_by "getconf _NPROCESSORS_ONLN",
    said_by "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1",
    said_by "pkg-config --modversion libcurl",
    said_by "gcc --version | sed -n '1s/.*) /gcc /p'")
end

local function is_kept(step, line)
  for _, pattern in ipairs(step.keep) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

local function kept_of(step, log)
  local kept = {}
  for line in io.lines(log) do
    if is_kept(step, line) then
      kept[#kept + 1] = line
    end
  end
  return kept
end

-- The section of a step, of which the run is over.
local function section_of(step, ok, took)
  local kept = kept_of(step, ("%s/%s.log"):format(LOGS, step.name))
  local figures = #kept > 0 and
    ("\n```\n%s\n```\n"):format(table.concat(kept, "\n")) or ""
  return ("## %s: %s\n\n%s.\n`%s`, %s, %d min, %s.\n%s.\n%s"):format(
    step.name, ok and "ok" or "FAILED", step.about, step.run,
    os.date "!%Y-%m-%d", math.ceil(took / 60), code(), machine(), figures)
end

local function run(step)
  local log = ("%s/%s.log"):format(LOGS, step.name)
  local began = os.time()
  local ok = os.execute(("%s >'%s' 2>&1 </dev/null"):format(step.run, log))
  local took = os.time() - began
  print(("%-4s  %s (%d s)"):format(ok and "ok" or "FAIL", step.name, took))
  if not ok then
    print("      see " .. log)
  end
  return ok, section_of(step, ok, took)
end

-- ---- the page --------------------------------------------------------------

local HEAD = [[
# Assurance

How the heavy checks ended when they were last run, each for itself: what takes
too long for every change. Written by `make check-deep`, or, for some of them,
`make check-deep STEPS="fuzz soak"`; not by hand.

]]

-- The sections of the page as it is, by name.
local function read_page()
  local sections, name = {}, nil
  local file = io.open(PAGE)
  for line in file and file:lines() or function() end do
    name = line:match "^## ([%w-]+)" or name
    if name then
      sections[name] = (sections[name] or "") .. line .. "\n"
    end
  end
  if file then
    file:close()
  end
  return sections
end

local function write_page(sections)
  local parts = {}
  for _, step in ipairs(steps) do
    local section = sections[step.name]
    parts[#parts + 1] = section and section:gsub("%s*$", "\n")
  end
  local file = assert(io.open(PAGE, "w"))
  file:write(HEAD, table.concat(parts, "\n"))
  file:close()
end

-- ---- the call --------------------------------------------------------------

local wanted = {}
for i = 2, #arg do
  wanted[arg[i]] = true
end
local chosen = {}
for _, step in ipairs(steps) do
  if #arg < 2 or wanted[step.name] then
    chosen[#chosen + 1] = step
    wanted[step.name] = nil
  end
end
local unknown = next(wanted)
if unknown then
  io.stderr:write("no step '", unknown, "'\n")
  os.exit(2)
end

os.execute("mkdir -p " .. LOGS)
local all_ok = true
for _, step in ipairs(chosen) do
  local ok, section = run(step)
  all_ok = all_ok and ok
  local sections = read_page()
  sections[step.name] = section
  write_page(sections)
end
os.exit(all_ok)
