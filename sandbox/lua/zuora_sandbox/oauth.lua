-- POST /oauth/token.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local journal = require "zuora_sandbox.journal"
local random = require "zuora_sandbox.random"
local request = require "zuora_sandbox.request"
local settings = require "zuora_sandbox.settings"
local tenant = require "zuora_sandbox.tenant"

local oauth = { client_id = nil, client_secret = nil }

local tokens, last
local USER = random.hex(32)

function oauth.reset()
  tokens, last = {}, nil
end

function oauth.count()
  local n = 0
  for _, token in pairs(tokens) do
    if token.expires > clock.now() then
      n = n + 1
    end
  end
  return n
end

-- The shape that gateways and OAuth use.
local function refuse(status, name, message)
  return answer.json(status, {
    timestamp = os.date("!%Y-%m-%dT%H:%M:%S.000+00:00"),
    status = status,
    error = name,
    message = message,
    path = "/oauth/token",
  })
end

local function check_form(x, form)
  local content_type = (x.headers["content-type"] or ""):lower()
  if not content_type:find("application/x-www-form-urlencoded", 1, true) then
    return refuse(415, "Unsupported Media Type", "Unsupported content type")
  end
  if form.grant_type ~= "client_credentials" then
    return refuse(400, "Bad Request", "Unsupported grant type")
  end
  if #(form.client_id or "") ~= 36 then
    return refuse(400, "Bad Request", "Invalid client id: 36 characters")
  end
  if #(form.client_secret or "") == 0 or #form.client_secret > 42 then
    return refuse(400, "Bad Request",
      "Invalid client secret: 42 characters at most")
  end
end

local function refuse_by(assumption, message)
  if assumptions.is(assumption, "400") then
    return refuse(400, "Bad Request", message)
  end
  return refuse(401, "Unauthorized", message)
end

-- The entities that a new token is for: all unless a setting names some.
local function granted()
  local only = settings.get "token_entities"
  return only or tenant.accessible_ids()
end

local function scope_of(token)
  local items = {}
  for _, id in ipairs(token.entities) do
    items[#items + 1] = "entity." .. random.hyphenate(id)
  end
  items[#items + 1] = "platform.write"
  items[#items + 1] = "service.genesis.read"
  items[#items + 1] = "service.usage.write"
  items[#items + 1] = "tenant." .. tenant.global().tenantId
  items[#items + 1] = "user." .. USER
  return table.concat(items, " ")
end

local function new_token()
  local lifetime = settings.get "token_lifetime"
  local token = {
    value = random.hex(32),
    jti = random.hex(32),
    entities = granted(),
    expires = clock.now() + lifetime,
  }
  if assumptions.is("older_tokens", "invalid") then
    tokens = {}
  end
  tokens[token.value], last = token, token
  return token
end

local function current()
  local now = clock.now()
  if assumptions.is("next_token", "same") and last and last.expires > now then
    return last
  end
  return new_token()
end

function oauth.token(x)
  local form = request.pairs_of(x.body)
  local refused = check_form(x, form)
  if refused then
    return refused
  end
  if form.client_id ~= oauth.client_id then
    return refuse_by("unknown_client", "Invalid client id")
  end
  if form.client_secret ~= oauth.client_secret then
    return refuse_by("wrong_secret", "Bad client credentials")
  end
  local token = current()
  journal.effect(x, "token")
  return answer.json(200, {
    access_token = token.value,
    token_type = "bearer",
    expires_in = math.floor(token.expires - clock.now() + 0.5),
    scope = scope_of(token),
    jti = token.jti,
  })
end

--- The token of this value while it is valid.
function oauth.find(value)
  local token = tokens[value]
  if token and token.expires > clock.now() then
    return token
  end
  tokens[value] = nil
  return nil
end

oauth.reset()

return oauth
