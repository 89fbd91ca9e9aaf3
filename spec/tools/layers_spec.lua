-- tools/layers in a copy of the tree, once as it is and once for each kind of
-- trespass.
local shell = require "spec.tools.shell"

describe("tools/layers", function()
  local root

  setup(function()
    root = shell.must "mktemp -d":gsub("\n", "")
    shell.must("cp -Rp Makefile src lua tools " .. shell.quote(root))
    -- What is built already need not be built again.
    shell.must(("test ! -e build/flags || tar cf - build/flags build/obj/core"
      .. " build/5.4/obj | tar xpf - -C %s"):format(shell.quote(root)))
  end)

  teardown(function()
    shell.must("rm -rf " .. shell.quote(root))
  end)

  local function layers()
    return shell.run("tools/layers " .. shell.quote(root))
  end

  -- Adds text to a file, or makes one of it, for as long as it takes to look.
  local function with(path, text)
    path = root .. "/" .. path
    local file = io.open(path, "rb")
    local before = file and file:read "*a"
    if file then
      file:close()
    end
    shell.write(path, (before or "") .. text)
    local said, code = layers()
    if before then
      shell.write(path, before)
    else
      os.remove(path)
    end
    return said, code
  end

  local function refuses(path, text, rule)
    local said, code = with(path, text)
    assert.equal(1, code, said)
    assert.truthy(said:find(rule, 1, true), said)
  end

  local function allows(path, text)
    local said, code = with(path, text)
    assert.equal(0, code, said)
  end

  it("finds nothing in the tree as it is", function()
    local said, code = layers()
    assert.equal("", said)
    assert.equal(0, code)
  end)

  it("finds Lua in a source of the core", function()
    refuses("src/core/text.c", "\nint lua_gettop(void *L);\n",
      "the core knows no Lua")
    refuses("src/core/text.c", "\n#if 0\n#include <lua.h>\n#endif\n",
      "the core knows no Lua")
  end)

  it("finds Lua in an object of the core that hides it in macros", function()
    refuses("src/core/text.c", [[

#define CAT(a, b) a##b
int CAT(lu, a_gettop)(void *L);
int zuora__planted(void *L);
int zuora__planted(void *L)
{
  return CAT(lu, a_gettop)(L);
}
]], "the core does not call Lua")
  end)

  it("finds libcurl outside engine.c", function()
    refuses("src/core/text.c", "\n#include <curl/curl.h>\n",
      "only engine.c includes the headers of libcurl")
    refuses("src/core/text.c", [[

char *curl_version(void);
char *zuora__planted(void);
char *zuora__planted(void)
{
  return curl_version();
}
]], "only engine.o calls libcurl")
  end)

  it("finds libcurl in an object of the binding", function()
    refuses("src/binding/core.c", [[

#define CAT(a, b) a##b
char *CAT(cur, l_version)(void);
char *zuora__planted(void);
char *zuora__planted(void)
{
  return CAT(cur, l_version)();
}
]], "the binding does not call libcurl")
  end)

  -- Each of the findings is told, so one look at several will do.
  it("finds words of HTTP in the binding, but not in its comments", function()
    local words = { "GET", "Cookie", "Authorization", "https://" }
    local said, code = with("src/binding/core.c",
      '\nconst char *planted[] = {"' .. table.concat(words, '",\n"')
      .. '"};\n/* "PATCH", curl,\n   ftp */\n')
    assert.equal(1, code)
    assert.truthy(said:find("the binding has no word of HTTP", 1, true), said)
    for _, word in ipairs(words) do
      assert.truthy(said:find(word, 1, true), word)
    end
    assert.falsy(said:find("PATCH", 1, true), said)
  end)

  it("finds what lua/ may not require", function()
    local names = { "socket", "ngx.semaphore", "cqueues", "socket.core" }
    local text = "require('socket.core')\n"
      .. 'require "cjson.safe"\n-- require "posix"\n'
    for _, name in ipairs(names) do
      text = text .. ('local _ = require "%s"\n'):format(name)
    end
    local said, code = with("lua/zuora/planted.lua", text)
    assert.equal(1, code)
    assert.truthy(said:find("lua/ requires nothing but", 1, true), said)
    for _, name in ipairs(names) do
      assert.truthy(said:find(": " .. name .. "\n", 1, true), name)
    end
    assert.falsy(said:find("cjson.safe", 1, true))
    assert.falsy(said:find("posix", 1, true))
  end)

  it("finds C and nginx where they do not belong in lua/", function()
    refuses("lua/zuora/planted.lua", 'return require "ffi"\n',
      "lua/ knows no C")
    refuses("lua/zuora/planted.lua", 'return package.loadlib("x.so", "*")\n',
      "lua/ knows no C")
    refuses("lua/zuora/planted.lua", "return ngx.now()\n",
      "only wait/, stores/, log.lua and later.lua know nginx")
    allows("lua/zuora/wait/planted.lua",
      'local s = require "ngx.semaphore"\nreturn s, ngx.sleep\n')
  end)

  it("judges nothing that does not compile", function()
    local said, code = with("src/core/text.c", "\nthis is not C\n")
    assert.not_equal(0, code)
    assert.truthy(said:find("error", 1, true), said)
  end)
end)
