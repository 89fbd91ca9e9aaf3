-- Modules that most programs can do without, loaded when they are first used.
--
-- Only what is used before a call leaves, or beside it, may come so late: what
-- tells how a call ended has to be there when there are no descriptors left.
-- Inside nginx nothing comes late: it would come within somebody's request,
-- and in each worker once more.

--- The module of that name; outside nginx something that becomes it with the
--- first field that is asked for. Only for modules whose fields are all there
--- once they are loaded.
return rawget(_G, "ngx") and require or function(name)
  return setmetatable({}, {
    __index = function(self, field)
      local module = require(name)
      setmetatable(self, { __index = module })
      return module[field]
    end,
  })
end
