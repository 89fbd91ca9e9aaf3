-- Calls where nginx has no timer left that could move them.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"

local HTTP = [[
  lua_shared_dict told 1m;
  init_by_lua_block { require("spec.nginx.app").init() }
]]

local SERVER = [[
  location = /told { content_by_lua_block { require("spec.nginx.app").told() } }
  location = /content {
    content_by_lua_block { ngx.print(require("spec.nginx.app").tell()) }
  }
  location = /timer {
    content_by_lua_block {
      assert(ngx.timer.at(0, function()
        require("spec.nginx.app").note "timer"
      end))
    }
  }
]]

describe("without a timer to be had", function()
  local server

  before_each(function()
    sandbox.reset()
  end)

  after_each(function()
    server:stop()
  end)

  it("calls move themselves", function()
    server = nginx.start { http = "lua_max_pending_timers 0;" .. HTTP,
      server = SERVER }
    local peers = {}
    for i = 1, 5 do
      peers[i] = server:send "/content"
    end
    for i = 1, 5 do
      local _, body = nginx.receive(peers[i])
      peers[i]:close()
      assert.equal("ok", body)
    end
  end)

  it("calls move themselves when all run, their own included", function()
    server = nginx.start { http = "lua_max_running_timers 1;" .. HTTP,
      server = SERVER }
    server:get "/timer"
    assert.equal("ok", nginx.eventually(function()
      local _, text = server:get "/told?name=timer"
      return text ~= "" and text
    end, "the call in a timer"))
    local _, body = server:get "/content"
    assert.equal("ok", body)
  end)
end)
