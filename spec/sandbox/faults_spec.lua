-- Faults on demand, as curl feels them: its exit codes say what happened.
local http = require "spec.sandbox.http"

local LIST = "/v1/entity-connections"
local CUT, EMPTY, TIMEOUT, RESET, BAD_ENCODING, HTTP2 = 18, 52, 28, 56, 61, 92

local function list(o)
  return http.get(LIST, o)
end

local function accept(o)
  return http.move("accept", http.pending_in, nil, o)
end

local function on(kind, more)
  local fault = more or {}
  fault.kind = kind
  return http.fault(fault)
end

before_each(http.reset)

describe("a fault on the wire", function()
  it("resets the connection, with TLS, HTTP/2 or without", function()
    on("reset", { times = 3 })
    assert.equal(RESET, list().curl)
    assert.equal(RESET, list({ plain = true }).curl)
    assert.is_true(list({ http2 = true }).curl ~= 0)
    http.taken(list())
  end)

  it("closes it without a word", function()
    on("close", { times = 2 })
    assert.equal(EMPTY, list({ plain = true }).curl)
    assert.is_true(list({ http2 = true }).curl ~= 0)
  end)

  it("cuts the body", function()
    on("cut", { times = 2, when = "after" })
    local answer = list()
    assert.equal(200, answer.status)
    -- TLS that ends without its goodbye is an error of its own.
    assert.is_true(answer.curl == CUT or answer.curl == RESET)
    assert.is_true(#answer.body < tonumber(answer.headers["content-length"]))
    local code = list({ http2 = true }).curl
    assert.is_true(code == HTTP2 or code == CUT)
  end)

  it("stalls after the head", function()
    on("stall", { seconds = 5 })
    local answer = list({ seconds = 1 })
    assert.equal(TIMEOUT, answer.curl)
    assert.equal(200, answer.status)
    assert.equal("", answer.body)
  end)

  it("drips", function()
    on("drip", { bytes_per_second = 400, path = "entities" })
    local start = os.time()
    local answer = http.get("/v1/entities/" .. http.us)
    http.taken(answer)
    assert.is_true(#answer.body > 200)
    http.fault { kind = "drip", bytes_per_second = 50 }
    assert.equal(TIMEOUT, list({ seconds = 1 }).curl)
    assert.is_true(os.time() - start >= 1)
  end)

  it("delays", function()
    on("delay", { seconds = 3 })
    assert.equal(TIMEOUT, list({ seconds = 1 }).curl)
    http.taken(list())
  end)
end)

describe("a fault in the answer", function()
  it("is a status, with a body, headers and Retry-After", function()
    on("status", { status = 503, retry_after = 7, headers = { ["X-A"] = "b",
      ["X-N"] = 0 } })
    local answer = list()
    http.refused(answer, 503, 61)
    assert.equal("7", answer.headers["retry-after"])
    assert.equal("b", answer.headers["x-a"])
    assert.equal("0", answer.headers["x-n"])
    for body, wanted in pairs { html = "<h1>", empty = "^$", ["a b"] = "^a b$" }
    do
      on("status", { status = 502, body = body })
      answer = list()
      assert.equal(502, answer.status)
      assert.truthy(answer.body:find(wanted))
    end
    on("status", { status = 418, body = { a = 1 } })
    assert.same({ a = 1 }, list().json)
    on("status", { status = 401 })
    http.refused(list(), 401, 90000011)
    on("status", { status = 429 })
    assert.equal(70, list().json.reasons[1].code)
  end)

  it("is a category or a code of Zuora's", function()
    on("category", { category = 50 })
    http.refused(list(), 200, 50)
    on("category", { code = 53200021, message = "m" })
    assert.equal("m", http.refused(list(), 200, 53200021).message)
  end)

  it("is HTML, wrong JSON or garbage for gzip", function()
    http.fault { { kind = "html" }, { kind = "wrong_json" },
      { kind = "gzip_garbage" } }
    local answer = list()
    assert.equal("text/html", answer.headers["content-type"])
    answer = list()
    assert.equal("application/json;charset=utf-8",
      answer.headers["content-type"])
    assert.is_nil(answer.json)
    assert.equal(BAD_ENCODING, list({ gzip = true }).curl)
  end)

  it("leads elsewhere", function()
    http.fault { { kind = "redirect" },
      { kind = "redirect", status = 307, location = "https://a.test/" } }
    assert.equal(http.tls_url .. "/elsewhere", list().headers.location)
    local answer = list()
    assert.equal(307, answer.status)
    assert.equal("https://a.test/", answer.headers.location)
  end)

  it("is big", function()
    http.fault { { kind = "big", bytes = 300000 },
      { kind = "big", bytes = 300000, gzip = false } }
    local answer = list({ gzip = true })
    assert.equal(300000, #answer.body)
    assert.is_true(tonumber(answer.headers["content-length"]) < 10000)
    answer = list({ gzip = true })
    assert.equal("300000", answer.headers["content-length"])
  end)
end)

describe("a fault before or after the effect", function()
  it("keeps the call from its effect, or hides it", function()
    for _, kind in ipairs { "reset", "close", "cut", "status", "html",
      "wrong_json", "gzip_garbage", "category", "stall", "redirect" } do
      http.reset()
      on(kind, { seconds = kind == "stall" and 0.1 or nil })
      accept()
      assert.equal("Pending", http.status_of(http.pending_in))
      on(kind, { when = "after", seconds = kind == "stall" and 0.1 or nil })
      accept()
      assert.equal("Connected", http.status_of(http.pending_in))
      assert.equal(1, http.effects()["accepted " .. http.pending_in])
    end
  end)

  it("is journaled, without a status where none was sent", function()
    on("reset", { when = "after" })
    accept()
    local entry = http.journal("?operation=connections.accept")[1]
    assert.equal("reset", entry.fault)
    assert.equal(require("cjson").null, entry.status)
    assert.equal("accepted " .. http.pending_in, entry.effect)
  end)

  it("delays before or after the effect", function()
    on("delay", { when = "after", seconds = 3 })
    assert.equal(TIMEOUT, accept({ seconds = 1 }).curl)
    assert.equal("Connected", http.status_of(http.pending_in))
    on("delay", { seconds = 3 })
    assert.equal(TIMEOUT, http.move("disconnect", http.connected, nil,
      { seconds = 1 }).curl)
    assert.equal("Connected", http.status_of(http.connected))
  end)
end)

describe("which calls a fault is for", function()
  local function statuses(n)
    local given = {}
    for i = 1, n do
      given[i] = list().status
    end
    return given
  end

  it("is said by method, path, operation", function()
    on("html", { match = { method = "PUT" } })
    on("html", { match = { path = "/accept$" } })
    on("html", { match = { operation = "connections.accept" } })
    http.taken(list())
    for _ = 1, 3 do
      assert.equal("text/html", accept().headers["content-type"])
    end
    http.taken(accept())
  end)

  it("is said by nth and times", function()
    on("status", { status = 500, nth = 2, times = 2 })
    assert.same({ 200, 500, 500, 200 }, statuses(4))
    on("status", { status = 500, times = 0 })
    assert.same({ 500, 500, 500 }, statuses(3))
    http.try("DELETE", "faults")
    assert.same({ 200 }, statuses(1))
  end)

  it("is the order in which they were given", function()
    http.fault { { kind = "status", status = 500 }, { kind = "none" },
      { kind = "status", status = 502, times = 2 } }
    assert.same({ 500, 200, 502, 502, 200 }, statuses(5))
  end)

  it("is a sequence's, step by step, and once or more often", function()
    http.fault { kind = "sequence", operation = "connections.list", steps = {
      { kind = "status", status = 503 }, { kind = "none" },
      { kind = "delay", seconds = 0.01 }, { kind = "status", status = 504 } } }
    http.taken(accept())
    assert.same({ 503, 200, 200, 504, 200 }, statuses(5))
    http.fault { kind = "sequence", nth = 2, times = 4, steps = {
      { kind = "status", status = 503 }, { kind = "none" } } }
    assert.same({ 200, 503, 200, 503, 200, 200 }, statuses(6))
  end)

  it("is by chance, the same for the same seed", function()
    local function draw(seed)
      http.try("DELETE", "faults")
      on("status", { status = 500, times = 0, probability = 0.5, seed = seed })
      return table.concat(statuses(12), " ")
    end
    local one = draw(7)
    assert.equal(one, draw(7))
    assert.not_equal(one, draw(8))
    assert.truthy(one:find "200" and one:find "500")
  end)

  it("is shown, with how often it was due", function()
    on("status", { status = 500, nth = 2 })
    statuses(3)
    local shown = http.try("GET", "faults").json[1]
    assert.equal(3, shown.seen)
    assert.equal(1, shown.hits)
    assert.equal("before", shown.when)
  end)
end)

describe("a fault that is wrong", function()
  for text, wanted in pairs {
    ['{"kind":"explode"}'] = "unknown fault explode; known: big, category,",
    ['{"kind":"html","colour":1}'] = "unknown field colour of the fault html",
    ['{"kind":"delay","seconds":"1"}'] = "seconds of the fault delay is a",
    ['{"kind":"html","when":"never"}'] = 'when is "before" or "after"',
    ['{"kind":"html","match":{"x":1}}'] = "unknown match.x; known: method,",
    ['{"kind":"html","match":{"nth":"1"}}'] = "match.nth is a number",
    ['{"kind":"html","match":{"path":"["}}'] = "match.path is no Lua pattern",
    ['{"kind":"status","status":99}'] = "status is a number from 200 to 599",
    ['{"kind":"status","headers":{"a":[]}}'] = "headers are an object of",
    ['{"kind":"drip","bytes_per_second":0}'] = "bytes_per_second is more",
    ['{"kind":"sequence","steps":[]}'] = "a sequence has an array of steps",
    ['{"kind":"sequence","steps":[{"kind":"x"}]}'] = "step 1: unknown fault",
    ['{"kind":"sequence","steps":[{"kind":"html","nth":1}]}'] =
      "step 1: the match is the sequence's",
    ['[{"kind":"html"},{"kind":"x"}]'] = "unknown fault x",
    ['[1]'] = "a fault is an object",
  } do
    it(text .. " is refused, and nothing is added", function()
      local answer = http.try("POST", "faults", text)
      assert.equal(400, answer.status)
      assert.truthy(answer.json.message:find(wanted, 1, true),
        answer.json.message)
      assert.same({}, http.try("GET", "faults").json)
    end)
  end
end)
