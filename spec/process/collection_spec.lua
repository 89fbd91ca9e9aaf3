-- Other suites again, with a collector that leaves nothing alone for long.
local hostile = require "spec.hostile.hostile"

describe("under pressure of the collector", function()
  for _, mode in ipairs { "generational", "steady", "hook" } do
    for _, suite in ipairs { "heads", "tls" } do
      it(("%s: the hostile %s"):format(mode, suite), function()
        local pipe = assert(io.popen(("MODE=%s '%s' '%s' -o tools/tap.lua " ..
          "--helper=spec/process/pressure.lua spec/hostile/%s_spec.lua 2>&1")
          :format(mode, hostile.interpreter(), arg[0], suite)))
        local said = pipe:read "*a"
        pipe:close()
        assert.is_nil(("\n" .. said):find "\nnot ok", said)
        local count = tonumber(said:match "\n1%.%.(%d+)\n$")
        assert.is_true(count and count > 10, said)
      end)
    end
  end
end)
