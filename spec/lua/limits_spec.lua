-- The pace of a client and the budget of its logins, on a clock that is set.
local limits = require "zuora.limits"

local now
local function clock()
  return now
end

before_each(function()
  now = 1000
end)

-- From the head of an answer, as call by call.
local function learn(pace, head)
  local limit = head.rate_limit or {}
  pace:learn(head.status or -1, limit.remaining or -1, limit.limit or -1,
    limit.reset or -1)
end

describe("the pace", function()
  local pace

  before_each(function()
    pace = limits.pace(clock)
  end)

  -- The moments at which the next calls start, from now.
  local function starts(count)
    local list = {}
    for i = 1, count do
      list[i] = pace:take(now)
    end
    return list
  end

  -- Calls one after the other, each waited for, within so many seconds.
  local function calls_within(seconds)
    local ends, count = now + seconds, 0
    while true do
      local delay = pace:take(now)
      if now + delay >= ends then
        now = ends
        return count
      end
      now, count = now + delay, count + 1
    end
  end

  local function near(wanted, got)
    assert.is_true(math.abs(wanted - got) < 1e-6,
      ("%g is not %g"):format(got, wanted))
  end

  it("holds nothing up", function()
    assert.same({ 0, 0, 0, 0, 0 }, starts(5))
    learn(pace, { status = 200 })
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 90,
      reset = 60 } })
    assert.same({ 0, 0, 0 }, starts(3))
  end)

  it("spreads what is left near the end of a window", function()
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 10,
      reset = 60 } })
    assert.same({ 0, 6, 12, 18 }, starts(4))
  end)

  it("asks for no more than is left until the window's end", function()
    learn(pace, { status = 200, rate_limit = { limit = 1000, remaining = 50,
      reset = 20 } })
    local count = calls_within(20)
    assert.is_true(count >= 49 and count <= 51, tostring(count))
  end)

  it("spreads from a tenth on", function()
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 11,
      reset = 60 } })
    assert.same({ 0, 0 }, starts(2))
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 10,
      reset = 60 } })
    assert.same({ 0, 6 }, starts(2))
  end)

  it("is free again when the window is over", function()
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 1,
      reset = 60 } })
    assert.same({ 0, 60 }, starts(2))
    now = now + 120
    assert.same({ 0, 0, 0 }, starts(3))
  end)

  it("is free again when the window is new", function()
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 5,
      reset = 50 } })
    now = now + 10
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 99,
      reset = 60 } })
    assert.same({ 0, 0 }, starts(2))
  end)

  it("stands limits with nothing left, and with parts missing", function()
    learn(pace, { status = 200, rate_limit = { limit = 100, remaining = 0,
      reset = 10 } })
    assert.same({ 10, 10 }, starts(2))
    now = now + 100
    for _, limit in ipairs { {}, { remaining = 0 }, { reset = 1 },
      { remaining = 0, reset = 10 }, { limit = 10, remaining = 0, reset = 0 },
      { limit = 0, remaining = 0, reset = 0 } } do
      learn(pace, { status = 200, rate_limit = limit })
      assert.same({ 0, 0 }, starts(2))
    end
    learn(pace, {})
    assert.equal(0, pace:take(now))
  end)

  -- A pace that has seen `rate` calls a second, then a 429.
  local function limited(rate)
    for _ = 1, 2 do
      for _ = 1, rate do
        pace:take(now)
        now = now + 1 / rate
      end
    end
    pace:take(now)
    learn(pace, { status = 429 })
  end

  -- One that has seen a 429 each second since.
  local function limited_long()
    limited(10)
    for _ = 1, 50 do
      now = now + 1
      learn(pace, { status = 429 })
    end
  end

  local function interval(pause)
    now = now + (pause or 1)
    local first, second = pace:take(now), pace:take(now)
    assert.equal(0, first)
    return second
  end

  it("keeps no place for a call that will not wait so long", function()
    limited(10)
    now = now + 1
    assert.equal(0, pace:take(now, 0.1))
    for _ = 1, 10 do
      near(1 / 5, pace:take(now, 0.1))
    end
    near(1 / 5, pace:take(now, 1))
    near(2 / 5, pace:take(now, 1))
  end)

  it("is halved by a 429, and by each further one", function()
    limited(10)
    near(1 / 5, interval())
    learn(pace, { status = 429 })
    near(1 / 2.5, interval())
  end)

  it("is free again when a minute brought no other 429", function()
    limited_long()
    near(10, interval(59))
    now = now + 1
    assert.same({ 0, 0, 0 }, starts(3))
    learn(pace, { status = 200 })
    assert.same({ 0, 0, 0 }, starts(3))
    now = now + 5
    limited(10)
    near(1 / 5, interval())
  end)

  it("is not slower than a call in ten seconds", function()
    limited_long()
    near(10, interval(30))
  end)

  it("is slowed by a 429 to the very first call", function()
    pace:take(now)
    learn(pace, { status = 429 })
    local delay = interval()
    assert.is_true(delay > 0 and delay <= 10)
  end)

  it("grows by the same amount with each success", function()
    limited(10) -- 5 a second, and a twentieth of ten with each success
    for i = 1, 5 do
      learn(pace, { status = 200 })
      near(1 / (5 + 0.5 * i), interval())
    end
  end)

  it("is free again after enough successes", function()
    limited(10)
    local count = 0
    while interval(0.5) > 0 do
      learn(pace, { status = 200 })
      count = count + 1
      assert.is_true(count < 100)
    end
    assert.equal(30, count)
    assert.same({ 0, 0, 0 }, starts(3))
  end)

  it("is not changed by other failures", function()
    limited(10)
    local before = interval()
    for _, status in ipairs { 400, 401, 404, 500, 503 } do
      learn(pace, { status = status })
    end
    learn(pace, {})
    near(before, interval())
  end)

  it("is the slower of both where a window is near its end, too", function()
    limited(10)
    learn(pace, { status = 429, rate_limit = { limit = 100, remaining = 1,
      reset = 2000 } })
    now = now + 10
    pace:take(now)
    assert.is_true(pace:take(now) >= 1900)
  end)
end)

describe("the budget of logins", function()
  local logins

  before_each(function()
    logins = limits.logins(clock)
  end)

  it("is half of what Zuora takes in a minute", function()
    for _ = 1, 50 do
      assert.is_true(logins:may())
    end
    now = now + 20
    local ok, seconds, failed = logins:may()
    assert.is_nil(ok)
    assert.equal(40, seconds)
    assert.is_nil(failed)
    now = now + 40
    assert.is_true(logins:may())
  end)

  it("is closed for longer with each failure, a minute at most", function()
    local pauses = {}
    for i = 1, 9 do
      assert.is_true(logins:may())
      logins:fail { message = "no" }
      local ok, seconds, failed = logins:may()
      assert.is_nil(ok)
      assert.equal("no", failed.message)
      pauses[i] = seconds
      now = now + seconds
    end
    assert.same({ 1, 2, 4, 8, 16, 32, 60, 60, 60 }, pauses)
  end)

  it("is closed until then, not longer", function()
    logins:fail { message = "no" }
    now = now + 0.99
    assert.is_nil(logins:may())
    now = now + 0.01
    assert.is_true(logins:may())
  end)

  it("is closed as long as Zuora asks, a minute at most", function()
    logins:fail { message = "no", retry_after = 7 }
    assert.equal(7, select(2, logins:may()))
    now = now + 7
    logins:fail { message = "no", retry_after = 3600 }
    assert.equal(60, select(2, logins:may()))
  end)

  it("forgets failures with a success", function()
    for _ = 1, 4 do
      logins:fail { message = "no" }
      now = now + 60
    end
    logins:succeeded()
    logins:fail { message = "again" }
    local _, seconds, failed = logins:may()
    assert.equal(1, seconds)
    assert.equal("again", failed.message)
  end)
end)
