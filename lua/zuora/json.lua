-- JSON by lua-cjson, with settings of our own: those of the shared module
-- belong to the program.
local json = require("cjson.safe").new()

json.decode_invalid_numbers(false)

return json
