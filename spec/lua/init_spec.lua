-- The public face: zuora.new, and the default client that is made from the
-- environment variables ZUORA_*.
local core = require "zuora.core"
local servers = require "spec.support.server"

local NOBODY = servers.nobody()

describe("zuora", function()
  local zuora, variables
  local getenv = os.getenv

  before_each(function()
    variables = {}
    os.getenv = function(name) -- luacheck: ignore
      if name:find "^ZUORA_" then
        return variables[name]
      end
      return getenv(name)
    end
    package.loaded.zuora = nil
    zuora = require "zuora"
  end)

  after_each(function()
    os.getenv = getenv -- luacheck: ignore
    package.loaded.zuora = nil
  end)

  -- The header lines of a call that is not made.
  local function headers()
    local made = assert(zuora.entities.list { dry_run = true })
    return table.concat(made.headers, "\n"), made.url
  end

  it("has the version of the core, and the environments", function()
    assert.equal(core.version, zuora._VERSION)
    assert.matches("^%d+%.%d+%.%d+$", zuora._VERSION)
    assert.equal("https://rest.test.zuora.com", zuora.environments.CSBX)
  end)

  it("reads no variable before it has to", function()
    os.getenv = function(name) -- luacheck: ignore
      assert(not name:find "^ZUORA_", name)
    end
    package.loaded.zuora = nil
    local made = require("zuora").new { base_url = NOBODY, access_token = "x" }
    assert(made):close()
  end)

  it("has no other fields", function()
    assert.is_nil(zuora.request)
    assert.is_nil(zuora.conections)
  end)

  it("has one default client", function()
    variables.ZUORA_BASE_URL, variables.ZUORA_ACCESS_TOKEN = NOBODY, "x"
    local made = assert(zuora.default())
    assert.equal("zuora client (" .. NOBODY .. ")", tostring(made))
    variables.ZUORA_ACCESS_TOKEN = nil
    assert.equal(made, zuora.default())
    for _, group in ipairs { "connections", "entities", "session" } do
      assert.equal(made[group], zuora[group])
    end
  end)

  it("tells which variables are missing, and looks again", function()
    local made, err = zuora.default()
    assert.is_nil(made)
    assert.is_true(zuora.is_error(err))
    assert.equal("argument", err.kind)
    assert.matches("no credentials.*environment variables ZUORA_%*",
      tostring(err))
    local line = debug.getinfo(1, "l").currentline + 2
    local ok, message = pcall(function()
      local _ = zuora.connections.list
    end)
    assert.is_false(ok)
    assert.matches("init_spec.lua:" .. line .. ": zuora%.new: no credentials",
      message)
    variables.ZUORA_BASE_URL, variables.ZUORA_ACCESS_TOKEN = NOBODY, "x"
    assert(zuora.default())
  end)

  it("raises misuse of the default client at the caller's line", function()
    variables.ZUORA_BASE_URL, variables.ZUORA_ACCESS_TOKEN = NOBODY, "x"
    local line = debug.getinfo(1, "l").currentline + 2
    local _, message = pcall(function()
      local _ = zuora.connections.list { pagesize = 1 }
    end)
    assert.matches("init_spec.lua:" .. line .. ": .*did you mean page_size",
      message)
  end)

  it("takes the place from the variables", function()
    variables.ZUORA_ENVIRONMENT = "CSBX_EU"
    variables.ZUORA_ACCESS_TOKEN = "x"
    assert.equal("https://rest.test.eu.zuora.com/v1/entities",
      select(2, headers()))
  end)

  it("does not choose between two places", function()
    variables.ZUORA_ENVIRONMENT = "CSBX_EU"
    variables.ZUORA_BASE_URL = NOBODY
    variables.ZUORA_ACCESS_TOKEN = "x"
    local _, err = zuora.default()
    assert.equal("base_url", err.parameter)
  end)

  it("takes the entity and the authorities from the variables", function()
    variables.ZUORA_BASE_URL, variables.ZUORA_ACCESS_TOKEN = NOBODY, "x"
    variables.ZUORA_ENTITY_IDS = "e-1"
    variables.ZUORA_CA_FILE = "/nonexistent/ca.pem"
    assert.matches("Zuora%-Entity%-Ids: e%-1", (headers()))
  end)

  it("takes an empty variable for none", function()
    variables.ZUORA_BASE_URL, variables.ZUORA_ACCESS_TOKEN = NOBODY, "x"
    variables.ZUORA_ENVIRONMENT, variables.ZUORA_CLIENT_ID = "", ""
    variables.ZUORA_ENTITY_IDS, variables.ZUORA_CA_FILE = "", ""
    assert.is_nil(headers():find "Entity")
  end)

  describe("signs by the first credentials that are whole", function()
    local CREDENTIALS = { CLIENT_ID = "id-id", CLIENT_SECRET = "secret",
      ACCESS_TOKEN = "token", API_ACCESS_KEY_ID = "user",
      API_SECRET_ACCESS_KEY = "password" }

    -- Makes a client from these variables; returns how it signs.
    local function way(...)
      variables.ZUORA_BASE_URL = NOBODY
      for _, name in ipairs { ... } do
        variables["ZUORA_" .. name] = CREDENTIALS[name]
      end
      local made, err = zuora.default()
      if not made then
        return nil, err
      end
      if headers():find "apiSecretAccessKey" then
        return "keys"
      end
      assert.matches("Authorization: Bearer %*%*%*%*", (headers()))
      -- Nobody is there: a client of OAuth fails at its login.
      local _, failed = zuora.entities.list { max_attempts = 1 }
      return failed.message:find("oauth.token", 1, true) and "client" or "token"
    end

    it("OAuth before all", function()
      assert.equal("client", way("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN",
        "API_ACCESS_KEY_ID", "API_SECRET_ACCESS_KEY"))
    end)

    it("a token before an API user, and half an OAuth client", function()
      assert.equal("token", way("CLIENT_ID", "ACCESS_TOKEN",
        "API_ACCESS_KEY_ID", "API_SECRET_ACCESS_KEY"))
    end)

    it("an API user", function()
      assert.equal("keys", way("API_ACCESS_KEY_ID", "API_SECRET_ACCESS_KEY"))
    end)

    it("half an API user is none", function()
      local _, err = way("API_ACCESS_KEY_ID")
      assert.equal("api_secret_access_key", err.parameter)
    end)

    it("half an OAuth client is none", function()
      assert.is_nil((way("CLIENT_SECRET")))
    end)
  end)
end)
