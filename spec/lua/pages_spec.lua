-- Lists that come in pages: each and all, and lists that are not honest.
local cjson = require "cjson"
local servers = require "spec.support.server"
local worlds = require "spec.support.world"
local zuora = require "zuora"

local server, world, client

before_each(function()
  server = servers.new()
  world = worlds.new(server)
  client = world:client()
end)

after_each(function()
  world:close()
end)

-- Answers with pages of so many items; nextPage as Zuora writes it. Items are
-- numbered through.
local function pages(sizes, path)
  local answers, id = {}, 0
  for i, size in ipairs(sizes) do
    local items = {}
    for k = 1, size do
      id = id + 1
      items[k] = ('{"id":"%d","status":"Connected"}'):format(id)
    end
    local next_page = sizes[i + 1] and (',"nextPage":"%s"'):format(
      ("%s%s?page=%d&pageSize=300"):format(server.url,
        path or "/v1/entity-connections", i + 1)) or ""
    answers[i] = { body = ('{"success":true,"entityConnections":[%s]%s}')
      :format(table.concat(items, ","), next_page) }
  end
  server:script(answers)
end

local function ids(list)
  local found = {}
  for i, item in ipairs(list) do
    found[i] = item.id
  end
  return table.concat(found, " ")
end

local function targets()
  local list = {}
  for i, request in ipairs(server.requests) do
    list[i] = request.target
  end
  return list
end

-- All items of the iterator; nil and the error that it raised.
local function collect(options)
  local list = {}
  local ok, err = pcall(function()
    for item in client.connections.each(options) do
      list[#list + 1] = item
    end
  end)
  if ok then
    return list
  end
  return nil, err, list
end

-- Both ways to read a list have to end in this error.
local function both(script, check, options)
  for _, read in ipairs { collect, client.connections.all } do
    script()
    local list, err = read(options)
    assert.is_nil(list)
    assert.is_true(zuora.is_error(err))
    assert.equal("connections.list", err.operation)
    check(err)
  end
end

describe("pages", function()
  it("are turned until there is none", function()
    for _, read in ipairs { collect, client.connections.all } do
      pages { 2, 3, 1 }
      assert.equal("1 2 3 4 5 6", ids(assert(read { type = "inbound" })))
      local got = targets()
      assert.equal(3, #got)
      assert.matches("type=inbound", got[1])
      assert.matches("pageSize=300", got[1])
      assert.equal("/v1/entity-connections?page=2&pageSize=300", got[2])
      assert.equal("/v1/entity-connections?page=3&pageSize=300", got[3])
    end
  end)

  it("may be one, none with items, or empty in between", function()
    for _, case in ipairs { { { 1 }, "1" }, { { 0 }, "" },
      { { 1, 0, 0, 1 }, "1 2" }, { { 0, 0, 2 }, "1 2" } } do
      for _, read in ipairs { collect, client.connections.all } do
        pages(case[1])
        assert.equal(case[2], ids(assert(read {})))
        assert.equal(#case[1], #server.requests)
      end
    end
  end)

  it("are asked for with the caller's size, number and entity", function()
    pages { 1, 1 }
    assert(client.connections.all { page = 3, page_size = 7,
      zuora_entity_ids = "e-1", zuora_track_id = "t-1" })
    assert.matches("page=3", targets()[1])
    assert.matches("pageSize=7", targets()[1])
    for _, request in ipairs(server.requests) do
      assert.equal("e-1", request.headers["zuora-entity-ids"])
      assert.equal("t-1", request.headers["zuora-track-id"])
    end
  end)

  it("need no options, and do not change them", function()
    local options = { type = "outbound" }
    pages { 1, 1 }
    assert(client.connections.all(options))
    pages { 1, 1 }
    assert(collect(options))
    assert.same({ type = "outbound" }, options)
    pages { 1 }
    assert.equal(1, #assert(client.connections.all()))
    pages { 1 }
    assert.equal("1", client.connections.each()().id)
  end)

  it("are fetched when they are needed, by an iterator", function()
    pages { 1, 1 }
    local iterator = client.connections.each {}
    assert.equal(1, #server.requests)
    assert.equal("1", iterator().id)
    assert.equal(1, #server.requests)
    assert.equal("2", iterator().id)
    assert.equal(2, #server.requests)
    assert.is_nil(iterator())
    assert.is_nil(iterator())
    assert.equal(2, #server.requests)
  end)

  it("have the last one's meta on the array", function()
    pages { 1, 1 }
    local list = assert(client.connections.all {})
    assert.equal(200, list.meta.status)
    assert.equal(2, #list)
    local keys = 0
    for _ in pairs(list) do
      keys = keys + 1
    end
    assert.equal(2, keys)
    assert.equal("array", cjson.encode(list):sub(1, 1) == "[" and "array")
  end)

  it("are repeated as other calls are", function()
    pages { 1, 1 }
    table.insert(server.answers, 2, 503)
    assert.equal("1 2", ids(assert(client.connections.all {})))
    assert.equal(3, #server.requests)
  end)
end)

describe("an array of all", function()
  it("holds max items, and fails when there are more", function()
    pages { 2, 2 }
    assert.equal(4, #assert(client.connections.all { max = 4 }))
    pages { 2, 2 }
    local list, err = client.connections.all { max = 3 }
    assert.is_nil(list)
    assert.equal("argument", err.kind)
    assert.equal("max", err.parameter)
    assert.matches("more than max = 3", err.message)
    assert.is_nil(tostring(err):find("nothing was sent", 1, true))
  end)

  it("tells of any max that is a number", function()
    for _, max in ipairs { 0, 0.5, 1.5, -1 } do
      pages { 2 }
      local list, err = client.connections.all { max = max }
      assert.is_nil(list, tostring(max))
      assert.equal("max", err.parameter)
    end
    pages { 2 }
    assert.equal(2, #assert(client.connections.all { max = math.huge }))
    assert.has_error(function()
      client.connections.all { max = 0 / 0 }
    end, "connections.list: max must be from -inf to inf")
  end)
end)

describe("a list that fails", function()
  it("fails at its first page", function()
    both(function()
      server:script({}, { status = 400, body = { success = false,
        reasons = { { code = 53100320, message = "no" } } } })
    end, function(err)
      assert.equal("api", err.kind)
      assert.equal(400, err.status)
    end)
  end)

  it("fails at a later page, having given what came before", function()
    pages { 2, 1 }
    server.answers[2] = 403
    local list, err, before = collect {}
    assert.is_nil(list)
    assert.equal("http", err.kind)
    assert.equal("1 2", ids(before))
  end)

  it("raises a value that breaks a rule, from an iterator", function()
    local list, err = collect { page_size = 301 }
    assert.is_nil(list)
    assert.equal("argument", err.kind)
    assert.equal("page_size", err.parameter)
    assert.equal(0, #server.requests)
  end)
end)

describe("a list that is not honest", function()
  local function page(body)
    return function()
      server:script({}, { body = body })
    end
  end

  local function protocol(pattern)
    return function(err)
      assert.equal("protocol", err.kind)
      assert.matches(pattern, err.message)
    end
  end

  local function next_page(url, items)
    return ('{"success":true,"entityConnections":[%s],"nextPage":"%s"}')
      :format(items or "", url)
  end

  it("has a nextPage that comes again", function()
    both(page(next_page("/v1/entity-connections?page=2", '{"id":"1"}')),
      function(err)
        protocol "do not come to an end"(err)
        assert.equal(2, #server.requests)
      end)
  end)

  it("has pages in a circle", function()
    both(function()
      server:script({}, function(_, n)
        return { body = next_page("/v1/entity-connections?page=" .. n % 3,
          '{"id":"1"}') }
      end)
    end, protocol "do not come to an end")
  end)

  it("has empty pages without end", function()
    both(function()
      server:script({}, function(_, n)
        return { body = next_page("/v1/entity-connections?page=" .. n) }
      end)
    end, function(err)
      protocol "do not come to an end"(err)
      assert.is_true(#server.requests > 100 and #server.requests < 110)
    end)
  end)

  it("leads elsewhere: there no credentials go", function()
    local other = servers.new()
    for _, url in ipairs { "https://evil.example/v1/entity-connections?page=2",
      other.url .. "/v1/x",
      server.url .. "@evil.example/", "ftp://127.0.0.1/x", "x", "\\\\\\\\x",
      "/v1/../../x", "/v1/x\\r\\nX: y" } do
      both(page(next_page(url, '{"id":"1"}')), function(err)
        assert.equal("protocol", err.kind, url)
        assert.is_truthy(err.message:find("nextPage cannot be followed", 1,
          true), url)
        assert.equal(1, #server.requests)
        assert.is_nil(tostring(err):find "[\r\n]")
      end)
    end
    other:step()
    assert.equal(0, #other.requests)
    other:close()
  end)

  it("is never taken to another host by two slashes", function()
    server:script { { body = next_page("//evil.example/v1/x", '{"id":"1"}') },
      { body = '{"entityConnections":[]}' } }
    assert.equal(1, #assert(client.connections.all {}))
    assert.equal("//evil.example/v1/x", server.requests[2].target)
  end)

  it("has a nextPage that is none", function()
    for _, value in ipairs { "null", '""' } do
      for _, read in ipairs { collect, client.connections.all } do
        page('{"success":true,"entityConnections":[{"id":"1"}],"nextPage":' ..
          value .. "}")()
        assert.equal("1", ids(assert(read {})))
        assert.equal(1, #server.requests)
      end
    end
  end)

  -- Not the end: what is missing would not be missed.
  it("has a nextPage that is no text", function()
    for _, value in ipairs { "false", "true", "1", "{}", "[]" } do
      both(page('{"entityConnections":[{"id":"1"}],"nextPage":' .. value ..
        "}"), protocol "the list's nextPage cannot be followed: it is no text")
    end
  end)

  it("is no list", function()
    for _, body in ipairs { '{"success":true}', "{}", "[]",
      '{"entityConnections":null}', '{"entityConnections":"x"}',
      '{"entityConnections":5}' } do
      both(page(body), protocol "the answer has no entityConnections")
    end
  end)

  it("has an object in the place of the array", function()
    both(page('{"entityConnections":{"a":{"id":"1"}}}'),
      protocol "the answer has no entityConnections")
    page('{"entityConnections":{}}')() -- which some write for an empty one
    assert.equal(0, #assert(client.connections.all {}))
  end)

  it("holds items that are none, which pass through", function()
    page('{"entityConnections":[1,"x",{"id":"1"},[]]}')()
    assert.equal(4, #assert(client.connections.all {}))
    assert.equal(4, #assert(collect {}))
  end)

  it("holds null among its items", function()
    page('{"entityConnections":[null,{"id":"1"}]}')()
    assert.equal(2, #assert(client.connections.all {}))
    assert.equal(2, #assert(collect {}))
  end)

  it("holds anything where a change is looked for", function()
    for _, items in ipairs { "null", "1", '"x"', "true", "[]", '{"id":{}}',
      '{"id":"id-1","status":{}}', '{"id":"id-1","status":null}',
      '{"targetEntityId":"id-1"}', '{"targetEntityId":"id-1","status":5}' } do
      for _, verb in ipairs { "accept", "initiate" } do
        server:script({}, function(request)
          return request.method == "GET" and
            { body = '{"entityConnections":[' .. items .. "]}" } or 500
        end)
        local result, err = client.connections[verb]("id-1", {
          max_attempts = 1 })
        assert.is_nil(result)
        assert.is_true(zuora.is_error(err))
      end
    end
  end)
end)

describe("a fetch ahead that raises before it waits", function()
  it("raises where its page is asked for", function()
    pages { 2, 1 }
    world.delays = setmetatable({}, { __newindex = function(delays, i, delay)
      if i == 2 then
        error("no more", 0)
      end
      rawset(delays, i, delay)
    end })
    local list, err, seen = collect {}
    assert.is_nil(list)
    assert.equal("no more", err)
    assert.equal("1 2", ids(seen))
  end)
end)
