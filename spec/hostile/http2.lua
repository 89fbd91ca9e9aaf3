-- What the hostile server knows of HTTP/2: frames, and just enough of the rest
-- to get a request out of a client. Requests are written down by their stream.

local PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

-- Types and flags of frames.
local HEADERS, SETTINGS = 1, 4
local END_STREAM, END_HEADERS, ACK = 1, 4, 1

return function(Peer, write_down)
  -- The next so many bytes; nil at the end.
  local function take(peer, size)
    while #peer.buffer < size do
      if not peer:fill() then
        return nil
      end
    end
    local bytes = peer.buffer:sub(1, size)
    peer.buffer = peer.buffer:sub(size + 1)
    return bytes
  end

  --- A frame as bytes.
  function Peer.frame(kind, flags, stream, payload)
    return string.pack(">I3BBI4", #payload, kind, flags, stream) .. payload
  end

  --- A header line that is not compressed.
  function Peer.literal(name, value)
    return string.pack("Bs1s1", 0, name, value)
  end

  --- The head of an answer: these header lines, compressed or not.
  function Peer:head(stream, block, flags)
    return self:send(self.frame(HEADERS, flags or END_HEADERS, stream, block))
  end

  --- A part of the body; the last one where `last`.
  function Peer:data(stream, bytes, last)
    return self:send(self.frame(0, last and END_STREAM or 0, stream, bytes))
  end

  --- A whole answer with status 200, which is 8 in the table of HPACK.
  function Peer:reply(stream, body)
    return self:head(stream, "\x88") and self:data(stream, body, true)
  end

  --- Ends a stream with an error.
  function Peer:rst(stream, code)
    return self:send(self.frame(3, 0, stream, string.pack(">I4", code)))
  end

  --- Says that streams past `last` will not be answered.
  function Peer:goaway(last, code)
    return self:send(self.frame(7, 0, 0, string.pack(">I4I4", last, code)))
  end

  --- The stream of the next request, read to its end; nil at the end.
  function Peer:stream()
    while true do
      local head = take(self, 9)
      if not head then
        return nil
      end
      local size, kind, flags, stream = string.unpack(">I3BBI4", head)
      if not take(self, size) then
        return nil
      end
      if kind == SETTINGS and flags & ACK == 0 then
        self:send(self.frame(SETTINGS, ACK, 0, ""))
      end
      if kind <= HEADERS and flags & END_STREAM ~= 0 then
        write_down { port = self.name, line = "stream " .. stream, head = "",
          body = "" }
        return stream
      end
    end
  end

  --- Begins; with these settings. Returns the stream of the first request.
  function Peer:begin(settings)
    if take(self, #PREFACE) ~= PREFACE then
      return nil
    end
    self:send(self.frame(SETTINGS, 0, 0, settings or ""))
    return self:stream()
  end
end
