-- What no document of Zuora's says. Each of these is an ASSUMPTION: the default
-- is our guess, the others are what Zuora might do as well. A client should
-- work with all of them; switch them by --assume NAME=VALUE or by
-- POST /_sandbox/assumptions.
local assumptions = {}

-- ASSUMPTIONS, every one: name, what it is about, the values (default first).
local LIST = {
  -- Which entity a call is for.
  { "missing_entity", "a token for several entities, and no entity is named",
    "400", "200", "401", "home" },
  { "bad_entity", "the named entity is unknown or not accessible",
    "400", "200", "401", "403" },
  { "two_entity_headers", "more than one of the entity headers is sent",
    "400", "200", "first" },
  { "several_entity_ids", "Zuora-Entity-Ids lists more than one id",
    "refused", "first" },
  { "legacy_entity_headers", "the older headers entityId and entityName are",
    "taken", "ignored" },
  { "session_entity", "a session's calls that name no entity are for that of",
    "login", "user" },
  { "entity_id_form", "the forms of an id that Zuora-Entity-Ids takes",
    "both", "hyphenated", "hex" },
  { "target_entity_id_form", "the forms that targetEntityId takes",
    "hex", "both" },

  -- The life of a connection.
  { "resource_code", "the first six digits of the error codes", "500000" },
  { "unknown_object", "the answer for an id that is not there", "200", "404" },
  { "wrong_state", "accept, deny, disconnect in a state that forbids it",
    "200", "400", "409" },
  { "wrong_side", "accept or deny by another entity than the target",
    "200", "403" },
  { "not_administrator", "a write without the permission for it",
    "200", "403" },
  { "foreign_connection", "a connection of two other entities is",
    "unknown", "forbidden" },
  { "denied_status", "the status after deny",
    "Disconnected", "Denied", "vanishes" },
  { "disconnect_pending", "disconnecting what is only requested",
    "refused", "allowed" },
  { "duplicate", "a request where one is Pending or Connected already",
    "refused", "same", "new" },
  { "again", "a request after deny or disconnect", "new", "same", "refused" },
  { "reverse", "a request where one exists in the other direction",
    "allowed", "refused" },
  { "self_connection", "a request to oneself", "refused", "allowed" },
  { "unprovisioned_target", "a request to an unprovisioned entity",
    "refused", "allowed" },
  { "only_global_shares", "only the global entity may request",
    "no", "yes" },

  -- Lists.
  { "page_size_out_of_range", "pageSize below 1 or above 300",
    "200", "400", "clamp", "default" },
  { "bad_page", "page below 1 or no number", "200", "400", "first" },
  { "page_without_page_size", "page without pageSize is",
    "taken", "ignored", "refused" },
  { "page_past_end", "a page after the last", "empty", "refused" },
  { "list_order", "connections are listed", "created", "newest" },
  { "next_page_keeps_type", "nextPage repeats the type", "yes", "no" },
  { "unknown_type", "a type other than inbound and outbound",
    "200", "400", "ignored" },
  { "unknown_query", "a query parameter that is not known",
    "ignored", "refused" },

  -- Requests.
  { "bad_track_id", "a Zuora-Track-Id that breaks the rule",
    "400", "200", "ignored" },
  { "bad_json", "a body that is no JSON", "400", "200" },
  { "empty_put_body", "PUT without a body", "taken", "refused" },
  { "missing_content_type", "a body, or PUT, without a Content-Type",
    "taken", "refused" },
  { "other_content_type", "a body with a Content-Type other than JSON's",
    "taken", "refused" },
  { "wrong_method", "a known path by another method", "405", "404" },

  -- Credentials.
  { "unknown_client", "a client_id that nobody has", "400", "401" },
  { "wrong_secret", "a wrong client_secret", "401", "400" },
  { "next_token", "asking again while a token is valid gives", "new", "same" },
  { "older_tokens", "tokens before the last one are", "valid", "invalid" },
  { "bad_token_body", "the body of a 401 to a bearer token",
    "reasons", "message" },
  { "www_authenticate", "401 names the schemes", "no", "yes" },
  { "refused_login_closes", "a refused login closes the connection (HTTP/1)",
    "yes", "no" },
  { "older_sessions", "cookies before the last one are", "valid", "invalid" },
  { "session_for_token", "GET /v1/connections trades a token for a session",
    "yes", "no" },
  { "several_credentials", "of several credentials in one call",
    "first", "refused" },

  -- Idempotency and limits.
  { "idempotency_elsewhere", "Idempotency-Key with PUT, GET, DELETE is",
    "refused", "ignored" },
  { "idempotency_length", "the longest Idempotency-Key", "255", "254" },
  { "idempotency_changed_body", "the same key with another body",
    "replayed", "422" },
  { "idempotency_other_entity", "the same key for another entity",
    "replayed", "422" },
  { "replayed_request_id", "a replayed answer has the Zuora-Request-Id of the",
    "first", "second" },
  { "rate_retry_after", "Retry-After of a 429 by rate",
    "seconds", "date", "absent" },
  { "refused_calls_count", "a call refused by rate counts", "no", "yes" },
  { "concurrency_is_of", "calls at once are counted for each",
    "entity", "tenant" },
}

local KNOWN = {}
local values, start = {}, {}

for _, row in ipairs(LIST) do
  local choices = {}
  for i = 3, #row do
    choices[#choices + 1] = row[i]
  end
  KNOWN[row[1]] = { about = row[2], default = row[3], choices = choices }
  values[row[1]] = row[3]
end

local function names()
  local list = {}
  for _, row in ipairs(LIST) do
    list[#list + 1] = row[1]
  end
  return table.concat(list, ", ")
end

local function allowed(known, name, value)
  if name == "resource_code" then
    return value:find "^%d%d%d%d%d%d$" ~= nil
  end
  for _, choice in ipairs(known.choices) do
    if choice == value then
      return true
    end
  end
  return false
end

local function check(name, value)
  local known = KNOWN[name]
  if not known then
    return nil, ("unknown assumption %s; known: %s"):format(name, names())
  end
  if not allowed(known, name, value) then
    return nil, ("assumption %s cannot be %s; it can be: %s"):format(name,
      value, table.concat(known.choices, ", "))
  end
  return true
end

--- Whether these could be set; nil and why not.
function assumptions.check(changes)
  if type(changes) ~= "table" then
    return nil, "assumptions are an object"
  end
  for name, value in pairs(changes) do
    local ok, err = check(tostring(name), tostring(value))
    if not ok then
      return nil, err
    end
  end
  return true
end

--- Sets some of them; all or none.
function assumptions.set(changes)
  local ok, err = assumptions.check(changes)
  if not ok then
    return nil, err
  end
  for name, value in pairs(changes) do
    values[name] = tostring(value)
  end
  return true
end

function assumptions.get(name)
  return values[name] or error("no assumption " .. name)
end

--- Whether this one has this value.
function assumptions.is(name, value)
  return assumptions.get(name) == value
end

function assumptions.all()
  local copy = {}
  for name, value in pairs(values) do
    copy[name] = value
  end
  return copy
end

--- Each with its values, for people.
function assumptions.describe()
  local list = {}
  for i, row in ipairs(LIST) do
    local known = KNOWN[row[1]]
    list[i] = { name = row[1], about = known.about, value = values[row[1]],
      default = known.default, choices = known.choices }
  end
  return list
end

--- What a reset goes back to.
function assumptions.keep_as_start()
  start = assumptions.all()
end

function assumptions.reset()
  values = {}
  for name, value in pairs(start) do
    values[name] = value
  end
end

return assumptions
