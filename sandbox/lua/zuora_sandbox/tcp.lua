-- What nginx cannot do to a connection: reset it at once, whatever runs on it
-- (TLS, several HTTP/2 streams), or end it without a goodbye.
local ffi = require "ffi"

local tcp = {}

ffi.cdef [[
int getpeername(int fd, void *address, unsigned int *length);
int getsockname(int fd, void *address, unsigned int *length);
int connect(int fd, const void *address, unsigned int length);
int shutdown(int fd, int how);
int getppid(void);
int getpid(void);
int kill(int pid, int signal);
]]

local MOST_DESCRIPTORS = 65536
-- The lowest that is free is given out first: after so many free ones in a row
-- there are no more. To ask each holds up everybody for a tenth of a second.
local MOST_FREE = 1024
local EBADF = 9
local AF_UNSPEC_ADDRESS = ffi.new("unsigned char[16]")

local function port_by(get, fd)
  local address = ffi.new("unsigned char[128]")
  local length = ffi.new("unsigned int[1]", 128)
  if get(fd, address, length) ~= 0 then
    return nil
  end
  return address[2] * 256 + address[3]
end

-- nginx does not tell the descriptor of a connection, but the two ports do.
local function descriptor()
  local remote = tonumber(ngx.var.remote_port)
  local own = tonumber(ngx.var.server_port)
  local free = 0
  for fd = 3, MOST_DESCRIPTORS do
    local port = port_by(ffi.C.getpeername, fd)
    if port == remote and port_by(ffi.C.getsockname, fd) == own then
      return fd
    end
    free = not port and ffi.errno() == EBADF and free + 1 or 0
    if free == MOST_FREE then
      return nil
    end
  end
end

--- Resets the connection of the current request. Does not return.
function tcp.reset()
  if ffi.os ~= "Linux" then
    return ngx.exec("@reset")
  end
  local fd = descriptor()
  if fd then
    -- To connect to nowhere is how Linux is asked to forget a connection, and
    -- it tells the other side by a reset.
    ffi.C.connect(fd, AF_UNSPEC_ADDRESS, 16)
  end
  return ngx.exit(444)
end

--- Closes the connection of the current request. Does not return.
function tcp.close()
  if ngx.var.server_protocol == "HTTP/2.0" then
    -- nginx would end the stream alone.
    local fd = descriptor()
    if fd then
      ffi.C.shutdown(fd, 2)
    end
  end
  return ngx.exit(444)
end

--- The process that started this one.
function tcp.parent()
  return ffi.C.getppid()
end

--- Ends this process.
function tcp.stop()
  ffi.C.kill(ffi.C.getpid(), 15)
end

return tcp
