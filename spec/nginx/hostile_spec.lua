-- The hostile answers again, to calls from within nginx: what the caller gets
-- is the same, and the worker lives on.
local cases = require "spec.hostile.cases"
local cjson = require "cjson"
local hostile = require "spec.hostile.hostile"
local http2 = require "spec.hostile.http2_cases"
local nginx = require "spec.nginx.nginx"

local SERVER = [[
  lua_code_cache on;
  location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
  location = /call { content_by_lua_file call.lua; }
]]

-- A call with a client of its own for each URL; `close` ends that.
local CALL = [[
  clients = clients or {}
  local url, ca_file, close = ngx.var.arg_url, ngx.var.arg_ca, ngx.var.arg_close
  url = ngx.unescape_uri(url)
  local client = clients[url] or assert(require("zuora").new {
    base_url = url, ca_file = ngx.unescape_uri(ca_file), access_token = "%s",
    timeout = %d, max_attempts = 1, settle = false, max_body = 1000000 })
  clients[url] = client
  local result, err = client.connections.accept(ngx.var.arg_id)
  if close then
    client:close()
    clients[url] = nil
  end
  ngx.print(require("cjson").encode { id = result and result.id,
    success = result and result.success, kind = err and err.kind,
    outcome = err and err.outcome, text = tostring(err) })
]]

describe("in nginx,", function()
  local server, pid

  setup(function()
    hostile.start()
    server = nginx.start {
      server = SERVER,
      files = { ["call.lua"] = CALL:format(hostile.SECRET,
        tonumber(os.getenv "SPEC_PATIENCE") or 10) },
    }
    pid = select(2, server:get "/pid")
  end)

  teardown(function()
    server:stop()
    hostile.stop()
  end)

  before_each(function()
    hostile.reset()
  end)

  -- The same worker answers as before.
  after_each(function()
    assert.equal(pid, select(2, server:get "/pid"))
    assert.is_nil(server:log():find("exited on signal", 1, true))
  end)

  local function escaped(text)
    return (text:gsub("[^%w]", function(byte)
      return ("%%%02X"):format(byte:byte())
    end))
  end

  -- The call's result or error, as the table that nginx wrote down.
  local function call(name, id, close)
    local status, body = server:get(("/call?url=%s&ca=%s&id=%s%s"):format(
      escaped(hostile.url(name)), escaped(hostile.ca_file()), id,
      close and "&close=1" or ""))
    assert.equal(200, status)
    return setmetatable(cjson.decode(body), { __tostring = function(self)
      return self.text
    end })
  end

  for _, list in ipairs { "heads", "bodies" } do
    for _, case in ipairs(cases[list]) do
      it(list .. ": " .. case[1], function()
        hostile.play("plain", "c:request() " .. case[2])
        local err = call("plain", "x", true)
        assert.is_nil(err.success)
        hostile.check(err, case[3], "unknown")
        assert.truthy(err.text:find(case[#case], 1, true), err.text)
        assert.equal(1, #hostile.check_other().requests)
      end)
    end
  end

  for _, case in ipairs(cases.failures) do
    it("a failure with " .. case[1], function()
      hostile.json("plain", case[2])
      local err = call("plain", "x", true)
      assert.is_nil(err.success)
      hostile.check(err, err.kind, err.outcome)
      assert.truthy(err.kind == "api" or err.kind == "http", err.kind)
    end)
  end

  for _, case in ipairs(http2.cases) do
    it("HTTP/2: " .. case[1], function()
      http2.play(case[2])
      local err = call("h2", "x", true)
      assert.is_nil(err.success)
      hostile.check(err, err.kind, "unknown")
      assert.equal(1, #hostile.check_other().requests)
    end)
  end

  for _, name in ipairs { "wrong", "expired", "self", "old" } do
    it("a TLS peer that is no good, " .. name, function()
      hostile.json(name, '{"success":true}')
      hostile.check(call(name, "x", true), "tls", "not_done")
      assert.equal(0, #hostile.journal().requests)
    end)
  end

  it("what comes on an idle connection is no answer", function()
    local own = '{"success":true,"id":"own"}'
    hostile.play("plain", ([[
      while true do
        local request = c:request()
        if not request then return end
        c:answer("200 OK", "", %q)
        if request.line:find "/x/" then
          c:sleep(0.1)
          c:answer("200 OK", "", '{"success":true,"id":"unasked"}')
          c.tell "sent"
        end
      end]]):format(own))
    assert.equal("own", call("plain", "x").id)
    hostile.await "sent"
    assert.equal("own", call("plain", "y").id)
    assert.equal("own", call("plain", "y", true).id)
  end)
end)
