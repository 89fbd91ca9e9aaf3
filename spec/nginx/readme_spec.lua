-- The example of README.md, as it stands there: its block is nginx's
-- configuration, and the comment in it the module that it requires.
local nginx = require "spec.nginx.nginx"
local sandbox = require "spec.wire.sandbox"
local shell = require "spec.tools.shell"

-- What the three dots of the example stand for.
local OPTIONS = [[
  base_url = os.getenv "ZUORA_BASE_URL",
  ca_file = os.getenv "ZUORA_CA_FILE",
  client_id = os.getenv "ZUORA_CLIENT_ID",
  client_secret = os.getenv "ZUORA_CLIENT_SECRET",
  zuora_entity_ids = os.getenv "ZUORA_ENTITY_IDS"]]

local REQUESTS = 20

-- The parts of the block: of http, of the server, and the text of the module.
local function parts()
  local block = assert(shell.read "README.md":match "\n```nginx\n(.-\n)```\n")
  local http, server = block:match "^(.-\n)(location .*)$"
  local comment = {}
  for line in server:gmatch "\n *%-%- ([^\n]*)" do
    comment[#comment + 1] = line
  end
  local name, code = table.concat(comment, "\n"):match "^(%S+%.lua): (.*)$"
  local before, after = code:match "^(.*)%.%.%.(.*)$"
  return http, server, { [name] = before .. OPTIONS .. after }
end

describe("the example of nginx in README.md", function()
  local server

  before_each(function()
    sandbox.reset { keep_tokens = false }
    local http, locations, files = parts()
    server = nginx.start {
      http = http ..
        'init_by_lua_block { package.path = "$dir/?.lua;" .. package.path }',
      server = locations, files = files, workers = 2,
    }
  end)

  after_each(function()
    server:stop()
    sandbox.reset()
  end)

  it("tells how many connections there are, over one token", function()
    local client = sandbox.bearer()
    local page = assert(client.connections.list { page_size = 30 })
    client:close()
    local count = #page.entityConnections
    assert.is_true(count > 0)
    sandbox.forget()
    local peers = server:send_many("/connections", REQUESTS)
    for _, body in ipairs(nginx.receive_all(peers)) do
      assert.equal(count .. "\n", body)
    end
    assert.equal(REQUESTS, sandbox.count "connections.list")
    assert.equal(1, sandbox.count "oauth.token")
  end)

  it("tells what kept it from them", function()
    sandbox.fault { kind = "status", status = 403, times = 0,
      operation = "connections.list" }
    local status, body = server:get "/connections"
    assert.equal(200, status)
    assert.matches("^connections%.list: ", body)
  end)
end)
