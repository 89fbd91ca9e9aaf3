-- The sandbox that these specs run under, by its control API.
local zuora = require "zuora"

local sandbox = {
  global = "8a808255557baba1015580e12fa5083a",
  us = "8a80825555a3c7a10155b46120d058e7",
  -- Of the scenario demo: no connection leads from the global entity to
  -- Canada; of those that lead to it, one Pending, Connected, Disconnected.
  canada = "8a80825557080f10015714a1c0de0001",
  asked = "8a808255575bdae401576a914a140421",
  joined = "8a80825555a3c7a10155b54a63821c0d",
  ended = "8a808255575bdae401576a914a140425",
}

-- Plain HTTP, on loopback: what goes wrong on TLS must not touch the control.
local control = assert(zuora.new {
  base_url = assert(os.getenv "ZUORA_SANDBOX_HTTP_URL",
    "run this under sandbox/zuora-sandbox"),
  access_token = "none",
})

local function ask(method, path, body)
  return assert(control:request { method = method, path = "/_sandbox/" .. path,
    body = body })
end

function sandbox.reset(options)
  ask("POST", "reset", options or { keep_tokens = false })
end

function sandbox.scenario(scenario)
  ask("POST", "scenario", scenario)
end

function sandbox.settings(settings)
  ask("POST", "settings", settings)
end

function sandbox.assume(assumptions)
  ask("POST", "assumptions", assumptions)
end

function sandbox.state()
  return ask("GET", "state")
end

--- The requests since the reset, in order.
function sandbox.journal()
  return ask("GET", "journal")
end

--- Forgets the requests so far.
function sandbox.forget()
  ask("DELETE", "journal")
end

--- The last request of that operation.
function sandbox.last(operation)
  local found
  for _, entry in ipairs(sandbox.journal()) do
    if not operation or entry.operation == operation then
      found = entry
    end
  end
  return found
end

--- The requests of that operation, and what they effected, one string each.
function sandbox.seen(operation)
  local requests, effects = {}, {}
  for _, entry in ipairs(sandbox.journal()) do
    if entry.operation == operation then
      requests[#requests + 1] = entry
      if type(entry.effect) == "string" and entry.effect ~= "replayed" then
        effects[#effects + 1] = entry.effect
      end
    end
  end
  return requests, effects
end

--- How many requests of that operation there were.
function sandbox.count(operation)
  return #sandbox.seen(operation)
end

--- The status of a connection, nil when there is none.
function sandbox.status(id)
  for _, connection in ipairs(sandbox.state().connections) do
    if connection.id == id then
      return connection.status
    end
  end
end

function sandbox.fault(fault)
  ask("POST", "faults", fault)
end

--- Takes all faults back.
function sandbox.mend()
  ask("DELETE", "faults")
end

--- Ends all tokens and sessions.
function sandbox.revoke()
  ask("POST", "revoke", {})
end

--- Moves the sandbox's clock.
function sandbox.advance(seconds)
  ask("POST", "clock", { advance = seconds })
end

local function merge(base, more)
  for key, value in pairs(more or {}) do
    base[key] = value
  end
  return base
end

--- Options of a client of the sandbox, without credentials.
function sandbox.options(more)
  return merge({
    base_url = os.getenv "ZUORA_BASE_URL",
    ca_file = os.getenv "ZUORA_CA_FILE",
    zuora_entity_ids = sandbox.global,
    backoff_base = 0.001,
  }, more)
end

local token

--- A token that resets with keep_tokens leave alone, so that a journal holds
--- nothing but what a spec calls.
function sandbox.token()
  if not token then
    local client = sandbox.client()
    assert(client.connections.list())
    client:close()
    token = sandbox.last("connections.list").headers.authorization
      :match "^Bearer (.+)$"
  end
  return token
end

--- A client by that token.
function sandbox.bearer(more)
  return assert(zuora.new(sandbox.options(merge({
    access_token = sandbox.token(),
  }, more))))
end

--- A client by OAuth.
function sandbox.client(more)
  return assert(zuora.new(sandbox.options(merge({
    client_id = os.getenv "ZUORA_CLIENT_ID",
    client_secret = os.getenv "ZUORA_CLIENT_SECRET",
  }, more))))
end

--- A client by API user.
function sandbox.user(more)
  return assert(zuora.new(sandbox.options(merge({
    api_access_key_id = os.getenv "ZUORA_API_ACCESS_KEY_ID",
    api_secret_access_key = os.getenv "ZUORA_API_SECRET_ACCESS_KEY",
  }, more))))
end

--- An inbound connection of the global entity that is Pending.
function sandbox.pending(client)
  for connection in client.connections.each { type = "inbound" } do
    if connection.status == "Pending" then
      return connection.id
    end
  end
  error "the scenario has no pending connection"
end

return sandbox
