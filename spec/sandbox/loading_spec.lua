-- How the sandbox's modules are loaded.
local shell = require "spec.tools.shell"

-- All functions are hot at once here; the first trace shows whether any was
-- compiled.
local PROGRAM = [[
jit.opt.start("hotloop=1")
package.path = "sandbox/lua/?.lua;" .. package.path
ngx = {}
require "zuora_sandbox.boot"
print(require("jit.util").traceinfo(1) and "compiled" or "interpreted")
print(jit.status() and "on" or "off")
]]

describe("the sandbox's modules", function()
  it("are not compiled while they are loaded, but afterwards", function()
    assert.equal("interpreted\non\n",
      shell.must("luajit -e " .. shell.quote(PROGRAM)))
  end)
end)
