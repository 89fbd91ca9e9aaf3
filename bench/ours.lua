-- The calls of bench/bare.c, made with the library: answers decoded, the meta
-- data there, as a program has them.
local measure = require "bench.measure"
local zuora = require "zuora"

local a = measure.arguments()
local client = assert(zuora.new {
  base_url = a.url, access_token = "bench", ca_file = a.ca,
  max_concurrency = a.concurrency,
})
local connections, check, id = client.connections, measure.check, measure.id

local accept = function()
  check(a, assert(connections.accept(id)))
end
local page = { page_size = a.rows }
local list = function()
  check(a, assert(connections.list(page)))
end
local one = a.operation == "accept" and accept or list

local function one_by_one(n)
  for _ = 1, n do
    one()
  end
end

local function at_once(n)
  local ids = {}
  for i = 1, n do
    ids[i] = id
  end
  local results = client:map(ids, one, { concurrency = a.concurrency })
  for i = 1, n do
    assert(not results[i].err, results[i].err)
  end
end

measure.report(a, require("zuora.core").clock,
  a.concurrency > 1 and at_once or one_by_one)
client:close()
