-- Clients that share a store: one login for all of them.
local memory = require "zuora.stores.memory"
local sandbox = require "spec.wire.sandbox"

local open

local function client(more)
  local made = sandbox.client(more)
  open[#open + 1] = made
  return made
end

before_each(function()
  open = {}
  sandbox.reset { keep_tokens = false }
end)

after_each(function()
  for _, one in ipairs(open) do
    one:close()
  end
end)

describe("clients that share a memory store", function()
  it("fetch one token", function()
    local store = memory.new()
    for _ = 1, 3 do
      assert(client { store = store }.connections.list())
    end
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("fetch one more for all when it is refused", function()
    local store = memory.new()
    local clients = {}
    for i = 1, 3 do
      clients[i] = client { store = store }
      assert(clients[i].connections.list())
    end
    sandbox.revoke()
    for i = 1, 3 do
      assert(clients[i].connections.list())
    end
    assert.equal(2, sandbox.count "oauth.token")
  end)

  for way, login in pairs { client = "oauth.token",
    user = "session.establish" } do
    -- Two that share, of which the second has what was revoked first, and the
    -- store what was revoked since.
    local function behind()
      local store, pair = memory.new(), {}
      for i = 1, 2 do
        pair[i] = sandbox[way] { store = store,
          session = way == "user" or nil }
        open[#open + 1] = pair[i]
        assert(pair[i].entities.list())
      end
      sandbox.revoke()
      assert(pair[1].entities.list())
      sandbox.revoke()
      sandbox.forget()
      return pair[2]
    end

    it("log in where what another shared is refused, too: " .. login,
      function()
        local result = assert(behind().entities.list())
        assert.equal(3, result.meta.attempts)
        assert.equal(1, sandbox.count(login))
      end)

    it("log in for a call no more than once: " .. login, function()
      local second = behind()
      sandbox.fault { match = { operation = "entities.list", times = 0 },
        kind = "status", status = 401, body = "json" }
      local _, err = second.entities.list()
      assert.equal("auth", err.kind)
      assert.equal(3, err.attempts)
      assert.equal(1, sandbox.count(login))
      sandbox.mend()
      assert(second.entities.list())
    end)

    it("log in once for all calls at once: " .. login, function()
      local second = behind()
      local results = second:map({ 1, 2, 3, 4, 5, 6 }, function()
        return second.entities.list()
      end)
      for _, result in ipairs(results) do
        assert.is_nil(result.err and tostring(result.err))
      end
      assert.equal(1, sandbox.count(login))
    end)
  end

  it("share one session", function()
    local store = memory.new()
    for _ = 1, 3 do
      local one = sandbox.user { session = true, store = store }
      open[#open + 1] = one
      assert(one.connections.list())
    end
    assert.equal(1, sandbox.count "session.establish")
  end)

  it("share no token with other credentials", function()
    local store = memory.new()
    assert(client { store = store }.connections.list())
    local _, err = client { store = store, client_id = "another" }
      .connections.list()
    assert.equal("auth", err.kind)
    assert.equal(2, sandbox.count "oauth.token")
  end)

  it("share a failed login, by its kind, for a minute at most", function()
    for _, told in ipairs { "0", "1", "3600" } do
      local store, seconds = memory.new(), nil
      local set = store.set
      function store:set(key, value, ttl)
        if key:find ":failed$" then
          seconds = ttl
        end
        return set(self, key, value, ttl)
      end
      sandbox.fault { match = { operation = "oauth.token" }, kind = "status",
        status = 503, body = "empty", headers = { ["Retry-After"] = told } }
      local _, first = client { store = store }.connections.list()
      assert.equal("http", first.kind)
      assert.is_true(seconds >= 1 and seconds <= 60, tostring(seconds))
      local _, second = client { store = store }.connections.list()
      assert.equal("http", second.kind)
      assert.equal(503, second.status)
      assert.is_true(second.retryable)
      assert.matches("oauth%.token failed: ", tostring(second))
    end
  end)

  it("take no failure from a store that could not be one", function()
    for _, failure in ipairs { "{}", '{"kind":"http"}', '{"kind":"argument"}',
      '{"kind":"http","status":"x","message":{},"retryable":1}',
      '{"kind":"http","status":1e30}', '{"kind":[],"status":1.5}' } do
      local store = memory.new()
      function store.get(_, key)
        return key:find ":failed$" and failure or nil
      end
      local _, err = client { store = store }.connections.list()
      assert.equal("rate_limit", err.kind)
      assert.is_false(err.retryable)
      assert.is_nil(tostring(err):find "\n")
    end
  end)

  it("leave a lock alone that another holds by now", function()
    local now, lock = 0, nil
    local store = memory.new(function() return now end)
    local set = store.set
    -- Until it has the token its lease is over.
    function store:set(key, ...)
      if key:find ":token$" then
        now, lock = 31, key .. ":lock"
        assert.is_true(self:add(lock, "another", 30))
      end
      return set(self, key, ...)
    end
    assert(client { store = store }.connections.list())
    assert.equal("another", store:get(lock))
  end)

  it("free the lock that they hold", function()
    local store, locks = memory.new(), {}
    local add = store.add
    function store:add(key, ...)
      locks[#locks + 1] = key
      return add(self, key, ...)
    end
    assert(client { store = store }.connections.list())
    assert.equal(1, #locks)
    assert.is_nil(store:get(locks[1]))
  end)

  it("wait for the one that fetches it", function()
    local store = memory.new()
    local looked, waiting = 0, nil
    local get, add = store.get, store.add
    function store:add(key, ...)
      return waiting and add(self, key, ...)
    end
    -- Another process fetches it meanwhile: that is over at the third look.
    function store:get(key)
      looked = looked + 1
      if looked == 6 then
        waiting = true
        assert(client { store = self }.connections.list())
      end
      return get(self, key)
    end
    assert(client { store = store }.connections.list())
    assert.is_true(looked > 6)
    assert.equal(1, sandbox.count "oauth.token")
  end)
end)

describe("a client whose store is out of reach", function()
  local function refuse()
    return nil, "connection refused"
  end

  local function raise()
    error "connection refused"
  end

  for name, fn in pairs { ["says so"] = refuse, ["raises"] = raise } do
    it("calls all the same and tells of it: it " .. name, function()
      local told = {}
      local one = client {
        store = { get = fn, set = fn, add = fn, delete = fn },
        on_event = function(event)
          if event.name == "store" then
            told[#told + 1] = event.reason
          end
        end,
      }
      assert(one.connections.list())
      assert(one.connections.list())
      assert.equal(1, sandbox.count "oauth.token")
      assert.is_true(#told > 0)
      assert.truthy(told[1]:find("connection refused", 1, true))
    end)
  end
end)

describe("a call of another client within a map", function()
  it("ends", function()
    local one, other = client(), client()
    local results = one:map({ one, other, one, other }, function(which)
      return which.connections.list()
    end)
    for i = 1, 4 do
      assert.is_nil(results[i].err)
      assert.is_table(results[i].value.entityConnections)
    end
  end)
end)
