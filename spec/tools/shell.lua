-- Commands for the specs of the tools.
local shell = {}

--- A word for the shell.
function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a command line; returns all that it printed, and its exit code.
function shell.run(line)
  local pipe = assert(io.popen("{ " .. line .. "\n} 2>&1; echo \"=$?\""))
  local text = pipe:read "*a"
  pipe:close()
  local printed, code = text:match "^(.*)=(%d+)\n$"
  return printed, tonumber(code)
end

--- What a command line printed; an error when it failed.
function shell.must(line)
  local text, code = shell.run(line)
  if code ~= 0 then
    error(line .. "\n" .. text, 2)
  end
  return text
end

--- The lines of a text, without blank ones.
function shell.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

function shell.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

return shell
