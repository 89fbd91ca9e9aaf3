-- The library in each phase of a request in a real nginx.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local shell = require "spec.tools.shell"
local socket = require "socket"

local HTTP = [[
  lua_shared_dict told 1m;
  init_by_lua_block {
    require("spec.nginx.app").init()
  }
  init_worker_by_lua_block {
    require("spec.nginx.app").note "init_worker"
  }
]]

local SERVER = [[
  location = /told { content_by_lua_block { require("spec.nginx.app").told() } }
  location = /content {
    content_by_lua_block { ngx.print(require("spec.nginx.app").tell()) }
  }
  location = /access {
    access_by_lua_block {
      ngx.print(require("spec.nginx.app").tell())
      return ngx.exit(200)
    }
    content_by_lua_block { ngx.print "too far" }
  }
  location = /rewrite {
    rewrite_by_lua_block {
      ngx.print(require("spec.nginx.app").tell())
      return ngx.exit(200)
    }
  }
  location = /timer {
    content_by_lua_block {
      ngx.timer.at(0, function() require("spec.nginx.app").note "timer" end)
    }
  }
  location = /thread {
    content_by_lua_block {
      local app = require "spec.nginx.app"
      local thread = ngx.thread.spawn(app.tell)
      local co = coroutine.wrap(app.tell)
      local text = co()
      local _, other = ngx.thread.wait(thread)
      ngx.print(text, other)
    }
  }
  location = /set {
    set_by_lua_block $told { return require("spec.nginx.app").tell() }
    return 200 "$told";
  }
  location = /header_filter {
    header_filter_by_lua_block {
      require("spec.nginx.app").note "header_filter"
    }
    return 200 "fine";
  }
  location = /body_filter {
    body_filter_by_lua_block { require("spec.nginx.app").note "body_filter" }
    return 200 "fine";
  }
  location = /log {
    log_by_lua_block { require("spec.nginx.app").note "log" }
    return 200 "fine";
  }
  location = /background {
    log_by_lua_block {
      ngx.timer.at(0, function() require("spec.nginx.app").note "way_out" end)
    }
    return 200 "fine";
  }
  location = /each {
    content_by_lua_block {
      local n = 0
      for _ in require("spec.nginx.app").client.connections.each {
        page_size = 2
      } do
        n = n + 1
      end
      ngx.print(n)
    }
  }
  location = /mixed {
    content_by_lua_block {
      local app, zuora = require "spec.nginx.app", require "zuora"
      local other = assert(zuora.new(app.options()))
      local results = app.client:map({ 1, 2, 3, 4, 5, 6 }, function(i)
        if i % 3 == 0 then
          ngx.sleep(0.05)
          return i
        end
        local client = i % 2 == 0 and other or app.client
        local list, err = client.connections.list()
        return list and i, err
      end)
      other:close()
      for i = 1, 6 do
        ngx.print(results[i].value or tostring(results[i].err), " ")
      end
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
  location = /list {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      ngx.print(require("spec.nginx.app").tell(function()
        assert(client.connections.list())
        return "ok"
      end))
    }
  }
]]

-- Where nginx chooses a certificate; that of the sandbox will do.
local TLS = HTTP .. [[
  lua_check_client_abort on;
  server {
    listen 127.0.0.1:$tls ssl;
    ssl_certificate $certificates/server.pem;
    ssl_certificate_key $certificates/server.key;
    ssl_certificate_by_lua_block { require("spec.nginx.app").note "ssl" }
    return 200 "fine";
  }
]]

local server

local function told(name)
  return nginx.eventually(function()
    local _, text = server:get("/told?name=" .. name)
    return text ~= "" and text
  end, "what is told in " .. name)
end

local function get(path)
  local _, body = server:get(path)
  return body
end

describe("a client made in init_by_lua", function()
  before_each(function()
    sandbox.reset { keep_tokens = true }
    server = nginx.start { http = HTTP, server = SERVER }
  end)

  after_each(function()
    server:stop()
  end)

  for _, phase in ipairs { "content", "access", "rewrite" } do
    it("calls in the phase " .. phase, function()
      assert.equal("ok", get("/" .. phase))
      assert.equal("ok", get("/" .. phase))
    end)
  end

  it("calls in a timer", function()
    assert.equal(200, (server:get "/timer"))
    assert.equal("ok", told "timer")
  end)

  it("calls in light threads and coroutines", function()
    assert.equal("okok", get "/thread")
  end)

  it("turns pages in a for loop", function()
    local client = sandbox.bearer()
    local list = assert(client.connections.all())
    client:close()
    assert.is_true(#list > 2)
    assert.equal(tostring(#list), get "/each")
  end)

  it("maps functions that sleep and that call other clients", function()
    assert.equal("1 2 3 4 5 6 ", get "/mixed")
  end)

  for _, phase in ipairs { "header_filter", "body_filter", "log" } do
    it("says in the phase " .. phase .. " what is the way out", function()
      local status, body = server:get("/" .. phase)
      assert.equal(200, status)
      assert.equal("fine", body)
      local text = told(phase)
      assert.truthy(text:find("^failed: .*connections%.list: .*" .. phase))
      assert.truthy(text:find("ngx.timer.at(0", 1, true))
      assert.truthy(text:find("app.lua:", 1, true)) -- the caller's line
      assert.equal("ok", get "/content")
    end)
  end

  it("says so in set and init_worker", function()
    for _, text in ipairs { get "/set", told "init_worker" } do
      assert.truthy(text:find "^failed: .*connections%.list: ")
      assert.truthy(text:find("ngx.timer.at(0", 1, true))
    end
    assert.equal("ok", get "/content")
  end)

  it("calls by the way out", function()
    assert.equal("fine", get "/background")
    assert.equal("ok", told "way_out")
  end)

  it("ends its calls when nginx is reloaded", function()
    assert.equal("ok", get "/list")
    sandbox.fault { kind = "delay", seconds = 1,
      operation = "connections.list" }
    local peer = server:send "/list"
    nginx.eventually(function()
      return sandbox.count "connections.list" >= 2
    end, "the call")
    server:reload()
    local _, body = nginx.receive(peer)
    peer:close()
    assert.equal("ok", body)
    assert.equal("ok", get "/content")
    nginx.eventually(function()
      return server:log():find "gracefully shutting down"
    end, "the reload")
  end)
end)

describe("a client in nginx", function()
  before_each(function()
    sandbox.reset { keep_tokens = false }
    server = nginx.start { http = TLS:gsub("note \"init_worker\"", "tell()")
      :gsub('init%(%)', "init { max_concurrency = 1 }"), server = SERVER }
  end)

  after_each(function()
    server:stop()
  end)

  it("calls while a certificate is chosen", function()
    assert.equal("fine", (shell.must(("curl -sk https://127.0.0.1:%d/"):format(
      server.tls))))
    assert.equal("ok", told "ssl")
  end)

  -- All that there is room for is taken by calls that last a minute.
  local function is_free()
    sandbox.mend()
    local began = socket.gettime()
    assert.equal("ok", get "/list")
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

  it("cancels the call of a request that its client aborted", function()
    assert.equal("ok", get "/list")
    stuck "connections.list"
    local peer = server:send "/list"
    seen "connections.list"
    peer:close()
    is_free()
  end)

  it("cancels the call of a light thread that was killed", function()
    assert.equal("ok", get "/list")
    stuck "connections.list"
    assert.equal("1", get "/killed")
    is_free()
  end)

  it("cancels all calls of a map whose request was aborted", function()
    assert.equal("ok", get "/list")
    stuck "entities.list"
    local peer = server:send "/map"
    seen "entities.list"
    peer:close()
    is_free()
    assert.equal("ok", get "/content")
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
end)
