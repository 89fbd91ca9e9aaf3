-- Who calls: tokens, keys, sessions.
local http = require "spec.sandbox.http"

local LIST = "/v1/entity-connections"
local NOT_SIGNED_IN = 90000011

local function list_with(headers, as)
  return http.get(LIST, { auth = false, as = as or false, headers = headers })
end

local function with_token(token)
  return list_with({ Authorization = "Bearer " .. token }, http.global)
end

before_each(http.reset)

describe("a token", function()
  it("is what the reference says", function()
    local answer = http.ask_token()
    local token = answer.json
    assert.equal(200, answer.status)
    assert.truthy(token.access_token:find "^%x+$")
    assert.equal(32, #token.access_token)
    assert.equal(32, #token.jti)
    assert.equal("bearer", token.token_type)
    assert.equal(3599, token.expires_in)
    assert.truthy(token.scope:find(
      "entity.8a808255-557b-aba1-0155-80e12fa5083a", 1, true))
    assert.truthy(token.scope:find("tenant.6398", 1, true))
    assert.equal("100", answer.headers["x-ratelimit-limit-minute"])
    -- The second one since all began anew.
    assert.equal("98", answer.headers["x-ratelimit-remaining-minute"])
    assert.equal(36, #answer.headers["zuora-request-id"])
  end)

  it("signs calls until it expires", function()
    http.taken(with_token(http.bearer))
    http.advance(3500)
    http.taken(with_token(http.bearer))
    http.advance(100)
    http.refused(with_token(http.bearer), 401, NOT_SIGNED_IN)
  end)

  it("lives as long as is set", function()
    http.settings { token_lifetime = 10 }
    local token = http.ask_token().json
    assert.equal(10, token.expires_in)
    http.advance(11)
    http.refused(with_token(token.access_token), 401, NOT_SIGNED_IN)
  end)

  it("is refused when it is none, or revoked", function()
    http.refused(with_token "x", 401, NOT_SIGNED_IN)
    http.revoke { sessions = false }
    http.refused(with_token(http.bearer), 401, NOT_SIGNED_IN)
  end)

  it("is given for the right form only", function()
    for _, row in ipairs {
      { 400, { grant_type = "password" } },
      { 400, { client_id = "short" } },
      { 400, { client_secret = ("x"):rep(43) } },
      { 400, { client_id = ("x"):rep(36) } },
      { 401, { client_secret = "wrong" } },
    } do
      local answer = http.ask_token(row[2])
      assert.equal(row[1], answer.status)
      assert.equal("/oauth/token", answer.json.path)
      assert.equal(row[1], answer.json.status)
      assert.equal("string", type(answer.json.error))
      assert.equal("string", type(answer.json.message))
    end
    assert.equal(415, http.post("/oauth/token", "{}",
      { auth = false, as = false }).status)
  end)

  it("is refused as is assumed", function()
    http.assume { unknown_client = "401", wrong_secret = "400" }
    assert.equal(401, http.ask_token { client_id = ("x"):rep(36) }.status)
    assert.equal(400, http.ask_token { client_secret = "wrong" }.status)
  end)

  it("is a new one each time, or the same", function()
    local second = http.ask_token().json.access_token
    assert.not_equal(http.bearer, second)
    http.taken(with_token(http.bearer))
    http.assume { next_token = "same" }
    http.advance(100)
    local third = http.ask_token().json
    assert.equal(second, third.access_token)
    assert.is_true(third.expires_in <= 3499 and third.expires_in > 3400)
  end)

  it("may end the one before it", function()
    http.assume { older_tokens = "invalid" }
    local new = http.ask_token().json.access_token
    http.refused(with_token(http.bearer), 401, NOT_SIGNED_IN)
    http.taken(with_token(new))
  end)

  it("may be refused in other words", function()
    assert.is_nil(with_token("x").headers["www-authenticate"])
    http.assume { www_authenticate = "yes" }
    assert.equal("Basic realm=Zuora API, ZSession realm=Zuora API, " ..
      "Bearer realm=Zuora API", with_token("x").headers["www-authenticate"])
    http.assume { bad_token_body = "message" }
    local answer = with_token "x"
    assert.equal(401, answer.status)
    assert.same({ message = "Authentication error" }, answer.json)
  end)
end)

describe("the API user's keys", function()
  it("sign a call, whatever the case of the headers", function()
    http.taken(list_with(http.keys()))
    local keys = http.keys()
    http.taken(list_with { apiaccesskeyid = keys.apiAccessKeyId,
      APISECRETACCESSKEY = keys.apiSecretAccessKey })
  end)

  it("are both needed, and right", function()
    local keys = http.keys()
    for _, headers in ipairs {
      { apiAccessKeyId = keys.apiAccessKeyId },
      { apiSecretAccessKey = keys.apiSecretAccessKey },
      { apiAccessKeyId = keys.apiAccessKeyId, apiSecretAccessKey = "x" },
      {},
    } do
      http.refused(list_with(headers), 401, NOT_SIGNED_IN)
    end
  end)

  it("beside a token: the first counts, or both are refused", function()
    local headers = http.keys()
    headers.Authorization = "Bearer " .. http.bearer
    headers.apiSecretAccessKey = "wrong"
    http.taken(list_with(headers, http.global))
    http.assume { several_credentials = "refused" }
    http.refused(list_with(headers, http.global), 400, NOT_SIGNED_IN)
  end)
end)

describe("a session", function()
  it("begins as a live login does", function()
    local cookie, answer = http.log_in()
    assert.equal('{\n  "success" : true\n}', answer.body)
    assert.equal(9 + 256, #cookie)
    assert.truthy(cookie:find "^ZSession=[%w_-]+$")
    assert.truthy(answer.headers["set-cookie"]:find(
      "; Path=/; Secure; HttpOnly", 1, true))
  end)

  it("is refused as a live login is", function()
    local keys = http.keys()
    keys.apiSecretAccessKey = "wrong"
    local cookie, answer = http.log_in { headers = keys }
    assert.is_nil(cookie)
    http.refused(answer, 401, NOT_SIGNED_IN)
    assert.is_nil(answer.json.processId)
    assert.equal("close", answer.headers.connection)
    http.assume { refused_login_closes = "no" }
    answer = select(2, http.log_in { headers = keys })
    assert.not_equal("close", answer.headers.connection)
  end)

  it("rolls with each answer; older cookies last, or do not", function()
    local first = http.log_in()
    local answer = list_with { Cookie = "a=b; " .. first .. "; c=d" }
    http.taken(answer)
    local second = answer.headers["set-cookie"]:match "^[^;]+"
    assert.not_equal(first, second)
    http.taken(list_with { Cookie = first })
    http.assume { older_sessions = "invalid" }
    http.refused(list_with { Cookie = first }, 401, NOT_SIGNED_IN)
  end)

  it("may come in Authorization", function()
    local value = http.log_in():match "=(.*)"
    http.taken(list_with { Authorization = "ZSession " .. value })
    http.refused(list_with { Authorization = "ZSession " .. value:sub(2) ..
      "x" }, 401, NOT_SIGNED_IN)
    -- The id of a session without the seal is no session.
    http.refused(list_with { Authorization = "ZSession " .. value:sub(1, -2) ..
      (value:sub(-1) == "0" and "1" or "0") }, 401, NOT_SIGNED_IN)
  end)

  it("expires when it is not used", function()
    local cookie = http.log_in()
    for _ = 1, 3 do
      http.advance(800)
      http.taken(list_with { Cookie = cookie })
    end
    http.advance(901)
    http.refused(list_with { Cookie = cookie }, 401, NOT_SIGNED_IN)
    http.settings { session_lifetime = 5 }
    cookie = http.log_in()
    http.advance(6)
    http.refused(list_with { Cookie = cookie }, 401, NOT_SIGNED_IN)
  end)

  it("can be revoked", function()
    local cookie = http.log_in()
    http.revoke { tokens = false }
    http.refused(list_with { Cookie = cookie }, 401, NOT_SIGNED_IN)
    http.taken(with_token(http.bearer))
  end)

  it("comes for a token as well, or does not", function()
    local answer = http.get "/v1/connections"
    http.taken(answer)
    local cookie = answer.headers["set-cookie"]:match "^[^;]+"
    http.taken(list_with { Cookie = cookie })
    http.assume { session_for_token = "no" }
    http.refused(http.get "/v1/connections", 405, 45)
  end)
end)
