-- The lines that the ready-made hooks write.
local log = require "zuora.log"

local TEMPLATE = "PUT /v1/entity-connections/{connection-id}/accept"

local function event(more)
  local made = { name = "attempt_end", operation = "connections.accept",
    template = TEMPLATE, call = 3 }
  for name, value in pairs(more or {}) do
    made[name] = value
  end
  return made
end

describe("a line of the log", function()
  it("has the event, its template and its fields in one order", function()
    assert.equal('attempt_end "' .. TEMPLATE .. '" call=3 attempt=2 ' ..
      "status=503 kind=http outcome=unknown found=before seconds=0.2500 " ..
      "zuora_request_id=abc zuora_track_id=\"onboarding 7\" " ..
      "name_lookup=0 connect=0.0010 tls=0.0200 first_byte=1 total=1.5000 " ..
      "rate_limit_remaining=399",
      log.line(event { attempt = 2, status = 503, kind = "http",
        outcome = "unknown", found = "before", seconds = 0.25,
        zuora_request_id = "abc", zuora_track_id = "onboarding 7",
        timings = { name_lookup = 0, connect = 0.001, tls = 0.02,
          first_byte = 1, total = 1.5 },
        rate_limit = { remaining = 399 } }))
  end)

  it("has no more than is known", function()
    assert.equal('attempt_end "' .. TEMPLATE .. '" call=3', log.line(event()))
    assert.equal('attempt_end "' .. TEMPLATE .. '" call=3',
      log.line(event { rate_limit = {} }))
  end)

  it("tells of a store that is out of reach", function()
    assert.equal('store reason="connection refused"',
      log.line { name = "store", reason = "connection refused" })
  end)

  it("stands timings of which some are missing", function()
    assert.matches("total=1$", log.line(event { timings = { total = 1 } }))
  end)

  it("is one line, whatever a server put into its ids", function()
    local line = log.line(event { zuora_request_id = 'a\r\nb="c"\0\255' })
    assert.is_nil(line:find "[^\32-\126]")
    assert.is_truthy(line:find([[zuora_request_id="a??b=\"c\"??"]], 1, true))
  end)

  it("shows only what it names", function()
    local line = log.line(event { carried = "SECRET", id = "SECRET",
      headers = "SECRET", body = "SECRET", rate_limit = { limit = "SECRET" },
      concurrency_limit = { type = "SECRET" },
      timings = { total = 1, bytes_sent = "SECRET" } })
    assert.is_nil(line:find "SECRET")
  end)
end)

describe("the hook for a file", function()
  it("writes a line for each event", function()
    local written = {}
    local hook = log.stderr { write = function(_, ...)
      written[#written + 1] = table.concat { ... }
    end }
    hook(event { name = "call_begin" })
    hook(event { name = "call_end", seconds = 1 })
    assert.same({ 'zuora call_begin "' .. TEMPLATE .. '" call=3\n',
      'zuora call_end "' .. TEMPLATE .. '" call=3 seconds=1\n' }, written)
  end)
end)

describe("the hook for nginx", function()
  local lines

  before_each(function()
    lines = {}
    _G.ngx = { INFO = 7, WARN = 5, DEBUG = 8, log = function(level, ...)
      lines[#lines + 1] = { level, table.concat { ... } }
    end }
  end)

  after_each(function()
    _G.ngx = nil
  end)

  it("writes at the level that is asked for, INFO unless told", function()
    log.ngx()(event { name = "call_begin" })
    log.ngx(8)(event { name = "call_begin" })
    assert.same({ 7, 'zuora call_begin "' .. TEMPLATE .. '" call=3' }, lines[1])
    assert.equal(8, lines[2][1])
  end)

  it("warns of calls that failed, and of nothing else", function()
    local hook = log.ngx(8)
    hook(event { name = "call_end", kind = "http", seconds = 1 })
    hook(event { name = "call_end", seconds = 1 })
    hook(event { name = "attempt_end", kind = "network" })
    assert.equal(5, lines[1][1])
    assert.equal(8, lines[2][1])
    assert.equal(8, lines[3][1])
  end)
end)
