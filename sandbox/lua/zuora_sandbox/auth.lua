-- Who calls, and for which entity.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local oauth = require "zuora_sandbox.oauth"
local random = require "zuora_sandbox.random"
local session = require "zuora_sandbox.session"
local settings = require "zuora_sandbox.settings"
local tenant = require "zuora_sandbox.tenant"

local auth = {}

local function refused_token()
  if assumptions.is("bad_token_body", "message") then
    return answer.json(401, { message = "Authentication error" })
  end
  return answer.not_signed_in()
end

-- Each returns nil when the call has no such credential, else an identity, or
-- false and the refusal.
local function by_token(headers)
  local value = (headers.authorization or ""):match "^[Bb]earer%s+(.+)$"
  if not value then
    return nil
  end
  local token = oauth.find(value)
  if not token then
    return false, refused_token()
  end
  return { kind = "token", entities = token.entities }
end

local function cookie_of(headers)
  local value = (headers.authorization or ""):match "^ZSession%s+(.+)$"
  if value then
    return value
  end
  for name, text in (headers.cookie or ""):gmatch "([^=;%s]+)=([^;]*)" do
    if name == "ZSession" then
      return text
    end
  end
end

local function by_session(headers)
  local value = cookie_of(headers)
  if not value then
    return nil
  end
  local one = session.find(value)
  if not one then
    return false, answer.not_signed_in()
  end
  return { kind = "session", session = one, entities = tenant.accessible_ids() }
end

local function by_keys(headers)
  local name, password = headers.apiaccesskeyid, headers.apisecretaccesskey
  if not name and not password then
    return nil
  end
  if not session.is_user(name, password) then
    return false, answer.not_signed_in()
  end
  return { kind = "keys", entities = tenant.accessible_ids() }
end

--- The identity of a login, or nil and the refusal.
function auth.login(x)
  local identity, refusal = by_keys(x.headers)
  if identity then
    return identity
  end
  refusal = refusal or answer.not_signed_in()
  if assumptions.is("refused_login_closes", "yes") and
    x.protocol ~= "HTTP/2.0" then
    refusal.headers.Connection = "close"
  end
  return nil, refusal
end

--- The identity of a call, or nil and the refusal.
function auth.identify(x)
  local found, refusal
  for _, by in ipairs { by_token, by_session, by_keys } do
    local identity, why = by(x.headers)
    if identity ~= nil then
      if found ~= nil and assumptions.is("several_credentials", "refused") then
        return nil, answer.failure(400, 90000011,
          "more than one credential in one call")
      end
      if found == nil then
        found, refusal = identity, why
      end
    end
  end
  if not found then
    return nil, refusal or answer.not_signed_in()
  end
  return found
end

local BAD_ENTITY = 90000020

local function bad_entity(assumption, message)
  return nil, answer.failure(tonumber(assumptions.get(assumption)), BAD_ENTITY,
    message)
end

-- The id in hex of what Zuora-Entity-Ids says, or nil.
local function hex_of(text)
  local form = assumptions.get "entity_id_form"
  if #text == 32 and form ~= "hyphenated" then
    return text:lower()
  end
  local hex = text:gsub("-", ""):lower()
  if form ~= "hex" and #hex == 32 and random.hyphenate(hex) == text:lower() then
    return hex
  end
end

local function by_entity_ids(text)
  if text:find(",", 1, true) then
    if assumptions.is("several_entity_ids", "refused") then
      return nil
    end
    text = text:match "^%s*([^,%s]+)"
  end
  return hex_of(text or "")
end

-- The entity that a header names: its id, false when it is none, nil when no
-- header is there; and how many are.
local function named(headers)
  local found, n = nil, 0
  local readers = {
    { "zuora-entity-ids", by_entity_ids },
    { "entityid", function(text) return text:lower() end },
    { "entityname", function(text)
      local entity = tenant.entity_by_name(text)
      return entity and entity.id
    end },
  }
  for _, row in ipairs(readers) do
    local text = headers[row[1]]
    local legacy = row[1] ~= "zuora-entity-ids"
    if text and text ~= "" and not (legacy and
      assumptions.is("legacy_entity_headers", "ignored")) then
      n = n + 1
      if found == nil then
        found = row[2](text) or false
      end
    end
  end
  return found, n
end

local function contains(list, id)
  for _, each in ipairs(list) do
    if each == id then
      return true
    end
  end
  return false
end

local function home()
  return settings.get "home_entity" or tenant.global().id
end

-- The entity where none is named: a token's only one, else by assumption; the
-- user's own for the older credentials, or that of the session's login.
local function unnamed(identity)
  local one = identity.session
  if one and assumptions.is("session_entity", "login") then
    return one.entity
  end
  if identity.kind ~= "token" then
    return home()
  end
  if #identity.entities == 1 then
    return identity.entities[1]
  end
  if assumptions.is("missing_entity", "home") then
    return home()
  end
  return bad_entity("missing_entity",
    "Zuora-Entity-Ids is required: the token covers several entities")
end

--- The id of the entity that a call is for, or nil and the refusal.
function auth.entity(x, identity)
  local id, n = named(x.headers)
  if n > 1 and not assumptions.is("two_entity_headers", "first") then
    return bad_entity("two_entity_headers",
      "Only one of Zuora-Entity-Ids, entityId and entityName can be specified")
  end
  if n == 0 then
    return unnamed(identity)
  end
  if not id or not tenant.accessible(id) or
    not contains(identity.entities, id) then
    return bad_entity("bad_entity", "Invalid entity")
  end
  return id
end

return auth
