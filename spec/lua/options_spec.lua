-- The options of zuora.new: misuse is raised where it was made, values that
-- cannot be meant come back as argument errors.
local options = require "zuora.options"
local zuora = require "zuora"

local TOKEN = { base_url = "http://127.0.0.1:1", access_token = "x" }

local function with(more)
  local given = {}
  for name, value in pairs(TOKEN) do
    given[name] = value
  end
  for name, value in pairs(more) do
    given[name] = value
  end
  return given
end

describe("options of zuora.new", function()
  -- The message of what is raised, which has to name this file and line.
  local function raised(given)
    local line = debug.getinfo(1, "l").currentline + 2
    local ok, message = pcall(function()
      local made = zuora.new(given)
      return made
    end)
    assert.is_false(ok)
    assert.matches("options_spec.lua:" .. line .. ": zuora.new: ", message)
    return message
  end

  -- The argument error that comes back.
  local function refused(given, parameter)
    local made, err = zuora.new(given)
    assert.is_nil(made)
    assert.is_true(zuora.is_error(err))
    assert.equal("argument", err.kind)
    assert.equal("zuora.new", err.operation)
    assert.equal(parameter, err.parameter)
    assert.matches("^zuora%.new: .*; nothing was sent", tostring(err))
    return err.message
  end

  it("have to be a table", function()
    assert.matches("must be a table, not a nil", raised(nil))
    assert.matches("must be a table, not a string", raised("CSBX"))
  end)

  it("have to be all its own", function()
    assert.matches("zuora%.new: options must be a plain table, without a " ..
      "metatable", raised(setmetatable({}, { __index = with {} })))
  end)

  it("have to have names that there are", function()
    assert.matches("time_out is not an option %(did you mean timeout%?%)",
      raised(with { time_out = 1 }))
    assert.matches("qwertz is not an option$", raised(with { qwertz = 1 }))
    assert.matches("1 is not an option", raised(with { "CSBX" }))
    assert.matches("table: .* is not an option", raised { [{}] = 1 })
  end)

  it("have to be of the right types", function()
    local wrong = { environment = 1, base_url = true, client_id = 1,
      client_secret = {}, access_token = 5, api_access_key_id = print,
      api_secret_access_key = false, session = "yes", zuora_entity_ids = {},
      entity_id = 1, entity_name = 1, timeout = "5", attempt_timeout = "5",
      connect_timeout = {}, max_attempts = "4", backoff_base = "1",
      backoff_cap = {}, max_retry_wait = true, settle = 1,
      max_concurrency = "1", max_body = "1", ca_file = {}, proxy = 1,
      user_agent = 1, allow_insecure = "x", wait = {}, on_event = "x",
      read_only = 1, dry_run = "x", confirm = true }
    for name, value in pairs(wrong) do
      assert.matches(name .. " must be a .*, not a " .. type(value),
        raised(with { [name] = value }))
    end
  end)

  it("never tell the value of a secret that is of a wrong type", function()
    assert.is_nil(raised(with { client_secret = 123456789 })
      :find("123456789", 1, true))
  end)

  it("have to name one place", function()
    assert.matches("^base_url may not", refused(with { environment = "CSBX" },
      "base_url"))
    assert.matches("^environment or base_url must be given",
      refused({ access_token = "x" }, "environment"))
    local message = refused({ environment = "CSBX_US", access_token = "x" },
      "environment")
    assert.matches("one of CSBX, CSBX_AP, .* %(did you mean CSBX", message)
  end)

  it("have to name a place that will do", function()
    refused({ base_url = "http://rest.zuora.com", access_token = "x" },
      "base_url")
    refused({ base_url = "ftp://127.0.0.1", access_token = "x" }, "base_url")
    refused({ base_url = "", access_token = "x" }, "base_url")
    refused({ base_url = "https://u:p@rest.zuora.com", access_token = "x" },
      "base_url")
    local made = assert(zuora.new { base_url = "http://rest.zuora.com",
      access_token = "x", allow_insecure = true })
    made:close()
  end)

  it("have to name one way to sign, whole", function()
    local place = { base_url = TOKEN.base_url }
    assert.matches("no credentials", refused(place, nil))
    refused(with { client_id = "x", client_secret = "x" }, "access_token")
    refused(with { api_access_key_id = "x" }, "api_access_key_id")
    for _, pair in ipairs { { "client_id", "client_secret" },
      { "api_access_key_id", "api_secret_access_key" } } do
      refused({ base_url = TOKEN.base_url, [pair[1]] = "x" }, pair[2])
      refused({ base_url = TOKEN.base_url, [pair[2]] = "x" }, pair[1])
      refused({ base_url = TOKEN.base_url, [pair[1]] = "x", [pair[2]] = "" },
        pair[2])
    end
    refused(with { access_token = "" }, "access_token")
    refused(with { session = true }, "session")
  end)

  it("have to hold secrets that can stand in a header", function()
    for _, value in ipairs { "a\r\nb: c", "a\0b", "a\nb" } do
      local message = refused(with { access_token = value }, "access_token")
      assert.is_nil(message:find("a[\r\n%z]"))
    end
  end)

  it("have to hold defaults that keep the rules of the calls", function()
    refused(with { zuora_entity_ids = "" }, "zuora_entity_ids")
    refused(with { entity_id = "a\nb" }, "entity_id")
  end)

  it("have to name one entity in one way", function()
    refused(with { zuora_entity_ids = "a", entity_id = "b" }, "entity_id")
    refused(with { entity_id = "a", entity_name = "b" }, "entity_name")
    refused(with { zuora_entity_ids = "a", entity_name = "b" }, "entity_name")
  end)

  it("have to hold text that can stand where it goes", function()
    for _, name in ipairs { "base_url", "ca_file", "proxy", "user_agent" } do
      refused(with { [name] = "a\0b" }, name)
    end
    refused(with { user_agent = "a\r\nX-Other: b" }, "user_agent")
    refused(with { user_agent = "a\127" }, "user_agent")
    assert(zuora.new(with { user_agent = "acme/1.0 (\195\164)" })):close()
  end)

  it("have to hold numbers that can be meant", function()
    for _, name in ipairs { "timeout", "attempt_timeout", "connect_timeout",
      "max_attempts", "backoff_base", "backoff_cap", "max_retry_wait",
      "max_concurrency", "max_body" } do
      for _, value in ipairs { 0, -1, 1e10, 0 / 0, math.huge, -math.huge } do
        refused(with { [name] = value }, name)
      end
    end
    refused(with { max_attempts = 1.5 }, "max_attempts")
    refused(with { max_attempts = 101 }, "max_attempts")
    refused(with { max_concurrency = 0.5 }, "max_concurrency")
  end)

  it("are not changed, and may be used twice", function()
    local given = with { timeout = 5 }
    local first, second = zuora.new(given), zuora.new(given)
    assert.same(with { timeout = 5 }, given)
    assert(first):close()
    assert(second):close()
  end)

  it("decide how calls are signed", function()
    local function way(given)
      return assert(options.way(given))
    end
    local keys = { api_access_key_id = "a", api_secret_access_key = "b" }
    assert.equal("token", way { access_token = "x" })
    assert.equal("token", way { access_token = function() end })
    assert.equal("client", way { client_id = "a", client_secret = "b" })
    assert.equal("keys", way(keys))
    keys.session = false
    assert.equal("keys", way(keys))
    keys.session = true
    assert.equal("session", way(keys))
  end)
end)
