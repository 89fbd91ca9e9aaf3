-- Errors: one line that names the call, what happened and what to do; a report
-- for support.
local errors = require "zuora.errors"
local zuora = require "zuora"

local ID = "4f2b7d1e-0c0a-4b53-9d8a-0a64a1c0de11"

local function make(fields)
  fields.operation = fields.operation or "connections.accept"
  fields.message = fields.message or "it went wrong"
  return errors.new(fields)
end

-- Kind, further fields, and what its line ends with.
local LINES = {
  { "argument", {}, "nothing was sent; correct the call" },
  { "argument", { outcome = "not_done" },
    "nothing was sent; correct the call" },
  { "network", {}, "try again" },
  { "network", { outcome = "not_done" },
    "(outcome not done); try again" },
  { "network", { outcome = "unknown" },
    "(outcome unknown); whether it was carried out is unknown: look before " ..
    "repeating it" },
  { "timeout", {}, "try again, or allow more time" },
  { "tls", {}, "check base_url and ca_file" },
  { "auth", { status = 401 },
    "(HTTP 401); check the credentials and what their user may do" },
  { "rate_limit", { status = 429 },
    "(HTTP 429); wait before trying again" },
  { "rate_limit", { status = 429, retry_after = 7 },
    "(HTTP 429); wait 7 s before trying again" },
  { "rate_limit", { retry_after = 0.25 }, "wait 0.25 s before trying again" },
  { "api", { status = 200, code = 53100320, category = 20 },
    "(HTTP 200, code 53100320); correct the call before repeating it" },
  { "api", { category = 10 }, "the user lacks the permission" },
  { "api", { category = 11 },
    "check the credentials and what their user may do" },
  { "api", { category = 40 },
    "check the id and the entity that it was asked of" },
  { "api", { category = 50 }, "something else holds it; try again" },
  { "api", { category = 61 }, "try again" },
  { "api", { category = 99 },
    "a system behind Zuora failed; try again later" },
  { "api", {}, "correct the call before repeating it" },
  { "http", { status = 503 }, "(HTTP 503); try again later" },
  { "http", { status = 307 },
    "(HTTP 307); check that base_url is a Zuora REST host" },
  { "protocol", { status = 200 },
    "(HTTP 200); check that base_url is a Zuora REST host" },
  { "cancelled", { attempts = 1 }, "the client was closed or the call ended" },
  { "cancelled", {}, "nothing was sent" },
}

describe("the line of an error", function()
  for _, row in ipairs(LINES) do
    local kind, fields, ending = row[1], row[2], row[3]
    it(("of kind %s says: %s"):format(kind, ending), function()
      local given = { kind = kind }
      for name, value in pairs(fields) do
        given[name] = value
      end
      local text = tostring(make(given))
      assert.equal("connections.accept: it went wrong", text:sub(1, 33))
      assert.equal(ending, text:sub(-#ending))
      assert.is_nil(text:find "[\r\n]")
    end)
  end

  it("holds all facts, in one order", function()
    assert.equal("connections.accept: it went wrong (HTTP 400, code 53100320" ..
      ", outcome not done, request id " .. ID .. ", track id onboarding 7, " ..
      "process id CBCFED6580B4E076); correct the call before repeating it",
      tostring(make { kind = "api", status = 400, code = 53100320,
        category = 20, outcome = "not_done", zuora_request_id = ID,
        zuora_track_id = "onboarding 7", process_id = "CBCFED6580B4E076" }))
  end)

  it("shows a large code as it is", function()
    assert.matches("code 123456789012345%)", tostring(make { kind = "api",
      code = 123456789012345 }))
  end)

  it("stands a per cent sign in what it shows", function()
    assert.matches("100%%d%%s", tostring(make { kind = "network",
      message = "100%d%s" }))
  end)
end)

describe("an error", function()
  it("has its defaults", function()
    local before = os.time()
    local err = make { kind = "network" }
    assert.equal(0, err.attempts)
    assert.is_false(err.retryable)
    assert.is_nil(err.outcome)
    assert.is_true(err.time >= before and err.time <= os.time())
  end)

  it("is recognised, and nothing else is", function()
    assert.is_true(errors.is(make { kind = "network" }))
    assert.is_true(zuora.is_error(make { kind = "network" }))
    for _, value in ipairs { {}, "x", 1, true, print } do
      assert.is_false(errors.is(value))
    end
    assert.is_false(errors.is(nil))
  end)

  it("of an argument names the parameter and the outcome of a change",
    function()
      local read = errors.argument({ name = "x.list" }, "page", "is wrong")
      assert.equal("page is wrong", read.message)
      assert.equal("page", read.parameter)
      assert.is_nil(read.outcome)
      local write = errors.argument({ name = "x.put", writes = true }, nil,
        "all is wrong")
      assert.equal("all is wrong", write.message)
      assert.equal("not_done", write.outcome)
    end)
end)

describe("the report of an error", function()
  it("has a line for each thing that support asks for", function()
    local err = make { kind = "api", status = 200, time = 1800000000,
      attempts = 2, outcome = "not_done", zuora_request_id = ID,
      zuora_track_id = "onboarding 7", process_id = "CBCFED6580B4E076",
      reasons = { { code = 53100320, message = "first" },
        { code = "SystemError", message = "second" }, { message = "third" },
        { code = 70 } } }
    assert.equal(table.concat({
      "Operation: connections.accept",
      "Time (UTC): 2027-01-15 08:00:00",
      "HTTP status: 200",
      "Zuora-Request-Id: " .. ID,
      "Zuora-Track-Id: onboarding 7",
      "processId: CBCFED6580B4E076",
      "Attempts: 2",
      "Outcome: not_done",
      "Reason: 53100320 first",
      "Reason: SystemError second",
      "Reason: - third",
      "Reason: 70 ",
      "What happened: it went wrong",
    }, "\n"), err:report())
  end)

  it("leaves out what is not known", function()
    assert.equal("Operation: connections.accept\n" ..
      "Time (UTC): 1970-01-01 00:00:00\nAttempts: 0\n" ..
      "What happened: it went wrong",
      make({ kind = "network", time = 0 }):report())
  end)

  it("has no lines that a server could have added", function()
    local err = make { kind = "api", time = 0, process_id = "a\nHTTP status: 9",
      reasons = { { code = "a\nb", message = "c\r\nAttempts: 9" } } }
    local _, count = err:report():gsub("\n", "")
    assert.equal(5, count)
    assert.is_nil(tostring(err):find "[\r\n]")
  end)
end)

describe("a quotation", function()
  it("is printable, its blanks are one, its length is bounded", function()
    assert.equal("a b c", errors.quote("\r\n a\0\t b\255\127c"))
    assert.equal("", errors.quote "")
    assert.equal("", errors.quote "\n\n")
    assert.equal(200, #errors.quote(("x"):rep(5000)))
    assert.equal(200, #errors.quote((" x"):rep(500)))
  end)
end)
