-- tools/coverage.lua C.INFO FOLDER LUA.INFO: writes what tools/cover.lua left
-- in FOLDER as LUA.INFO, in the format of lcov, and prints what was reached of
-- both and what was not.
local c_info, folder, lua_info = ...
local root = io.popen("pwd"):read "l"

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  assert(pipe:close(), command)
  return text:gmatch "[^\n]+"
end

-- ---- lines of Lua ----------------------------------------------------------

-- Nothing but what closes something: a function that always returns before
-- never comes to its end.
local function is_closing(text)
  return text and text:gsub("%f[%w]end%f[%W]", ""):gsub("%f[%w]else%f[%W]", "")
    :match "^[%s%]%)},;]*$"
end

-- The lines that have code, as the compiler lists it.
local function active_lines(file)
  local texts, active = {}, {}
  for text in io.lines(file) do
    texts[#texts + 1] = text
  end
  for row in lines_of("luac5.4 -l -p " .. file) do
    local line, code = row:match "^%s*%d+%s+%[(%d+)%]%s+(%u+)"
    line = code ~= "VARARGPREP" and tonumber(line)
    if line and not is_closing(texts[line]) then
      active[line] = true
    end
  end
  return active
end

local function counts_of_lua()
  local counts = {}
  for name in lines_of("ls " .. folder) do
    for row in io.lines(folder .. "/" .. name) do
      local file, line, count = row:match "^(%S+) (%d+) (%d+)$"
      line = tonumber(line)
      counts[file] = counts[file] or {}
      counts[file][line] = (counts[file][line] or 0) + tonumber(count)
    end
  end
  return counts
end

local function write_info()
  local counts = counts_of_lua()
  local out = assert(io.open(lua_info, "w"))
  for file in lines_of "find lua -name '*.lua' | sort" do
    out:write("TN:\nSF:", root, "/", file, "\n")
    local hit = counts[file] or {}
    local lines, found, reached = {}, 0, 0
    for line in pairs(active_lines(file)) do
      lines[#lines + 1] = line
    end
    table.sort(lines)
    for _, line in ipairs(lines) do
      found = found + 1
      reached = reached + (hit[line] and 1 or 0)
      out:write(("DA:%d,%d\n"):format(line, hit[line] or 0))
    end
    out:write(("LF:%d\nLH:%d\nend_of_record\n"):format(found, reached))
  end
  out:close()
end

-- ---- what was reached -------------------------------------------------------

-- Adds one count of `key`; what was compiled twice, for two versions of Lua, is
-- listed twice, and counts as reached where either was.
local function add(entries, key, line, reached)
  local entry = entries[key]
  if not entry then
    entry = { line, false }
    entries[key] = entry
    entries[#entries + 1] = entry
  end
  entry[2] = entry[2] or reached
end

local function file_of(files, name)
  if not files[name] then
    files[name] = { name = name, lines = {}, branches = {}, functions = {} }
    files[#files + 1] = files[name]
  end
  return files[name]
end

-- The files of an info file, in order: { name =, lines =, branches =, functions
-- = }: lines and branches are arrays of { line, reached }, functions are names
-- by the line where each begins.
local function read_info(path, files)
  local file
  for row in io.lines(path) do
    local name = row:match "^SF:(.*)"
    local start, called = row:match "^FN:(%d+),([%w_]+)"
    local line, count = row:match "^DA:(%d+),(%d+)"
    local branch, at, taken = row:match "^BRDA:((%d+),%d+,%d+),([%d-]+)"
    if name then
      file = file_of(files, name:sub(#root + 2))
    elseif start then
      file.functions[tonumber(start)] = called
    elseif line then
      add(file.lines, "line " .. line, tonumber(line), count ~= "0")
    elseif at then
      add(file.branches, branch, tonumber(at), taken ~= "0" and taken ~= "-")
    end
  end
  return files
end

local function rate(files, folder_name, what)
  local found, reached = 0, 0
  for _, file in ipairs(files) do
    if file.name:sub(1, #folder_name) == folder_name then
      for _, entry in ipairs(file[what]) do
        found = found + 1
        reached = reached + (entry[2] and 1 or 0)
      end
    end
  end
  if found == 0 then
    return ""
  end
  return ("%s %5.1f %% (%d of %d)"):format(what, 100 * reached / found, reached,
    found)
end

-- "3, 7-9, 12x2": each line once, with how many things of it were missed.
local function missed(entries, adjacent)
  local out, count, first, last = {}, 0, nil, nil
  local function flush()
    if first then
      local text = first == last and tostring(first) or first .. "-" .. last
      local many = count > 1 and not adjacent
      out[#out + 1] = text .. (many and "x" .. count or "")
    end
  end
  for _, entry in ipairs(entries) do
    if not entry[2] then
      if last and (entry[1] == last or adjacent and entry[1] == last + 1) then
        count, last = count + 1, entry[1]
      else
        flush()
        count, first, last = 1, entry[1], entry[1]
      end
    end
  end
  flush()
  return table.concat(out, ", ")
end

local function print_missed(files)
  for _, file in ipairs(files) do
    local lines, branches = missed(file.lines, true), missed(file.branches)
    if lines ~= "" then
      print(("  %s: lines %s"):format(file.name, lines))
    end
    if branches ~= "" then
      print(("  %s: branches at %s"):format(file.name, branches))
    end
  end
end

-- ---- with what reason not ---------------------------------------------------

local REASONS = "spec/unreached.txt"

local function read_reasons()
  local reasons = {}
  for row in io.lines(REASONS) do
    local file, name, reason = row:match "^(src/%S+) (%S+) +(%S.*)$"
    if file then
      reasons[file .. " " .. name] = reason
    end
  end
  return reasons
end

local function function_at(file, line)
  while line > 0 and not file.functions[line] do
    line = line - 1
  end
  return file.functions[line] or "?"
end

-- Prints the lines of the core that no suite reached and for which there is no
-- reason; whether there is none.
local function all_have_reasons(files)
  local reasons, all = read_reasons(), true
  for _, file in ipairs(files) do
    for _, entry in ipairs(file.name:find "^src/core/" and file.lines or {}) do
      local name = function_at(file, entry[1])
      if not entry[2] and not reasons[file.name .. " " .. name] then
        all = false
        print(("  unreached without a reason in %s: %s:%d, %s"):format(REASONS,
          file.name, entry[1], name))
      end
    end
  end
  return all
end

write_info()
local files = read_info(lua_info, read_info(c_info, {}))
print "\nNot reached:"
print_missed(files)
print "\nReached:"
for _, part in ipairs { { "core", "src/core" }, { "binding", "src/binding" },
  { "lua", "lua/" } } do
  print(("  %-8s %s   %s"):format(part[1], rate(files, part[2], "lines"),
    rate(files, part[2], "branches")))
end
os.exit(all_have_reasons(files))
