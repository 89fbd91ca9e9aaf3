-- Lua states that come and go, with calls in flight or not.
local hostile = require "spec.hostile.hostile"
local process = require "zuora_process"

local JSON = '{"success":true,"entityConnections":[{"id":"1"}]}'

-- A wait that gives way to the other coroutines.
local function yielding(seen)
  return function(engine, exchange)
    seen.engine = engine
    while not exchange:done() do
      engine:step(0.01)
      coroutine.yield()
    end
  end
end

describe("a Lua state", function()
  setup(hostile.start)
  teardown(hostile.stop)

  before_each(function()
    hostile.reset()
  end)

  it("that loads the module anew, 100 times", function()
    hostile.json("good", JSON)
    for _ = 1, 100 do
      for name in pairs(package.loaded) do
        if name == "zuora" or name:find "^zuora%." then
          package.loaded[name] = nil
        end
      end
      local fresh = require "zuora"
      local client = assert(fresh.new { base_url = "http://127.0.0.1:1",
        access_token = "x", max_attempts = 1 })
      local _, err = client.connections.accept "x"
      assert.equal("network", err.kind)
      assert.is_true(fresh.is_error(err))
    end
    collectgarbage()
  end)

  it("uses objects of the module as it was before", function()
    hostile.json("good", JSON)
    local client = hostile.client "good"
    assert(client.connections.accept "x")
    package.loaded["zuora.core"] = nil
    require "zuora.core"
    assert(client.connections.accept "x")
    client:close()
  end)

  for _, how in ipairs { "closing the state", "at once" } do
    for _, where in ipairs { "the main thread", "a coroutine" } do
      it(("left by os.exit %s, a call in flight, in %s"):format(how, where),
        function()
          hostile.play("good", "c:request() c:sleep(60)")
          local id = process.fork()
          if id == 0 then
            local client
            client = hostile.client("good", { wait = function(engine, exchange)
              while not exchange:sent() do
                engine:step(1)
              end
              os.exit(7, how ~= "at once")
            end })
            local function run()
              client.connections.accept "x"
            end
            if where == "a coroutine" then
              coroutine.wrap(run)()
            else
              run()
            end
            process.leave(1)
          end
          assert.equal(7, process.wait(id))
        end)
    end
  end

  it("that forgets a coroutine in the middle of a call", function()
    hostile.play("good", "c:request() c:sleep(60)")
    local seen = {}
    local client = hostile.client("good", { wait = yielding(seen),
      timeout = 30 })
    for _ = 1, 20 do
      local forgotten = coroutine.create(client.connections.accept)
      for _ = 1, 5 do
        assert(coroutine.resume(forgotten, "x"))
      end
      assert.equal("suspended", coroutine.status(forgotten))
    end
    assert.is_true(seen.engine:busy() > 0)
    collectgarbage()
    collectgarbage()
    assert.equal(0, seen.engine:busy())
    hostile.json("good", JSON)
    local result = coroutine.wrap(function(...)
      return assert(client.connections.accept(...))
    end)
    local answer = result "x"
    while not answer do
      answer = result()
    end
    assert.is_true(answer.success)
    client:close()
  end)

  it("that forgets client and coroutine together", function()
    hostile.play("good", "c:request() c:sleep(60)")
    for _ = 1, 20 do
      local client = hostile.client("good", { wait = yielding {} })
      local forgotten = coroutine.create(client.connections.accept)
      for _ = 1, 3 do
        coroutine.resume(forgotten, "x")
      end
    end
    collectgarbage()
    collectgarbage()
  end)

  -- ---- many of them --------------------------------------------------------

  -- Where the host and its module are: `make tsan` has others than ours.
  local folder = os.getenv "ZUORA_HOST" or
    package.searchpath("zuora_process", package.cpath):match "^(.*)/"

  local function host(threads, rounds, script)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(script)
    file:close()
    local run = "LUA_CPATH='%s/?.so;'$LUA_CPATH; export LUA_CPATH; " ..
      "unset LUA_CPATH_5_4; '%s/zuora_host' %d %d '%s' 2>&1; echo $?"
    local pipe = assert(io.popen(run:format(folder, folder, threads, rounds,
      path)))
    local said = pipe:read "*a"
    pipe:close()
    os.remove(path)
    return said
  end

  local SCRIPT = [[
    package.cpath = package.cpath .. ";" .. %q
    local zuora = require "zuora"
    local client = assert(zuora.new { base_url = %q, ca_file = %q,
      access_token = "x", max_attempts = 1 })
    for _ = 1, 3 do
      assert(client.connections.accept "x")
    end
    assert(#assert(client.connections.all()) == 1)
    if %s then
      client:close()
    end
  ]]

  for _, close in ipairs { "true", "false" } do
    it("made and closed 100 times in one process, its clients closed: " ..
      close, function()
        hostile.json("good", JSON)
        assert.equal("0\n", host(1, 100, SCRIPT:format(package.cpath,
          hostile.url "good", hostile.ca_file(), close)))
        assert.equal(400, #hostile.journal().requests)
      end)

    it("in each of 8 threads, its clients closed: " .. close, function()
      hostile.json("good", JSON)
      assert.equal("0\n", host(8, 5, SCRIPT:format(package.cpath,
        hostile.url("good", "https", "localhost"), hostile.ca_file(), close)))
      assert.equal(160, #hostile.journal().requests)
    end)
  end
end)
