-- Values that could mean something else on the way: each arrives as it was
-- given, byte for byte and where it belongs, or is refused before it leaves.
local json = require "zuora.json"
local sandbox = require "spec.wire.sandbox"

local HOSTILE = {
  "", ".", "..", "...", "%", "%2e%2e", "%2E", "%2F", "%00", "%%", "%zz", "?",
  "??x=y", "#", "#x", "/", "//", "../entities", "a/../b", "a/b", "\\", "a\\b",
  "&", "a&b=c", "=", "+", "a+b", " ", " a ", "a b", "\t", "a\tb", "\r\n",
  "a\r\nX-Evil: 1", "a\nb", "a\rb", "\0", "a\0b", "\127", "\1", "'", "\"",
  "a'b\"c", "\"}", "`", "$(x)", "${x}", "<x>", "ä", "日本語", "🙂",
  "e\204\129", "\226\128\174x", "\239\187\191x", "\255\254", "\192\175", ";",
  "a;b", ":", "a:b", "@", "a@b", "*", "~", "null", "true", "-1", "0x0",
  "http://evil.example/", ("x"):rep(2000), ("ä%/"):rep(500), ("x"):rep(10240),
}

local function is_plain(value)
  return not value:find "[%c\127]"
end

-- A header of blanks alone would not be sent.
local function fits_header(value)
  return is_plain(value) and value:find "[^ ]" ~= nil
end

-- How a value is shown in the name of a test.
local function show(value)
  if #value > 40 then
    return ("%d bytes, %s..."):format(#value, show(value:sub(1, 8)))
  end
  return '"' .. value:gsub("[%c\127-\255]", function(c)
    return ("\\%d"):format(c:byte())
  end) .. '"'
end

local function decode(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

describe("a hostile value", function()
  local client

  setup(function()
    sandbox.token()
    sandbox.reset { keep_tokens = true }
    client = sandbox.bearer { max_attempts = 1, settle = false }
    assert(client.connections.list())
  end)

  teardown(function()
    client:close()
  end)

  -- Either it was sent, and `check` gets what the server saw, or it is an
  -- argument error about that parameter and nothing was.
  local function either(sent, parameter, call, check)
    sandbox.forget()
    local result, err = call()
    local journal = sandbox.journal()
    if sent then
      assert.equal(1, #journal, err and tostring(err))
      return check(journal[1], result)
    end
    assert.is_nil(result)
    assert.equal("argument", err.kind)
    assert.equal(parameter, err.parameter)
    assert.equal(0, #journal)
    assert.is_nil(tostring(err):find "[%c]")
  end

  -- What no encoding saves: servers decode %2E before they resolve dots.
  local function names_itself(value)
    local plain = decode(value)
    return plain == "" or plain == "." or plain == ".."
  end

  -- The whole URL, and a head, have an end.
  local function too_long(value)
    return #value > 8000
  end

  -- Blanks around a header's value are not part of it.
  local function trim(value)
    return value:match "^ *(.-) *$"
  end

  for _, value in ipairs(HOSTILE) do
    local shown = show(value)
    local in_path = is_plain(value) and not names_itself(value) and
      not too_long(value)

    it("as an id in the path: " .. shown, function()
      either(in_path, not too_long(value) and "connection_id" or nil,
        function()
          return client.connections.accept(value)
        end, function(seen)
          assert.equal("PUT", seen.method)
          assert.equal(value, decode(seen.target
            :match "^/v1/entity%-connections/([%w%-%._~%%]+)/accept$"))
        end)
    end)

    it("as an id of an entity: " .. shown, function()
      either(in_path, not too_long(value) and "id" or nil, function()
        return client.entities.get(value)
      end, function(seen)
        assert.equal(value, decode(seen.target
          :match "^/v1/entities/([%w%-%._~%%]+)$"))
      end)
    end)

    it("in the query: " .. shown, function()
      either(not too_long(value), nil, function()
        return client:request { path = "/v1/_echo/q",
          query = { q = value, after = "1" } }
      end, function(seen)
        local query = "&" .. seen.target:match "^/v1/_echo/q%?(.*)$"
        local rest, n = query:gsub("&after=1", "")
        assert.equal(1, n)
        assert.equal(value, decode(rest:match "^&q=([%w%-%._~%%]*)$"))
      end)
    end)

    it("as a name in the query: " .. shown, function()
      either(not too_long(value), nil, function()
        return client:request { path = "/v1/_echo/q",
          query = { [value] = "v" } }
      end, function(seen)
        assert.equal(value, decode(seen.target
          :match "^/v1/_echo/q%?([%w%-%._~%%]*)=v$"))
      end)
    end)

    it("in a header: " .. shown, function()
      either(fits_header(value), "headers", function()
        return client:request { path = "/v1/_echo/h",
          headers = { ["X-Value"] = value } }
      end, function(seen)
        assert.equal(trim(value), trim(seen.headers["x-value"] or ""))
        assert.is_nil(seen.headers["x-evil"])
      end)
    end)

    it("as the track id: " .. shown, function()
      either(#value <= 64 and fits_header(value) and
        not value:find "[:;\"'\128-\255]", "zuora_track_id", function()
          return client:request { path = "/v1/_echo/t",
            zuora_track_id = value }
        end, function(seen)
          assert.equal(trim(value), trim(seen.headers["zuora-track-id"] or ""))
        end)
    end)

    it("as the entity: " .. shown, function()
      either(fits_header(value), "zuora_entity_ids", function()
        return client:request { path = "/v1/_echo/e",
          zuora_entity_ids = value }
      end, function(seen)
        assert.equal(trim(value), trim(seen.headers["zuora-entity-ids"] or ""))
      end)
    end)

    it("in the body: " .. shown, function()
      either(value ~= "" and #value <= 32 and is_plain(value),
        "target_entity_id", function()
          return client.connections.initiate(value)
        end, function(seen)
          assert.same({ targetEntityId = value }, json.decode(seen.body))
        end)
    end)

    it("in a body of one's own: " .. shown, function()
      local body = { value = value, [value .. "x"] = 1 }
      either(true, nil, function()
        return client:request { method = "POST", path = "/v1/_echo/b",
          body = body }
      end, function(seen, result)
        assert.same(body, json.decode(seen.body))
        assert.equal("POST", result.method)
      end)
    end)
  end
end)
