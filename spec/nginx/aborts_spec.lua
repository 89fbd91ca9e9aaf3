-- Calls whose request ends before they do.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local socket = require "socket"

local HTTP = [[
  lua_check_client_abort on;
  init_by_lua_block {
    require("spec.nginx.app").init { max_concurrency = 1 }
  }
]]

local SERVER = [[
  location = /content {
    content_by_lua_block { ngx.print(require("spec.nginx.app").tell()) }
  }
  location = /list {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      ngx.print(require("spec.nginx.app").tell(function()
        assert(client.connections.list())
        return "ok"
      end))
    }
  }
  location = /short {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      local list, err = client.connections.list { timeout = 0.5 }
      ngx.print(list and "ok" or err.kind)
    }
  }
  location = /killed {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      local thread = ngx.thread.spawn(client.connections.list)
      ngx.sleep(0.5)
      ngx.print(tostring(ngx.thread.kill(thread)))
    }
  }
  location = /map {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      client:map({ 1, 2, 3, 4 }, function() return client.entities.list() end)
    }
  }
]]

local server

describe("a client in nginx", function()
  before_each(function()
    sandbox.reset { keep_tokens = false }
    server = nginx.start { http = HTTP, server = SERVER }
  end)

  after_each(function()
    server:stop()
  end)

  -- All that there is room for is taken by calls that last a minute.
  local function is_free()
    sandbox.mend()
    local began = socket.gettime()
    assert.equal("ok", server:text "/list")
    assert.is_true(socket.gettime() - began < 10)
  end

  local function seen(operation)
    nginx.eventually(function()
      return sandbox.count(operation) > 0
    end, operation)
  end

  local function stuck(operation)
    sandbox.forget()
    sandbox.fault { kind = "delay", seconds = 60, times = 0,
      operation = operation }
  end

  -- A request whose client goes away while its call lasts.
  local function abort(path, operation)
    assert.equal("ok", server:text "/list")
    stuck(operation)
    local peer = server:send(path)
    seen(operation)
    peer:close()
    is_free()
  end

  it("cancels the call of a request that its client aborted", function()
    abort("/list", "connections.list")
  end)

  it("cancels the call of a light thread that was killed", function()
    assert.equal("ok", server:text "/list")
    stuck "connections.list"
    assert.equal("1", server:text "/killed")
    is_free()
  end)

  it("cancels all calls of a map whose request was aborted", function()
    abort("/map", "entities.list")
    assert.equal("ok", server:text "/content")
    assert.equal(1, sandbox.count "entities.list")
  end)

  it("fetches a token that others wait for, whoever is aborted", function()
    sandbox.fault { kind = "delay", seconds = 1, operation = "oauth.token" }
    local first = server:send "/list"
    seen "oauth.token"
    local second = server:send "/list"
    first:close()
    local _, body = nginx.receive(second)
    second:close()
    assert.equal("ok", body)
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("fetches a token for longer than the calls that want it last", function()
    sandbox.fault { kind = "delay", seconds = 1.2, times = 0,
      operation = "oauth.token" }
    assert.equal("timeout", server:text "/short")
    local calls, told = 0
    repeat
      told, calls = server:text "/short", calls + 1
    until told ~= "timeout" or calls == 20
    assert.equal("ok", told)
    assert.equal(1, sandbox.count "oauth.token")
  end)
end)
