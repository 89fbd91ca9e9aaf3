-- The stores within nginx: a shared dictionary, and Redis by cosockets.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local servers = require "spec.stores.server"

local HTTP = [[
  lua_shared_dict stores 1m;
  lua_socket_log_errors off;
]]

-- Twice each: connections that were kept serve as well as fresh ones.
local SERVER = [[
  location = /shared {
    content_by_lua_block {
      local store = require("zuora.stores.shared").new "stores"
      ngx.print(require "spec.stores.contract"(store, ngx.sleep))
    }
  }
  location = /missing {
    content_by_lua_block {
      ngx.print(select(2, pcall(require("zuora.stores.shared").new, "none")))
    }
  }
  location = /redis {
    content_by_lua_block {
      local redis, contract = require "zuora.stores.redis",
        require "spec.stores.contract"
      local function check(options)
        options.password = "open-sesame"
        local store = redis.new(options)
        for _ = 1, 2 do
          ngx.print(contract(store, ngx.sleep))
          store:delete("key", "early")
          store:delete("lock", "again")
        end
      end
      check { port = $redis }
      check { path = "$socket" }
      check { port = $redis, database = 3 }
    }
  }
  location = /call {
    content_by_lua_block {
      local app, told = require "spec.nginx.app", 0
      app.init {
        store = require("zuora.stores.redis").new {
          port = $redis, password = "open-sesame" },
        on_event = function(event)
          told = told + (event.name == "store" and 1 or 0)
        end,
      }
      ngx.print(app.tell(), " ", told)
      app.client:close()
    }
  }
]]

describe("within nginx", function()
  local server, redis

  before_each(function()
    sandbox.reset { keep_tokens = false }
    redis = servers.new "open-sesame"
    server = nginx.start {
      http = HTTP,
      server = SERVER:gsub("$redis", redis.port):gsub("$socket", redis.path),
    }
  end)

  after_each(function()
    server:stop()
    redis:close()
  end)

  local function get(path)
    local _, body = server:get(path)
    return body
  end

  it("the shared dictionary keeps the contract", function()
    assert.equal("ok", get "/shared")
    assert.truthy(get "/missing":find("no lua_shared_dict none", 1, true))
  end)

  it("Redis keeps the contract", function()
    assert.equal("okokokokokok", get "/redis")
  end)

  it("clients share a token through Redis", function()
    assert.equal("ok 0", get "/call")
    assert.equal("ok 0", get "/call")
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("calls go on where Redis is gone", function()
    redis:kill()
    assert.truthy(get "/call":find "^ok [1-9]")
    redis:start()
  end)
end)
