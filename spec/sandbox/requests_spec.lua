-- What comes with each call and answer: headers, bodies, gzip, errors.
local http = require "spec.sandbox.http"
local shell = require "spec.tools.shell"

local LIST = "/v1/entity-connections"
local INVALID, MALFORMED = 20, 90

before_each(http.reset)

describe("an answer", function()
  it("has a request id of its own, and the track id that was sent", function()
    local first = http.get(LIST, { headers = { ["Zuora-Track-Id"] = "a b-1" } })
    local second = http.get(LIST)
    assert.equal("a b-1", first.headers["zuora-track-id"])
    assert.is_nil(second.headers["zuora-track-id"])
    for _, answer in ipairs { first, second } do
      assert.truthy(answer.headers["zuora-request-id"]:find(
        "^%x+%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+$"))
      assert.equal(36, #answer.headers["zuora-request-id"])
    end
    assert.not_equal(first.headers["zuora-request-id"],
      second.headers["zuora-request-id"])
  end)

  it("looks like Zuora's", function()
    local headers = http.get(LIST).headers
    assert.equal("Zuora App", headers.server)
    assert.equal("max-age=0, no-cache, no-store", headers["cache-control"])
    assert.equal("application/json;charset=utf-8", headers["content-type"])
  end)

  it("comes by HTTP/1.1 and 2, with TLS and without", function()
    assert.equal("HTTP/1.1", http.get(LIST).protocol)
    assert.equal("HTTP/2", http.get(LIST, { http2 = true }).protocol)
    http.taken(http.get(LIST, { plain = true }))
    assert.equal(60, select(2, shell.run("curl -s " .. http.tls_url)))
    for version, code in pairs { ["1.1"] = 35, ["1.2"] = 0, ["1.3"] = 0 } do
      local _, given = shell.run(("curl -s -o /dev/null --cacert %s " ..
        "--tlsv%s --tls-max %s %s"):format(shell.quote(os.getenv
        "ZUORA_CA_FILE"), version, version, http.tls_url))
      assert.equal(code, given)
    end
  end)

  it("over 1000 bytes is zipped where gzip is taken", function()
    local query = LIST .. "?pageSize=300"
    assert.is_nil(http.get(query).headers["content-encoding"])
    local answer = http.get(query, { gzip = true })
    assert.equal("gzip", answer.headers["content-encoding"])
    assert.is_true(tonumber(answer.headers["content-length"]) < #answer.body)
    assert.equal(10, #http.taken(answer).entityConnections)
    assert.is_nil(http.get("/v1/entities/" .. http.us, { gzip = true })
      .headers["content-encoding"])
    assert.is_nil(http.get(query, { headers = {
      ["Accept-Encoding"] = "gzip;q=0, identity" } })
      .headers["content-encoding"])
  end)

  it("to what goes wrong has a processId and reasons", function()
    local answer = http.move("accept", "none")
    assert.equal(200, answer.status)
    assert.is_false(answer.json.success)
    assert.truthy(answer.json.processId:find "^%x+$")
    assert.equal(16, #answer.json.processId)
    assert.equal(50000040, answer.json.reasons[1].code)
    http.assume { resource_code = "653200" }
    assert.equal(65320040, http.move("accept", "none").json.reasons[1].code)
  end)
end)

describe("a track id", function()
  it("that breaks the rule is refused, or ignored", function()
    for _, id in ipairs { "a:b", "a;b", 'a"b', "a'b", "ä", ("x"):rep(65) } do
      local answer = http.get(LIST, { headers = { ["Zuora-Track-Id"] = id } })
      http.refused(answer, 400, INVALID)
      assert.is_nil(answer.headers["zuora-track-id"])
    end
    local bad = { headers = { ["Zuora-Track-Id"] = "a:b" } }
    http.assume { bad_track_id = "200" }
    http.refused(http.get(LIST, bad), 200, INVALID)
    http.assume { bad_track_id = "ignored" }
    local answer = http.get(LIST, bad)
    http.taken(answer)
    assert.is_nil(answer.headers["zuora-track-id"])
    http.taken(http.get(LIST, { headers = { ["Zuora-Track-Id"] =
      ("x"):rep(64) } }))
  end)
end)

describe("a body", function()
  local file

  before_each(function()
    file = shell.must("mktemp"):gsub("\n", "")
  end)

  after_each(function()
    os.remove(file)
  end)

  it("may be zipped", function()
    shell.must(([[printf '{"name": "%%02000d"}' 7 | gzip >%s]]):format(file))
    local o = { file = file, headers = { ["Content-Encoding"] = "gzip",
      ["Content-Type"] = "application/json" } }
    local answer = http.taken(http.call("POST", "/v1/_echo/x", o))
    assert.equal(2000, #answer.body.name)
  end)

  it("that is zipped badly, cut or huge is refused", function()
    local o = { file = file, headers = { ["Content-Encoding"] = "gzip",
      ["Content-Type"] = "application/json" } }
    shell.must("printf garbage >" .. file)
    http.refused(http.call("POST", LIST, o), 400, MALFORMED)
    shell.must("printf '{}' | gzip | head -c 15 >" .. file)
    http.refused(http.call("POST", LIST, o), 400, MALFORMED)
    shell.must("head -c 20000000 /dev/zero | gzip >" .. file)
    assert.equal(413, http.call("POST", LIST, o).status)
  end)

  it("that is too large is refused", function()
    http.settings { max_body = 1000 }
    local answer = http.post(LIST, '{"a":"' .. ("x"):rep(1000) .. '"}')
    assert.equal(413, answer.status)
    assert.equal("text/html", answer.headers["content-type"])
  end)

  it("that is no JSON is refused", function()
    for _, body in ipairs { "{", "7", "null", '"x"', "{}{}" } do
      http.refused(http.post(LIST, body), 400, MALFORMED)
    end
    http.assume { bad_json = "200" }
    http.refused(http.post(LIST, "{"), 200, MALFORMED)
  end)

  it("may be missing in a PUT, or not", function()
    http.taken(http.move("accept", http.pending_in, nil, { body = "" }))
    http.assume { empty_put_body = "refused" }
    http.refused(http.move("disconnect", http.pending_in, nil, { body = "" }),
      400, MALFORMED)
    http.taken(http.move("disconnect", http.pending_in))
  end)

  it("needs a Content-Type only by assumption", function()
    local bare = { no_type = true }
    http.taken(http.post("/v1/_echo/x", "{}", bare))
    http.assume { missing_content_type = "refused" }
    http.refused(http.post("/v1/_echo/x", "{}", { no_type = true }), 415,
      INVALID)
    http.taken(http.post("/v1/_echo/x", "{}"))
    local text = { headers = { ["Content-Type"] = "text/plain" } }
    http.taken(http.post("/v1/_echo/x", "{}", text))
    http.assume { other_content_type = "refused" }
    http.refused(http.post("/v1/_echo/x", "{}", text), 415, INVALID)
    http.taken(http.post("/v1/_echo/x", "{}", { headers = {
      ["Content-Type"] = "application/json; charset=utf-8" } }))
  end)
end)

describe("a path", function()
  it("that is none is 404, another method 405 or 404", function()
    http.refused(http.get "/v1/nothing", 404, 50000040)
    http.refused(http.get "/v1//entities", 404, 50000040)
    http.refused(http.call("DELETE", LIST), 405, 50000045)
    http.assume { wrong_method = "404" }
    http.refused(http.call("DELETE", LIST), 404, 50000040)
  end)

  it("/v1/_echo tells what was sent", function()
    local answer = http.taken(http.call("PATCH", "/v1/_echo/a%2Fb?x=1%202",
      { body = '{"a":[]}', headers = { ["Zuora-Version"] = "341.0" } }))
    assert.equal("PATCH", answer.method)
    assert.equal("/v1/_echo/a%2Fb?x=1%202", answer.target)
    assert.equal("1 2", answer.query.x)
    assert.equal("341.0", answer.headers["zuora-version"])
    assert.same({ a = {} }, answer.body)
  end)

  it("/v1/_shape has every shape of an error", function()
    local names = http.taken(http.get "/v1/_shape/").names
    assert.is_true(#names > 20)
    for _, name in ipairs(names) do
      assert.is_true(http.get("/v1/_shape/" .. name).status >= 200)
    end
    assert.same({ message = "Authentication error" },
      http.get("/v1/_shape/message").json)
    assert.equal("AkamaiGHost", http.get("/v1/_shape/html_503").headers.server)
  end)
end)
