-- What every store has to do; runs wherever the store does, so that it needs
-- nothing but Lua.
local function equal(expected, value)
  if expected ~= value then
    error(("expected %s, got %s"):format(tostring(expected), tostring(value)),
      2)
  end
end

--- Checks an empty store; pass(seconds) lets time pass. Returns "ok".
return function(store, pass)
  equal(nil, store:get "none")
  equal(true, store:set("key", "value\0\r\n\255", 60))
  equal("value\0\r\n\255", store:get "key")
  equal(true, store:set("key", "other", 60))
  equal("other", store:get "key")
  equal(false, store:add("key", "late", 60))
  equal("other", store:get "key")
  equal(true, store:delete("key", "late"))
  equal("other", store:get "key")
  equal(true, store:delete("key", "other"))
  equal(nil, store:get "key")
  equal(true, store:delete("key", "other"))
  equal(true, store:add("key", "early", 60))
  equal("early", store:get "key")
  equal(true, store:set("over", "o", 0))
  equal(true, store:set("short", "s", 0.1))
  equal(true, store:add("lock", "l", 0.1))
  equal("s", store:get "short")
  pass(0.2)
  equal(nil, store:get "short")
  equal(nil, store:get "over")
  equal(true, store:add("lock", "again", 60))
  equal(true, store:delete("lock", "l"))
  equal("again", store:get "lock")
  return "ok"
end
