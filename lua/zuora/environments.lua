-- Zuora's data centers, by the names that its own SDKs use. Source: the
-- introduction of the API reference and the official Python SDK.
return {
  PROD = "https://rest.zuora.com",
  PROD_NA = "https://rest.na.zuora.com",
  PROD_EU = "https://rest.eu.zuora.com",
  PROD_AP = "https://rest.ap.zuora.com",
  SBX = "https://rest.apisandbox.zuora.com",
  SBX_NA = "https://rest.sandbox.na.zuora.com",
  SBX_EU = "https://rest.sandbox.eu.zuora.com",
  CSBX = "https://rest.test.zuora.com",
  CSBX_EU = "https://rest.test.eu.zuora.com",
  CSBX_AP = "https://rest.test.ap.zuora.com",
}
