-- The list, page by page.
local http = require "spec.sandbox.http"

local LIST = "/v1/entity-connections"
local INVALID, INVALID_QUERY = 20, 27

local function list(query)
  return http.taken(http.get(LIST .. (query or "")))
end

local function refused(query, status, category)
  http.refused(http.get(LIST .. query), status, category)
end

before_each(function()
  http.reset()
  http.scenario { name = "many", n = 75 }
end)

describe("a list", function()
  it("has 30 rows a page unless told otherwise", function()
    assert.equal(30, #list().entityConnections)
    assert.equal(75, #list("?pageSize=300").entityConnections)
  end)

  it("leads from page to page by whole URLs, and each row is there", function()
    local url, seen, rows, pages = "?pageSize=20&type=inbound", {}, 0, 0
    while url do
      local page = list(url)
      pages = pages + 1
      for _, one in ipairs(page.entityConnections) do
        assert.equal(http.global, one.targetEntityId)
        assert.is_nil(seen[one.id])
        seen[one.id], rows = true, rows + 1
      end
      local origin, rest = (page.nextPage or ""):match("^(.-)" ..
        LIST:gsub("%-", "%%-") .. "(.*)$")
      assert.is_true(page.nextPage == nil or origin == http.tls_url)
      url = rest
    end
    assert.equal(38, rows)
    assert.equal(2, pages)
  end)

  it("names the host that was asked", function()
    local page = http.taken(http.get(LIST, { headers = { Host = "a.test:99" },
      plain = true }))
    assert.equal("http://a.test:99/v1/entity-connections?page=2&pageSize=30",
      page.nextPage)
  end)

  it("has no rows, as an array, where there is nothing", function()
    http.scenario { name = "empty" }
    local answer = http.get(LIST)
    assert.equal('{"entityConnections":[],"success":true}', answer.body)
  end)

  it("keeps the type in nextPage, or drops it", function()
    local query = "?pageSize=20&type=outbound"
    assert.truthy(list(query).nextPage:find("&type=outbound", 1, true))
    http.assume { next_page_keeps_type = "no" }
    assert.is_nil(list(query).nextPage:find("type", 1, true))
  end)

  it("is in the order of creation, or newest first", function()
    local first = list("?pageSize=300").entityConnections
    http.assume { list_order = "newest" }
    local second = list("?pageSize=300").entityConnections
    for i, one in ipairs(first) do
      assert.equal(one.id, second[#second + 1 - i].id)
    end
  end)

  it("refuses a pageSize out of 1 to 300, or makes something of it", function()
    for _, size in ipairs { "0", "-1", "301", "x", "" } do
      refused("?pageSize=" .. size, 200, INVALID)
    end
    http.assume { page_size_out_of_range = "400" }
    refused("?pageSize=301", 400, INVALID)
    http.assume { page_size_out_of_range = "default" }
    assert.equal(30, #list("?pageSize=301").entityConnections)
    http.assume { page_size_out_of_range = "clamp" }
    assert.equal(75, #list("?pageSize=301").entityConnections)
    assert.equal(1, #list("?pageSize=0").entityConnections)
  end)

  it("refuses a page below 1, or takes the first", function()
    for _, page in ipairs { "0", "-3", "x", "1.5" } do
      refused("?pageSize=20&page=" .. page, 200, INVALID)
    end
    http.assume { bad_page = "400" }
    refused("?pageSize=20&page=0", 400, INVALID)
    http.assume { bad_page = "first" }
    assert.same(list "?pageSize=20&page=1", list "?pageSize=20&page=0")
  end)

  it("takes a page without pageSize, or ignores or refuses it", function()
    assert.not_same(list(), list "?page=2")
    http.assume { page_without_page_size = "ignored" }
    assert.same(list(), list "?page=2")
    http.assume { page_without_page_size = "refused" }
    refused("?page=2", 200, INVALID_QUERY)
  end)

  it("is empty past its end, or refused there", function()
    assert.same({}, list("?pageSize=20&page=99").entityConnections)
    assert.is_nil(list("?pageSize=20&page=99").nextPage)
    http.assume { page_past_end = "refused" }
    refused("?pageSize=20&page=99", 200, INVALID)
  end)

  it("refuses another type, or ignores it", function()
    refused("?type=both", 200, INVALID)
    http.assume { unknown_type = "400" }
    refused("?type=both", 400, INVALID)
    http.assume { unknown_type = "ignored" }
    assert.same(list(), list "?type=both")
  end)

  it("ignores other parameters, or refuses them", function()
    assert.same(list(), list "?x=1")
    http.assume { unknown_query = "refused" }
    refused("?x=1", 200, INVALID_QUERY)
  end)

  it("of 100000 is read as quickly as a short one", function()
    http.scenario { name = "many", n = 100000 }
    local page = list "?pageSize=300&page=166"
    assert.equal(300, #page.entityConnections)
    assert.equal(100000, http.state().connection_count)
    assert.equal(1000, #http.state().connections)
  end)
end)
