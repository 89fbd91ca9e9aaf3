-- Modules that are loaded when they are first used, which is with the first
-- client at the latest: afterwards there may be no descriptors left, other
-- rights or another root. Inside nginx nothing comes late: it would come within
-- somebody's request, and in each worker once more.

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
