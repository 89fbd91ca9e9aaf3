-- How many calls, and how many at once.
local http = require "spec.sandbox.http"

local LIST = "/v1/entity-connections"

before_each(http.reset)

local function header(answer, name)
  return answer.headers[name]
end

local function at_once(n, as)
  local lines = {}
  for i = 1, n do
    lines[i] = http.line("GET", LIST, { as = as and as[i] })
  end
  return http.together(lines)
end

local function statuses(answers)
  local counts = {}
  for _, answer in ipairs(answers) do
    counts[answer.status] = (counts[answer.status] or 0) + 1
  end
  return counts
end

describe("the headers", function()
  it("tell what remains", function()
    local first, second = http.get(LIST), http.get(LIST)
    assert.equal("50000, 50000;w=60, 2250000;w=3600, 27000000;w=86400",
      header(first, "ratelimit-limit"))
    assert.equal("49999", header(first, "ratelimit-remaining"))
    assert.equal("49998", header(second, "ratelimit-remaining"))
    assert.is_true(tonumber(header(first, "ratelimit-reset")) <= 60)
    assert.equal("Default", header(first, "concurrency-limit-type"))
    assert.equal("40", header(first, "concurrency-limit-limit"))
    assert.equal("39", header(first, "concurrency-limit-remaining"))
  end)

  it("of a login tell its own limit, and none of calls at once", function()
    local _, answer = http.log_in()
    assert.equal("2000, 2000;w=60, 67500;w=3600, 810000;w=86400",
      header(answer, "ratelimit-limit"))
    assert.is_nil(header(answer, "concurrency-limit-type"))
  end)

  it("name the window nearest its end first", function()
    http.settings { rate_limit = 100, rate_limit_hour = 50 }
    local answer = http.get(LIST)
    assert.equal("50, 100;w=60, 50;w=3600, 27000000;w=86400",
      header(answer, "ratelimit-limit"))
    assert.equal("49", header(answer, "ratelimit-remaining"))
    assert.is_true(tonumber(header(answer, "ratelimit-reset")) > 60)
    http.settings { rate_limit = 0, rate_limit_hour = 0, rate_limit_day = 0 }
    assert.is_nil(header(http.get(LIST), "ratelimit-limit"))
  end)
end)

describe("too many calls a minute", function()
  before_each(function()
    http.settings { rate_limit = 2 }
    http.taken(http.get(LIST))
    http.taken(http.get(LIST))
  end)

  it("are refused until the window ends", function()
    local answer = http.get(LIST)
    assert.equal(429, answer.status)
    assert.equal(70, answer.json.reasons[1].code)
    assert.is_nil(answer.json.success)
    assert.truthy(answer.json.reasons[1].message:find(
      "^API Rate limit exceeded for the minute, retry after %d+ seconds$"))
    assert.equal("0", header(answer, "ratelimit-remaining"))
    assert.equal(header(answer, "retry-after"),
      header(answer, "ratelimit-reset"))
    http.advance(61)
    http.taken(http.get(LIST))
  end)

  it("are told when to come again, in one of three ways", function()
    http.assume { rate_retry_after = "date" }
    assert.truthy(header(http.get(LIST), "retry-after"):find(
      "^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$"))
    http.assume { rate_retry_after = "absent" }
    assert.is_nil(header(http.get(LIST), "retry-after"))
  end)

  it("count when they are refused, or do not", function()
    http.get(LIST)
    http.settings { rate_limit = 3 }
    http.taken(http.get(LIST))
    http.assume { refused_calls_count = "yes" }
    http.get(LIST)
    http.settings { rate_limit = 4 }
    assert.equal(429, http.get(LIST).status)
  end)

  it("have no effect", function()
    assert.equal(429, http.move("accept", http.pending_in).status)
    assert.equal("Pending", http.status_of(http.pending_in))
  end)
end)

describe("too many logins and tokens", function()
  it("are refused by limits of their own", function()
    http.settings { auth_limit = 1, oauth_limit = 1 }
    http.taken(select(2, http.log_in()))
    assert.equal(429, select(2, http.log_in()).status)
    -- A token was got for this test.
    local answer = http.ask_token()
    assert.equal(429, answer.status)
    assert.equal("0", header(answer, "x-ratelimit-remaining-minute"))
    http.taken(http.get(LIST))
  end)
end)

describe("too many calls at once", function()
  before_each(function()
    http.settings { concurrency_limit = 2, latency = 2 }
  end)

  it("are refused, and others pass", function()
    local answers = at_once(4)
    assert.same({ [200] = 2, [429] = 2 }, statuses(answers))
    for _, answer in ipairs(answers) do
      if answer.status == 429 then
        http.refused(answer, 429, 50000070)
        assert.equal("120", header(answer, "retry-after"))
        assert.equal("0", header(answer, "concurrency-limit-remaining"))
      end
    end
    http.settings { latency = 0 }
    http.taken(http.get(LIST))
    assert.equal(0, http.state().in_flight)
  end)

  it("are counted for each entity, or for the tenant", function()
    local as = { http.us, http.us, http.eu, http.eu }
    assert.same({ [200] = 4 }, statuses(at_once(4, as)))
    http.assume { concurrency_is_of = "tenant" }
    assert.same({ [200] = 2, [429] = 2 }, statuses(at_once(4, as)))
  end)
end)
