-- Certificates for the hostile server, made by openssl(1): one as it should
-- be, and one for each thing that may be wrong.
local certificates = {}

local CONFIG = [[
[req]
distinguished_name = name
prompt = no
[name]
CN = Hostile server
[authority]
basicConstraints = critical, CA:TRUE
[good]
subjectAltName = DNS:localhost, IP:127.0.0.1
[wrong]
subjectAltName = DNS:rest.zuora.com
]]

-- Of the shell's variable $name: a key and a certificate by the authority.
local SIGNED = [[
  openssl ecparam -genkey -name prime256v1 -noout -out $name.key &&
  openssl req -new -key $name.key -out $name.csr -config cnf &&
  openssl x509 -req -in $name.csr -out $name.pem -days $days -CA ca.pem \
    -CAkey ca.key -set_serial $serial -extfile cnf -extensions $as
]]

local SCRIPT = [[
set -e
cd "$1"
exec >openssl.log 2>&1 </dev/null
openssl ecparam -genkey -name prime256v1 -noout -out ca.key
openssl req -x509 -new -key ca.key -out ca.pem -days 2 -config cnf \
  -extensions authority
name=good as=good days=2 serial=1; SIGNED
name=wrong as=wrong days=2 serial=2; SIGNED
name=expired as=good days=-1 serial=3; SIGNED
openssl ecparam -genkey -name prime256v1 -noout -out self.key
openssl req -x509 -new -key self.key -out self.pem -days 2 -config cnf \
  -extensions good
]]

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function context(directory, name, more)
  local made = {
    mode = "server",
    protocol = "any",
    -- LuaSec reads for ever behind an end without a farewell.
    options = { "all", "ignore_unexpected_eof" },
    key = directory .. "/" .. name .. ".key",
    certificate = directory .. "/" .. name .. ".pem",
  }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return assert(require("ssl").newcontext(made))
end

--- Makes them; returns a TLS context by each name: good, wrong (a name that
--- is not ours), expired, self (signed by itself), old (TLS 1.1 at most), h2
--- (good, for HTTP/2).
function certificates.make(directory)
  write(directory .. "/cnf", CONFIG)
  write(directory .. "/make", (SCRIPT:gsub("SIGNED", SIGNED)))
  local ok = os.execute(("sh '%s/make' '%s'"):format(directory, directory))
  assert(ok == true or ok == 0, "openssl made no certificates")
  return {
    good = context(directory, "good"),
    h2 = context(directory, "good", { alpn = { "h2" } }),
    wrong = context(directory, "wrong"),
    expired = context(directory, "expired"),
    self = context(directory, "self"),
    old = context(directory, "good", { protocol = "tlsv1_1",
      ciphers = "ALL:@SECLEVEL=0" }),
  }
end

return certificates
