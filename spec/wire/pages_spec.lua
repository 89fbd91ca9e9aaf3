-- Lists over several pages.
local sandbox = require "spec.wire.sandbox"

describe("a list of many pages", function()
  local client

  setup(function()
    sandbox.reset()
    sandbox.scenario { name = "many", n = 1000 }
    client = sandbox.client()
  end)

  teardown(function()
    client:close()
    sandbox.reset()
  end)

  it("comes whole and in order through each", function()
    local seen, count = {}, 0
    for connection in client.connections.each { page_size = 70 } do
      assert.is_nil(seen[connection.id])
      seen[connection.id] = true
      count = count + 1
    end
    assert.equal(1000, count)
    local other = {}
    for _, connection in ipairs(assert(client.connections.all())) do
      other[#other + 1] = connection.id
      assert.is_true(seen[connection.id])
    end
    assert.equal(1000, #other)
  end)

  it("keeps the options on every page", function()
    local before = #sandbox.journal()
    assert(client.connections.all { type = "outbound", page_size = 100,
      zuora_track_id = "paging", zuora_entity_ids = sandbox.us })
    local journal = sandbox.journal()
    for i = before + 1, #journal do
      assert.equal("paging", journal[i].headers["zuora-track-id"])
      assert.equal(sandbox.us, journal[i].headers["zuora-entity-ids"])
      assert.is_truthy(journal[i].target:find("type=outbound", 1, true))
    end
  end)

  it("asks for the largest pages by itself", function()
    sandbox.reset { keep_tokens = true }
    sandbox.scenario { name = "many", n = 600 }
    assert.equal(600, #assert(client.connections.all()))
    assert.is_true(sandbox.count "connections.list" <= 3)
    sandbox.scenario { name = "many", n = 1000 }
  end)

  it("is an error, not a shorter list, past max", function()
    local list, err = client.connections.all { max = 999 }
    assert.is_nil(list)
    assert.equal("argument", err.kind)
    assert.equal("max", err.parameter)
    assert.equal(1000, #assert(client.connections.all { max = 1000 }))
  end)

  it("raises an error from each in the middle", function()
    sandbox.fault { match = { operation = "connections.list", nth = 2,
      times = 4 }, kind = "status", status = 500, body = "html" }
    local count = 0
    local ok, err = pcall(function()
      for _ in client.connections.each { page_size = 100 } do
        count = count + 1
      end
    end)
    assert.is_false(ok)
    assert.equal("http", err.kind)
    assert.equal(500, err.status)
    assert.equal(4, err.attempts)
    assert.equal(100, count)
  end)

  it("goes on where a page failed and then came", function()
    local before = sandbox.count "connections.list"
    sandbox.fault { match = { operation = "connections.list", nth = 4,
      times = 3 }, kind = "reset" }
    local seen, count = {}, 0
    for connection in client.connections.each { page_size = 100 } do
      assert.is_nil(seen[connection.id])
      seen[connection.id] = true
      count = count + 1
    end
    assert.equal(1000, count)
    assert.equal(before + 10 + 3, sandbox.count "connections.list")
  end)

  it("starts at the page asked for", function()
    local list = assert(client.connections.all { page = 10, page_size = 100 })
    assert.equal(100, #list)
  end)

  it("can be turned by hand", function()
    local first = assert(client.connections.list { page_size = 300 })
    local second = assert(client.connections.list {
      next_page = first.nextPage })
    assert.equal(300, #second.entityConnections)
    assert.not_equal(first.entityConnections[1].id,
      second.entityConnections[1].id)
  end)
end)
