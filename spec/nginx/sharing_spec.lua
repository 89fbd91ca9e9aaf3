-- Workers that share a token through a lua_shared_dict.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"

local WORKERS, CALLS = 8, 200

local HTTP = [[
  lua_shared_dict zuora 1m;
  init_by_lua_block {
    require("spec.nginx.app").init {
      store = require("zuora.stores.shared").new "zuora",
    }
  }
]]

local SERVER = [[
  location = /list {
    content_by_lua_block {
      local app = require "spec.nginx.app"
      ngx.print(ngx.worker.id(), " ", app.tell(function()
        assert(app.client.connections.list { page_size = 1 })
        return "ok"
      end))
    }
  }
]]

local function call_at_once(server)
  local workers, count = {}, 0
  local peers = server:send_many("/list", CALLS)
  for _, body in ipairs(nginx.receive_all(peers)) do
    local worker, text = body:match "^(%d+) (.*)$"
    assert.equal("ok", text)
    if not workers[worker] then
      workers[worker], count = true, count + 1
    end
  end
  return count
end

describe("several workers", function()
  local server

  before_each(function()
    sandbox.reset { keep_tokens = false }
    sandbox.settings { concurrency_limit = 1000 }
    server = nginx.start { http = HTTP, server = SERVER, workers = WORKERS }
  end)

  after_each(function()
    server:stop()
    sandbox.reset()
  end)

  it("fetch one token for all of their first calls", function()
    -- Long enough for every worker to want one.
    sandbox.fault { kind = "delay", seconds = 0.5, operation = "oauth.token" }
    local workers = call_at_once(server)
    print(("# %d of %d workers answered %d first calls"):format(workers,
      WORKERS, CALLS))
    assert.is_true(workers > 1)
    assert.equal(1, sandbox.count "oauth.token")
    assert.equal(CALLS, sandbox.count "connections.list")
  end)

  it("fetch one more when that one is refused", function()
    assert.is_true(call_at_once(server) > 1)
    sandbox.revoke()
    sandbox.forget()
    assert.is_true(call_at_once(server) > 1)
    assert.equal(1, sandbox.count "oauth.token")
  end)
end)
