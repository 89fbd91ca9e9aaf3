rockspec_format = "3.0"
package = "zuora"
version = "scm-1"

-- For `luarocks make` in a clone, which does not fetch anything; a release
-- names its archive here.
source = { url = "git+file://." }

description = {
  summary = "Entity connections of a Zuora multi-entity tenant, and OAuth",
  detailed = [[
Lists, initiates, accepts, denies and disconnects the entity connections of a
Zuora multi-entity tenant, logs in by OAuth, API user or session, and makes any
other call of Zuora's REST API. A C core over libcurl with a thin Lua layer.]],
  license = "MIT",
  labels = { "zuora", "billing", "rest", "curl", "openresty" },
}

dependencies = { "lua >= 5.1, < 5.5", "lua-cjson" }

-- The library alone: LuaRocks does not look into the folder where Debian keeps
-- curl/curl.h, which the compiler finds by itself. CURL_INCDIR may be given.
external_dependencies = {
  CURL = { library = "curl" },
  ZLIB = { header = "zlib.h", library = "z" },
}

build = {
  type = "builtin",
  modules = {
    ["zuora.core"] = {
      sources = {
        "src/binding/core.c",
        "src/binding/describe.c",
        "src/binding/exchange.c",
        "src/binding/numbers.c",
        "src/binding/objects.c",
        "src/binding/send.c",
        "src/binding/values.c",
        "src/core/answer.c",
        "src/core/chance.c",
        "src/core/clock.c",
        "src/core/engine.c",
        "src/core/exchange.c",
        "src/core/fork.c",
        "src/core/gzip.c",
        "src/core/json.c",
        "src/core/keep.c",
        "src/core/memory.c",
        "src/core/operation.c",
        "src/core/origin.c",
        "src/core/poller.c",
        "src/core/queue.c",
        "src/core/redact.c",
        "src/core/request.c",
        "src/core/response.c",
        "src/core/retry.c",
        "src/core/rules.c",
        "src/core/settings.c",
        "src/core/text.c",
      },
      incdirs = { "src/core", "$(CURL_INCDIR)", "$(ZLIB_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(ZLIB_LIBDIR)" },
      libraries = { "curl", "z" },
    },
    zuora = "lua/zuora/init.lua",
    ["zuora.answer"] = "lua/zuora/answer.lua",
    ["zuora.attempt"] = "lua/zuora/attempt.lua",
    ["zuora.auth.flight"] = "lua/zuora/auth/flight.lua",
    ["zuora.auth.given"] = "lua/zuora/auth/given.lua",
    ["zuora.auth.keys"] = "lua/zuora/auth/keys.lua",
    ["zuora.auth.session"] = "lua/zuora/auth/session.lua",
    ["zuora.auth.token"] = "lua/zuora/auth/token.lua",
    ["zuora.call"] = "lua/zuora/call.lua",
    ["zuora.client"] = "lua/zuora/client.lua",
    ["zuora.environments"] = "lua/zuora/environments.lua",
    ["zuora.errors"] = "lua/zuora/errors.lua",
    ["zuora.events"] = "lua/zuora/events.lua",
    ["zuora.grant"] = "lua/zuora/grant.lua",
    ["zuora.json"] = "lua/zuora/json.lua",
    ["zuora.later"] = "lua/zuora/later.lua",
    ["zuora.limits"] = "lua/zuora/limits.lua",
    ["zuora.log"] = "lua/zuora/log.lua",
    ["zuora.map"] = "lua/zuora/map.lua",
    ["zuora.metrics"] = "lua/zuora/metrics.lua",
    ["zuora.names"] = "lua/zuora/names.lua",
    ["zuora.options"] = "lua/zuora/options.lua",
    ["zuora.pages"] = "lua/zuora/pages.lua",
    ["zuora.policies"] = "lua/zuora/policies.lua",
    ["zuora.progress"] = "lua/zuora/progress.lua",
    ["zuora.rails"] = "lua/zuora/rails.lua",
    ["zuora.settle"] = "lua/zuora/settle.lua",
    ["zuora.shapes"] = "lua/zuora/shapes.lua",
    ["zuora.sharing"] = "lua/zuora/sharing.lua",
    ["zuora.stores.memory"] = "lua/zuora/stores/memory.lua",
    ["zuora.stores.redis"] = "lua/zuora/stores/redis.lua",
    ["zuora.stores.shared"] = "lua/zuora/stores/shared.lua",
    ["zuora.wait"] = "lua/zuora/wait/init.lua",
    ["zuora.wait.cqueues"] = "lua/zuora/wait/cqueues.lua",
    ["zuora.wait.due"] = "lua/zuora/wait/due.lua",
    ["zuora.wait.luv"] = "lua/zuora/wait/luv.lua",
    ["zuora.wait.nginx"] = "lua/zuora/wait/nginx.lua",
    ["zuora.wait.poll"] = "lua/zuora/wait/poll.lua",
    ["zuora.wait.tasks"] = "lua/zuora/wait/tasks.lua",
  },
}
