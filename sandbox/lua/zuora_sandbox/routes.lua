-- The calls that there are: method, path, name of the operation, handler.
local connections = require "zuora_sandbox.connections"
local entities = require "zuora_sandbox.entities"
local oauth = require "zuora_sandbox.oauth"
local pages = require "zuora_sandbox.pages"
local samples = require "zuora_sandbox.samples"
local session = require "zuora_sandbox.session"

local routes = {}

-- `family` is the limits that count; `signs` says what a call needs: "none",
-- "keys" (a login) or "any" (whatever signs a call); the last two are for one
-- entity.
local function row(method, path, operation, handler, more)
  more = more or {}
  local segments = {}
  for segment in path:gmatch "/([^/]*)" do
    segments[#segments + 1] = segment
  end
  return { method = method, segments = segments, operation = operation,
    handler = handler, family = more.family or "api",
    signs = more.signs or "any" }
end

local ONE = "/v1/entity-connections/{id}/"
local LOGIN = { family = "auth", signs = "keys" }

local TABLE = {
  row("POST", "/oauth/token", "oauth.token", oauth.token,
    { family = "oauth", signs = "none" }),
  row("POST", "/v1/connections", "session.establish", session.establish, LOGIN),
  row("GET", "/v1/connections", "session.exchange", session.exchange,
    { family = "auth" }),
  row("GET", "/v1/entity-connections", "connections.list", pages.list),
  row("POST", "/v1/entity-connections", "connections.initiate",
    connections.initiate),
  row("PUT", ONE .. "accept", "connections.accept", connections.accept),
  row("PUT", ONE .. "deny", "connections.deny", connections.deny),
  row("PUT", ONE .. "disconnect", "connections.disconnect",
    connections.disconnect),
  row("GET", "/v1/entities", "entities.list", entities.list),
  row("POST", "/v1/entities", "entities.create", entities.create),
  row("GET", "/v1/entities/{id}", "entities.get", entities.get),
  row("PUT", "/v1/entities/{id}/provision", "entities.provision",
    entities.provision),
  row("GET", "/v1/users/{id}/accessible-entities", "entities.accessible",
    entities.accessible),
  row("*", "/v1/_echo/*", nil, samples.echo),
  row("*", "/v1/_shape/{id}", nil, samples.shape, { signs = "none" }),
}

-- The parameters of a path that fits, else nil.
local function fit(wanted, given)
  local params = {}
  for i, segment in ipairs(wanted) do
    if segment == "*" then
      return params
    elseif given[i] == nil then
      return nil
    elseif segment == "{id}" then
      params.id = given[i]
    elseif segment ~= given[i] then
      return nil
    end
  end
  return #given == #wanted and params or nil
end

--- Finds the route of a request: sets x.route and x.params, or returns
--- "path" or "method" for what is wrong.
function routes.find(x)
  local wrong = "path"
  for _, route in ipairs(TABLE) do
    local params = fit(route.segments, x.segments)
    if params then
      if route.method == "*" or route.method == x.method then
        x.route, x.params, x.operation = route, params, route.operation
        return nil
      end
      wrong = "method"
    end
  end
  -- It counts as a call all the same.
  x.route, x.params = { family = "api", signs = "none" }, {}
  return wrong
end

return routes
