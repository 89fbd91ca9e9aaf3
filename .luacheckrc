-- What stands in lua/ runs on 5.1 to 5.4 and LuaJIT: "max" is the union of
-- their globals, and what is not everywhere is looked for before it is used.
std = "max"
max_line_length = 80
exclude_files = { "build", ".luarocks", "lua_modules" }

files["lua/zuora/wait"].std = "max+ngx_lua"
files["lua/zuora/stores"].std = "max+ngx_lua"
files["sandbox"].std = "max+ngx_lua"
files["bench"].std = "max+ngx_lua"
files["spec"].std = "max+busted"
files["spec/sandbox"].std = "max+busted+ngx_lua"
files["spec/nginx"].std = "max+busted+ngx_lua"
files["examples/nginx"].std = "max+ngx_lua"
