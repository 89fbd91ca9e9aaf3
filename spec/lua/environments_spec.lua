-- Zuora's data centers, and the core's own rules for base URLs.
local environments = require "zuora.environments"
local zuora = require "zuora"

describe("the environments", function()
  it("are those of Zuora's SDKs", function()
    local names = {}
    for name in pairs(environments) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.equal("CSBX CSBX_AP CSBX_EU PROD PROD_AP PROD_EU PROD_NA SBX " ..
      "SBX_EU SBX_NA", table.concat(names, " "))
    assert.equal(environments, zuora.environments)
  end)

  it("are hosts of Zuora's, each one's own, that the core takes", function()
    local seen = {}
    for name, url in pairs(environments) do
      assert.matches("^https://rest%.[%l%.]*zuora%.com$", url)
      assert.is_nil(seen[url])
      seen[url] = true
      local client = assert(zuora.new { environment = name,
        access_token = "x" })
      assert.equal("zuora client (" .. url .. ")", tostring(client))
      client:close()
    end
  end)
end)
