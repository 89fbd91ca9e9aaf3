-- The example of nginx, as it stands in examples/nginx but for what is other on
-- each machine: where nginx and this checkout are, the port, the interval.
local json = require "zuora.json"
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local shell = require "spec.tools.shell"

local FOLDER = "examples/nginx/"

local function replace(text, old, new)
  local first, last = text:find(old, 1, true)
  assert(first, "the example has no " .. old)
  return text:sub(1, first - 1) .. new .. text:sub(last + 1)
end

local function configuration()
  local text = shell.read(FOLDER .. "nginx.conf")
  for old, new in pairs {
    ["worker_processes auto;"] = "worker_processes 4;",
    ["include /etc/nginx/modules-enabled/*.conf;"] =
      "$load $user daemon off; env ASAN_OPTIONS; env UBSAN_OPTIONS;",
    ["nginx.pid"] = "pid",
    ["access_log off;"] = [[access_log off;
      client_body_temp_path body; proxy_temp_path proxy;
      fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
      lua_package_cpath "$build/?.so;$cpath;;";]],
    ["${prefix}?.lua;;"] =
      "${prefix}?.lua;$root/lua/?.lua;$root/lua/?/init.lua;$path;;",
    ["review_every(60)"] = "review_every(0.2)",
    ["env ALLOWED_ENTITIES;"] = "env ALLOWED_ENTITIES=" .. sandbox.us .. ";",
    ["127.0.0.1:8080;\n"] = "127.0.0.1:$port;\n",
  } do
    text = replace(text, old, new)
  end
  return text
end

local SCENARIO = {
  entities = {
    { id = sandbox.global, name = "Acme Global" },
    { id = sandbox.us, name = "Acme US", parentId = sandbox.global },
    { id = sandbox.canada, name = "Acme Canada", parentId = sandbox.global },
  },
  connections = {
    { id = sandbox.asked, sourceEntityId = sandbox.us,
      targetEntityId = sandbox.global, status = "Pending" },
    { id = sandbox.joined, sourceEntityId = sandbox.canada,
      targetEntityId = sandbox.global, status = "Pending" },
  },
}

describe("the example of nginx", function()
  local server

  before_each(function()
    sandbox.reset { keep_tokens = false }
    sandbox.scenario(SCENARIO)
    server = nginx.start {
      conf = configuration(),
      files = {
        ["administration.lua"] = shell.read(FOLDER .. "administration.lua"),
      },
    }
  end)

  after_each(function()
    server:stop()
    sandbox.reset()
  end)

  local function decided()
    nginx.eventually(function()
      return sandbox.status(sandbox.asked) ~= "Pending" and
        sandbox.status(sandbox.joined) ~= "Pending"
    end, "the decisions")
  end

  it("accepts who is allowed and denies the others", function()
    decided()
    local _, accepted = sandbox.seen "connections.accept"
    local _, denied = sandbox.seen "connections.deny"
    assert.same({ "accepted " .. sandbox.asked }, accepted)
    assert.same({ "denied " .. sandbox.joined }, denied)
    nginx.eventually(function()
      local log = server:log()
      return log:find("accept " .. sandbox.asked, 1, true) and
        log:find("deny " .. sandbox.joined, 1, true)
    end, "the notes")
  end)

  it("lists connections", function()
    local status, body, headers = server:get "/connections?type=inbound"
    assert.equal(200, status)
    assert.equal("application/json", headers["content-type"])
    local list = json.decode(body)
    assert.equal(2, list.count)
    assert.equal(sandbox.global, list.connections[1].targetEntityId)
    assert.equal(400, (server:get "/connections?type=sideways"))
  end)

  it("says what keeps it from listing", function()
    decided()
    sandbox.fault { kind = "status", status = 403, times = 0,
      operation = "connections.list" }
    local status, body = server:get "/connections"
    assert.equal(502, status)
    assert.truthy(json.decode(body).error:find "connections%.list")
    sandbox.mend()
    assert.equal(200, (server:get "/connections"))
  end)

  it("has metrics", function()
    decided()
    nginx.eventually(function()
      local _, body = server:get "/metrics"
      return body:find(
        'zuora_calls_total{operation="connections.deny",result="ok"} 1', 1,
        true) and body:find(
        'zuora_calls_total{operation="connections.accept",result="ok"} 1', 1,
        true) and body:find("zuora_call_seconds_bucket", 1, true)
    end, "the counts")
  end)

  it("counts for all workers, whichever is asked", function()
    decided()
    local peers = {} -- at once, for more than one worker
    for i = 1, 40 do
      peers[i] = server:send "/connections?type=outbound"
    end
    for _, peer in ipairs(peers) do
      assert.equal(200, (nginx.receive(peer)))
      peer:close()
    end
    local function lists()
      local _, body = server:get "/metrics"
      return tonumber(body:match(
        'zuora_calls_total{operation="connections.list",result="ok"} (%d+)'))
    end
    local count = lists()
    assert.is_true(count >= 40)
    for _ = 1, 20 do -- the timer's own lists go on
      local again = lists()
      assert.is_true(again >= count)
      count = again
    end
  end)
end)
