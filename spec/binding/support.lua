-- What the specs of zuora.core share. They run under sandbox/zuora-sandbox.
local core = require "zuora.core"

local support = {}

--- The index of the operation of that name.
function support.index(name)
  for index, operation in ipairs(core.operations) do
    if operation.name == name then
      return index
    end
  end
  error("no operation " .. name)
end

--- An engine that knows nothing of the sandbox.
function support.engine(options)
  options = options or {}
  options.base_url = options.base_url or "https://rest.zuora.com"
  return assert(core.engine(options))
end

--- An engine of the sandbox, over TLS.
function support.sandbox(options)
  options = options or {}
  options.base_url = assert(os.getenv "ZUORA_BASE_URL",
    "run this under sandbox/zuora-sandbox")
  options.ca_file = os.getenv "ZUORA_CA_FILE"
  return assert(core.engine(options))
end

--- engine:exchange by the operation's name, in a fresh box.
function support.exchange(engine, name, ...)
  return engine:exchange(support.index(name), nil, ...)
end

--- Submits it and steps until it has ended.
function support.carry(engine, exchange, sign, limit)
  assert(exchange:submit(core.sign[sign or "none"], 0, limit))
  local stop = core.clock() + 30
  while not exchange:done() do
    assert(core.clock() < stop, "it takes too long")
    engine:step(1)
  end
  return exchange
end

--- Fetches a token into the engine.
function support.login(engine)
  engine:set_secret("client_id", os.getenv "ZUORA_CLIENT_ID")
  engine:set_secret("client_secret", os.getenv "ZUORA_CLIENT_SECRET")
  local exchange = assert(support.exchange(engine, "oauth.token",
    { grant_type = "client_credentials" }))
  support.carry(engine, exchange)
  return exchange, exchange:keep "access_token"
end

return support
