-- Faults of the service in the middle of calls made from inside nginx.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"

local CALLS = 5 -- at once, each met by the fault

local HTTP = [[
  init_by_lua_block {
    require("spec.nginx.app").init { backoff_base = 0.01, max_attempts = 2 }
  }
]]

local SERVER = [[
  location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
  location = /content {
    content_by_lua_block { ngx.print(require("spec.nginx.app").tell()) }
  }
  location = /list {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      local list, err = client.connections.list {
        attempt_timeout = tonumber(ngx.var.arg_seconds) }
      ngx.print(list and "ok" or err.kind)
    }
  }
  location = /accept {
    content_by_lua_block {
      local client = require("spec.nginx.app").client
      local done, err = client.connections.accept(ngx.var.arg_id, {
        attempt_timeout = tonumber(ngx.var.arg_seconds) })
      ngx.print(done and "ok" or err.kind .. " " .. err.outcome)
    }
  }
]]

-- What a list comes to when each of its attempts meets the fault.
local FAULTS = {
  { "reset", "network" }, { "close", "network" }, { "cut", "network" },
  { "stall", "timeout" }, { "drip", "timeout", bytes_per_second = 1 },
  { "gzip_garbage", "protocol" }, { "wrong_json", "protocol" },
  { "html", "protocol" }, { "redirect", "http" },
  { "status", "http", status = 500, body = "html" },
  { "status", "http", status = 502, body = "html" },
  { "status", "http", status = 503, body = "html" },
  { "status", "http", status = 504, body = "html" },
}

local function fault_of(row, more)
  local fault = { kind = row[1] }
  for _, fields in ipairs { row, more } do
    for name, value in pairs(fields) do
      if type(name) == "string" then
        fault[name] = value
      end
    end
  end
  return fault
end

describe("a worker whose calls meet the fault", function()
  local server, pid

  local function get(path)
    local _, body = server:get(path)
    return body
  end

  setup(function() -- one worker for all of them
    server = nginx.start { http = HTTP, server = SERVER }
    pid = get "/pid"
  end)

  before_each(function()
    sandbox.reset()
    assert.equal("ok", get "/list")
  end)

  teardown(function()
    server:stop()
    sandbox.reset()
  end)

  local function lists(seconds)
    local peers, kinds = {}, {}
    for i = 1, CALLS do
      peers[i] = server:send("/list?seconds=" .. seconds)
    end
    for i = 1, CALLS do
      local _, body = nginx.receive(peers[i])
      peers[i]:close()
      kinds[body] = true
    end
    return kinds
  end

  for _, row in ipairs(FAULTS) do
    local name = row[1] .. (row.status and " " .. row.status or "")
    it(name .. " goes on", function()
      local seconds = row[2] == "timeout" and 1 or 60
      sandbox.fault(fault_of(row, { operation = "connections.list",
        times = 0 }))
      assert.same({ [row[2]] = true }, lists(seconds))
      sandbox.mend()
      -- Once, and after the effect: the connection is read back.
      sandbox.fault(fault_of(row, { operation = "connections.accept",
        when = "after" }))
      assert.equal("ok", get(("/accept?id=%s&seconds=%d"):format(sandbox.asked,
        seconds)))
      sandbox.mend()
      local _, effects = sandbox.seen "connections.accept"
      assert.same({ "accepted " .. sandbox.asked }, effects)
      assert.equal("ok", get "/content")
      assert.equal(pid, get "/pid") -- the same worker
      assert.is_nil(server:log():match "%[alert%][^\n]*")
      assert.is_nil(server:log():match "%[crit%][^\n]*")
    end)
  end
end)
