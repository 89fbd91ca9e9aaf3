-- Where the client of a worker is made, and many requests that use it at once,
-- also while nginx is reloaded.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"

local REQUESTS, WORKERS = 10, 2

local DICTIONARY = "lua_shared_dict told 1m;\n"
local PLACES = {
  ["in init_by_lua, before the fork"] = DICTIONARY .. [[
    init_by_lua_block { require("spec.nginx.app").init() }
  ]],
  ["in init_worker_by_lua"] = DICTIONARY .. [[
    init_worker_by_lua_block { require("spec.nginx.app").init() }
  ]],
  ["by a worker's first request"] = DICTIONARY,
}

-- app.small: a list, a refusal, and a map of twenty lists.
local SERVER = [[
  location = /told { content_by_lua_block { require("spec.nginx.app").told() } }
  location = /small {
    content_by_lua_block {
      local app = require "spec.nginx.app"
      if not app.client then
        app.init()
      end
      ngx.print(app.tell())
    }
  }
  location = /pool {
    content_by_lua_block {
      local ok, text = ngx.run_worker_thread("lua", "spec.nginx.app", "pooled")
      ngx.print(tostring(ok), " ", text)
    }
  }
  location = /timer {
    content_by_lua_block {
      assert(ngx.timer.at(0, function()
        require("spec.nginx.app").note "timer"
      end))
    }
  }
]]

describe("a client made", function()
  local server

  before_each(function()
    sandbox.reset()
    sandbox.settings { concurrency_limit = 1000 }
  end)

  after_each(function()
    server:stop()
    sandbox.reset()
  end)

  local function begin()
    return server:send_many("/small", REQUESTS)
  end

  local function all_well(peers)
    for _, body in ipairs(nginx.receive_all(peers)) do
      assert.equal("ok", body)
    end
  end

  -- None was killed or complained.
  local function in_peace()
    local log = server:log()
    assert.is_nil(log:match "%[alert%][^\n]*")
    assert.is_nil(log:match "%[error%][^\n]*")
    assert.is_nil(log:match "exited on signal[^\n]*")
  end

  for place, http in pairs(PLACES) do
    it(place .. " serves many requests with a map each", function()
      server = nginx.start { http = http, server = SERVER, workers = WORKERS }
      all_well(begin())
      all_well(begin())
      assert.equal(2 * 21 * REQUESTS, sandbox.count "connections.list")
      in_peace()
    end)

    it(place .. " ends its calls when nginx is reloaded", function()
      server = nginx.start { http = http, server = SERVER, workers = WORKERS }
      sandbox.fault { kind = "delay", seconds = 0.3, times = 0,
        operation = "connections.list" }
      for round = 1, 3 do
        sandbox.forget()
        local peers = begin()
        nginx.eventually(function()
          return sandbox.count "connections.list" >= REQUESTS
        end, "the calls of round " .. round)
        server:reload()
        all_well(peers)
      end
      sandbox.mend()
      all_well(begin())
      in_peace()
    end)
  end

  it("before the fork ends the calls of a timer when nginx is reloaded",
    function()
      server = nginx.start { server = SERVER,
        http = PLACES["in init_by_lua, before the fork"] }
      sandbox.fault { kind = "delay", seconds = 1,
        operation = "connections.list" }
      assert.equal(200, (server:get "/timer"))
      nginx.eventually(function()
        return sandbox.count "connections.list" > 0
      end, "the call")
      server:reload()
      assert.equal("ok", nginx.eventually(function()
        local _, text = server:get "/told?name=timer"
        return text ~= "" and text
      end, "what the timer tells"))
      in_peace()
    end)

  it("in a thread of a pool waits there, and holds up nobody", function()
    server = nginx.start { main = "thread_pool lua threads=2;",
      http = DICTIONARY, server = SERVER }
    assert.equal("true ok", (select(2, server:get "/pool")))
    sandbox.forget()
    sandbox.fault { kind = "delay", seconds = 2,
      operation = "connections.list" }
    local peer = server:send "/pool"
    nginx.eventually(function()
      return sandbox.count "connections.list" > 0
    end, "the call")
    local _, body = server:get "/ping"
    assert.equal("pong", body)
    assert.equal(1, sandbox.count "connections.list") -- waits yet
    assert.equal("true ok", (select(2, nginx.receive(peer))))
    peer:close()
    in_peace()
  end)
end)
