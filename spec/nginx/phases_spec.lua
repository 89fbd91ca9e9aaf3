-- The library in each phase of a request in a real nginx.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local shell = require "spec.tools.shell"

local HTTP = [[
  lua_shared_dict told 1m;
  init_by_lua_block {
    require("spec.nginx.app").init()
    require("spec.nginx.app").refuse "init"
  }
  init_worker_by_lua_block { require("spec.nginx.app").refuse "init_worker" }
  exit_worker_by_lua_block { require("spec.nginx.app").refuse "exit_worker" }
  ssl_session_fetch_by_lua_block {
    require("spec.nginx.app").refuse "ssl_session_fetch"
  }
  ssl_session_store_by_lua_block {
    require("spec.nginx.app").refuse "ssl_session_store"
  }
  upstream ping {
    server 0.0.0.1; # whom the balancer does not ask
    balancer_by_lua_block {
      require("spec.nginx.app").refuse "balancer"
      assert(require("ngx.balancer").set_current_peer("127.0.0.1", $port))
    }
  }
  # Where nginx chooses a certificate; that of the sandbox will do.
  server {
    listen 127.0.0.1:$tls ssl;
    ssl_protocols TLSv1.2; # sessions of 1.3 do not come by
    ssl_session_tickets off;
    ssl_certificate $certificates/server.pem;
    ssl_certificate_key $certificates/server.key;
    ssl_client_hello_by_lua_block {
      require("spec.nginx.app").refuse "ssl_client_hello"
    }
    ssl_certificate_by_lua_block { require("spec.nginx.app").note "ssl_cert" }
    server_rewrite_by_lua_block {
      require("spec.nginx.app").note "server_rewrite"
    }
    location / { return 200 "fine"; }
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
    set_by_lua_block $none { require("spec.nginx.app").refuse "set" }
    return 200 "fine";
  }
  location = /header_filter {
    header_filter_by_lua_block {
      require("spec.nginx.app").refuse "header_filter"
    }
    return 200 "fine";
  }
  location = /body_filter {
    body_filter_by_lua_block {
      if ngx.arg[2] then
        require("spec.nginx.app").refuse "body_filter"
      end
    }
    return 200 "fine";
  }
  location = /log {
    log_by_lua_block { require("spec.nginx.app").refuse "log" }
    return 200 "fine";
  }
  location = /balancer { proxy_pass http://ping/ping; }
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
  location = /map_first {
    content_by_lua_block {
      local client = assert(require("zuora").new {
        base_url = os.getenv "ZUORA_BASE_URL", access_token = "not known",
        ca_file = os.getenv "ZUORA_CA_FILE", zuora_entity_ids = "1",
      })
      local results = client:map({ 1, 2, 3 }, function()
        return client.entities.list()
      end)
      client:close()
      for i = 1, 3 do
        ngx.print(results[i].err.kind, " ")
      end
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

local server

local function told(name)
  return nginx.eventually(function()
    local _, text = server:get("/told?name=" .. name)
    return text ~= "" and text
  end, "what is told in " .. name)
end

local function get_tls()
  return (shell.must(("curl -sk https://127.0.0.1:%d/"):format(server.tls)))
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
      assert.equal("ok", server:text("/" .. phase))
      assert.equal("ok", server:text("/" .. phase))
    end)
  end

  it("calls in a timer", function()
    assert.equal(200, (server:get "/timer"))
    assert.equal("ok", told "timer")
  end)

  it("calls in light threads and coroutines", function()
    assert.equal("okok", server:text "/thread")
  end)

  it("turns pages in a for loop", function()
    local client = sandbox.bearer()
    local list = assert(client.connections.all())
    client:close()
    assert.is_true(#list > 2)
    assert.equal(tostring(#list), server:text "/each")
  end)

  it("maps before any other call has waited", function()
    assert.equal("auth auth auth ", server:text "/map_first")
  end)

  it("maps functions that sleep and that call other clients", function()
    assert.equal("1 2 3 4 5 6 ", server:text "/mixed")
  end)

  it("calls while a certificate is chosen, and in server_rewrite", function()
    assert.equal("fine", get_tls())
    assert.equal("ok", told "ssl_cert")
    assert.equal("ok", told "server_rewrite")
  end)

  local function refuses(phase)
    local text = told(phase)
    assert.truthy(text:find("^failed: .*connections%.list: .* " .. phase))
    assert.truthy(text:find("ngx.timer.at(0", 1, true))
    assert.truthy(text:find("app.lua:", 1, true)) -- the caller's line
    return text
  end

  for _, phase in ipairs { "set", "header_filter", "body_filter", "log",
    "balancer" } do
    it("says in the phase " .. phase .. " what is the way out", function()
      local status, body = server:get("/" .. phase)
      assert.equal(200, status)
      assert.equal(phase == "balancer" and "pong" or "fine", body)
      refuses(phase)
      assert.equal("ok", told(phase .. "_timer"))
      assert.equal("ok", server:text "/content")
    end)
  end

  it("says so in the phases of TLS that cannot wait", function()
    assert.equal("fine", get_tls())
    -- Asks with the session of the handshake before.
    shell.run(("openssl s_client -reconnect -connect 127.0.0.1:%d </dev/null")
      :format(server.tls))
    for _, phase in ipairs { "ssl_client_hello", "ssl_session_store",
      "ssl_session_fetch" } do
      refuses(phase)
      assert.equal("ok", told(phase .. "_timer"))
    end
    assert.equal("ok", server:text "/content")
  end)

  it("says so at the start and the end of a worker", function()
    refuses "init_worker"
    assert.equal("ok", told "init_worker_timer")
    assert.truthy(refuses "init":find("init_worker_by_lua makes", 1, true))
    assert.equal("no request", told "init_timer")
    server:reload()
    assert.truthy(refuses "exit_worker":find("made before", 1, true))
    assert.truthy(told "exit_worker_timer":find("disabled", 1, true))
    assert.equal("ok", server:text "/content")
  end)

  it("ends its calls when nginx is reloaded", function()
    assert.equal("ok", server:text "/list")
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
    assert.equal("ok", server:text "/content")
    nginx.eventually(function()
      return server:log():find "gracefully shutting down"
    end, "the reload")
  end)
end)
