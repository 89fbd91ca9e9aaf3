--- Runs a tool that writes a file of what it saw, and returns read(FILE).
--- `format` makes its command of the file's path and the arguments.
return function(read, format, ...)
  local path = os.tmpname()
  local pipe = assert(io.popen(format:format(path, ...)))
  local said = pipe:read "*a"
  assert(pipe:close(), said)
  local found = read(path)
  os.remove(path)
  return found
end
