-- API user name and password as two headers on each call.
--
-- Every way to sign is an object with:
--   sign        how the core signs: one of core.sign
--   generation  changes with each fresh credential
--   adopted            the generation that came last from a store, or nil
--   renew_at           from when, by core.clock, `ready` has to be asked
--   several            whether it has to be asked all the same
--   ready(state)       before a call, whose state is given: true, or nil and
--                      an error; nothing was sent
--   renew(state, generation)  after a 401 to what was signed then: true when
--                      there is a fresh credential, false when there can be
--                      none, nil and an error when it could not be had
--   answered(state)    after each success; may be nil
local core = require "zuora.core"

local keys = {}
keys.__index = keys

function keys.new()
  return setmetatable({ sign = core.sign.keys, generation = 1,
    renew_at = math.huge }, keys)
end

function keys.renew()
  return false
end

return keys
