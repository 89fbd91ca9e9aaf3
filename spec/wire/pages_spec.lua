-- Lists over several pages.
local sandbox = require "spec.wire.sandbox"
local tasks = require "zuora.wait.tasks"

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

describe("pages fetched ahead", function()
  local client

  before_each(function()
    sandbox.reset()
    client = sandbox.client()
  end)

  after_each(function()
    client:close()
    sandbox.reset()
  end)

  local function ids(list)
    local found = {}
    for i, connection in ipairs(list) do
      assert.is_nil(found[connection.id])
      found[i], found[connection.id] = connection.id, true
    end
    return found
  end

  -- Until so many lists were asked for; the machine may be slow.
  local function await(count)
    for _ = 1, 1000 do
      if sandbox.count "connections.list" >= count then
        return
      end
      assert(client.entities.list()) -- moves what is under way
    end
    error "they were not asked for"
  end

  it("come in their order, whichever is answered first", function()
    sandbox.scenario { name = "many", n = 1000 }
    local plain = ids(assert(client.connections.all { prefetch = 0 }))
    for _, nth in ipairs { 2, 5, 5 } do
      sandbox.fault { match = { operation = "connections.list", nth = nth },
        kind = "delay", seconds = 0.1 }
    end
    local ahead = ids(assert(client.connections.all { page_size = 50,
      prefetch = 16 }))
    assert.same(plain, ahead)
  end)

  it("go past the end by no more than are in flight, over one connection",
    function()
      sandbox.scenario { name = "many", n = 1000 }
      assert.equal(1000, #assert(client.connections.all { page_size = 100,
        prefetch = 5 }))
      assert(client.entities.list())
      local connections, pages = {}, {}
      for _, entry in ipairs(sandbox.journal()) do
        connections[entry.connection] = true
        if entry.operation == "connections.list" then
          local page = tonumber(entry.target:match "[?&]page=(%d+)" or 1)
          assert.is_nil(pages[page])
          pages[page] = true
          assert.is_true(page < 10 + 5)
        end
      end
      for page = 1, 10 do
        assert.is_true(pages[page])
      end
      assert.is_nil(next(connections, (next(connections))))
    end)

  it("are what they were when they were fetched: a list may end there",
    function()
      sandbox.scenario { name = "many", n = 150 }
      local count = 0
      for _ in client.connections.each { page_size = 100, prefetch = 2 } do
        count = count + 1
        if count == 1 then
          await(3)
          sandbox.scenario { name = "many", n = 400 }
        end
      end
      assert.equal(150, count)
    end)

  for _, past_end in ipairs { "empty", "refused" } do
    it("are asked for again where they came too early, " .. past_end,
      function()
        sandbox.assume { page_past_end = past_end }
        sandbox.scenario { name = "many", n = 300 }
        sandbox.fault { match = { operation = "connections.list", nth = 3 },
          kind = "delay", seconds = 2 }
        local list = {}
        for connection in client.connections.each { page_size = 100,
          prefetch = 6 } do
          list[#list + 1] = connection
          if #list == 1 then
            await(7)
            sandbox.scenario { name = "many", n = 800 }
          end
        end
        assert.equal(800, #ids(list))
      end)
  end

  it("leave nothing behind when the reading ends early", function()
    local before = tasks.live
    sandbox.scenario { name = "many", n = 1000 }
    client.connections.each { page_size = 10, prefetch = 20 }()
    for _ = 1, 1000 do
      if tasks.live == before then
        break
      end
      assert(client.entities.list())
    end
    assert.equal(before, tasks.live)
  end)
end)

describe("a client that is closed between two pages", function()
  local client

  setup(function()
    sandbox.reset()
    sandbox.scenario { name = "many", n = 300 }
  end)

  teardown(sandbox.reset)

  -- Closes it when that many pages have come.
  local function open(count)
    client = sandbox.client { on_event = function(event)
      if event.name == "call_end" and event.operation == "connections.list" then
        count = count - 1
        if count == 0 then
          client:close()
        end
      end
    end }
  end

  local function check(err)
    assert.equal("table", type(err))
    assert.equal("cancelled", err.kind)
    assert.equal("connections.list", err.operation)
    assert.is_nil(err.outcome)
    assert.matches("the client was closed", tostring(err))
  end

  for _, prefetch in ipairs { 0, 1, 3 } do
    local options = { page_size = 50, prefetch = prefetch }

    it(("ends all, with %d ahead"):format(prefetch), function()
      for count = 1, 3 do
        open(count)
        local list, err = client.connections.all(options)
        assert.is_nil(list)
        check(err)
      end
    end)

    it(("ends each, with %d ahead"):format(prefetch), function()
      open(0)
      local seen = 0
      local ok, err = pcall(function()
        for _ in client.connections.each(options) do
          seen = seen + 1
          if seen == 50 then
            client:close()
          end
        end
      end)
      assert.is_false(ok)
      assert.is_true(seen < 300)
      check(err)
    end)
  end
end)
