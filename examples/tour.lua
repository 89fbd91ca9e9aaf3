-- A day in the life of a multi-entity tenant's administrator. `make demo` runs
-- it against the sandbox; it takes everything from the ZUORA_* variables.
local zuora = require "zuora"

local entities = {} -- by name
local order = {} -- of names, as listed
local names = {} -- by id

-- ---- for the eye -----------------------------------------------------------

local step_number = 0

local function step(title)
  step_number = step_number + 1
  print(("\n%2d. %s"):format(step_number, title))
end

local function line(format, ...)
  print("    " .. format:format(...))
end

-- What support would ask for, and what the limits say.
local function trail(meta)
  local limit = meta.rate_limit or {}
  line("request %s, %s of %s calls left, %.0f ms", meta.zuora_request_id,
    limit.remaining or "?", limit.limit or "?", meta.seconds * 1000)
end

local function widths(rows)
  local widest = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widest[i] = math.max(widest[i] or 0, #cell)
    end
  end
  return widest
end

local function table_of(rows)
  local widest = widths(rows)
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      cells[i] = cell .. (" "):rep(widest[i] - #cell)
    end
    line("%s", (table.concat(cells, "  "):gsub("%s+$", "")))
  end
end

local function connections_table(list)
  local rows = { { "CONNECTION", "FROM", "TO", "STATUS" } }
  for _, c in ipairs(list) do
    rows[#rows + 1] = {
      c.id, names[c.sourceEntityId] or c.sourceEntityId,
      names[c.targetEntityId] or c.targetEntityId, c.status,
    }
  end
  table_of(rows)
end

-- ---- the tour --------------------------------------------------------------

-- The global entity is the client's default; any call may name another.
local client = assert(zuora.default())

local function as(entity)
  return { zuora_entity_ids = entity.id, zuora_track_id = "tour" }
end

local function show_entities()
  step("The entities of the tenant")
  local result = assert(client.entities.list())
  local rows = { { "ENTITY", "ID", "STATUS" } }
  for _, entity in ipairs(result.entities) do
    entities[entity.name], names[entity.id] = entity, entity.name
    if not entity.parentId or type(entity.parentId) == "userdata" then
      entities.global = entity
    end
    order[#order + 1] = entity.name
    rows[#rows + 1] = { entity.name, entity.id, entity.status }
  end
  table_of(rows)
  trail(result.meta)
end

local function show_inbound()
  step("Who shares with " .. entities.global.name .. " (inbound, a page of 3)")
  local page = assert(client.connections.list { type = "inbound",
    page_size = 3 })
  connections_table(page.entityConnections)
  trail(page.meta)
  local pages = 1
  while page.nextPage do
    page = assert(client.connections.list { next_page = page.nextPage })
    connections_table(page.entityConnections)
    pages = pages + 1
  end
  line("that was page %d, the last", pages)
end

local function show_outbound()
  step("With whom it shares (outbound, all pages at once)")
  local list = assert(client.connections.all { type = "outbound" })
  connections_table(list)
  trail(list.meta)
end

-- An entity that the global one has no outbound connection with yet.
local function find_unconnected()
  local taken = {}
  for c in client.connections.each { type = "outbound" } do
    taken[c.targetEntityId] = true
  end
  for _, name in ipairs(order) do
    local entity = entities[name]
    if entity.id ~= entities.global.id and not taken[entity.id] and
      entity.status == "Provisioned" then
      return entity
    end
  end
  error("every entity is connected already")
end

local function initiate_and_accept()
  local target = find_unconnected()
  step("Ask " .. target.name .. ", found by its name, for a connection")
  local made = assert(client.connections.initiate(entities[target.name].id))
  line("connection %s is Pending", made.id)
  trail(made.meta)
  step("Accept it on the other side, as " .. target.name)
  local accepted = assert(client.connections.accept(made.id, as(target)))
  line("connection %s is Connected", made.id)
  trail(accepted.meta)
  return made.id, target
end

local function deny_one()
  step("Deny what we do not want to have from others")
  for c in client.connections.each { type = "inbound" } do
    if c.status == "Pending" then
      local denied = assert(client.connections.deny(c.id))
      line("connection %s from %s is denied", c.id, names[c.sourceEntityId])
      trail(denied.meta)
      return
    end
  end
end

local function disconnect(id)
  step("Disconnect what was just connected; there is no way back")
  local done = assert(client.connections.disconnect(id))
  line("connection %s is disconnected", id)
  trail(done.meta)
end

local function mistake(title, err)
  line("%s", title)
  line("  %s", tostring(err))
  line("  kind = %s, retryable = %s, outcome = %s", err.kind, err.retryable,
    err.outcome)
end

local function mistakes(id, target)
  step("Three mistakes, and what is said to them")
  mistake("A track id with a colon in it:",
    select(2, client.connections.accept(id, { zuora_track_id = "run:42" })))
  mistake("Accepting what is disconnected, to which Zuora answers 200:",
    select(2, client.connections.accept(id, as(target))))
  local stranger = assert(zuora.new {
    base_url = os.getenv "ZUORA_BASE_URL",
    ca_file = os.getenv "ZUORA_CA_FILE",
    api_access_key_id = os.getenv "ZUORA_API_ACCESS_KEY_ID",
    api_secret_access_key = "not the password",
  })
  mistake("Logging in with a wrong password:",
    select(2, stranger.session.establish()))
  stranger:close()
end

print(("zuora %s, %s"):format(zuora._VERSION, tostring(client)))
show_entities()
show_inbound()
show_outbound()
local id, target = initiate_and_accept()
deny_one()
disconnect(id)
mistakes(id, target)
client:close()
print "\nDone."
