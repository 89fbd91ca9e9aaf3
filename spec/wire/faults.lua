-- What can go wrong with a call, and what each of these is by nature:
--   given       the sandbox's fault
--   kind        of the error that tells of it, with its status and category
--   uncertain   it leaves open whether what was asked for was done...
--   after       ... which it was; without this it was not
--   unanswered  no answer of Zuora's came that it might keep for a key
--   running     it may be that Zuora is still at it
--   again       whether repeating may help: never, once or always
--   of_key      of a keyed call it says that the same key is under way
--   harmless    all is well in the end
--   unseen      no request gets as far as the server
--   once_only, each_time_only  met in one of the two ways only

local list = {}

local function add(fault)
  list[#list + 1] = fault
end

-- As it is before the effect, and the same after it.
local function add_both(name, fault)
  for _, when in ipairs { "before", "after" } do
    local one = { name = name .. " " .. when .. " the effect" }
    for key, value in pairs(fault) do
      one[key] = value
    end
    one.uncertain, one.after = true, when == "after"
    one.given = { when = when }
    for key, value in pairs(fault.given) do
      one.given[key] = value
    end
    add(one)
  end
end

-- ---- no answer -------------------------------------------------------------

add { name = "nobody listens", base_url = "http://127.0.0.1:1",
  unseen = true, kind = "network", again = "always", each_time_only = true }

add_both("a reset", { given = { kind = "reset" },
  kind = "network", unanswered = true, again = "always" })
add_both("the connection closed", { given = { kind = "close" },
  kind = "network", unanswered = true, again = "always" })
add_both("a cut body", { given = { kind = "cut" }, status = 200,
  kind = "network", unanswered = true, again = "always" })

local SHORT = 0.2 -- seconds of an attempt

add { name = "a stall", given = { kind = "stall", seconds = 20,
  when = "after" }, kind = "timeout", uncertain = true, after = true,
  unanswered = true, running = true, again = "always",
  attempt_timeout = SHORT }
add { name = "a slow drip", given = { kind = "drip", bytes_per_second = 10 },
  kind = "timeout", status = 200, uncertain = true, after = true,
  unanswered = true, running = true, again = "always",
  attempt_timeout = SHORT, once_only = true }
add { name = "a drip that ends in time", given = { kind = "drip",
  bytes_per_second = 100000 }, harmless = true }
add { name = "a delay", given = { kind = "delay", seconds = 0.05 },
  harmless = true, once_only = true }

-- ---- statuses --------------------------------------------------------------

for _, status in ipairs { 500, 502, 503, 504 } do
  for _, body in ipairs { "html", "json" } do
    local category = body == "json" and (status > 502 and 61 or 60) or nil
    add_both(("%d as %s"):format(status, body), {
      given = { kind = "status", status = status, body = body },
      kind = body == "json" and "api" or "http", status = status,
      category = category, again = "always", running = status == 504,
      unanswered = status == 504 })
  end
end

local function at(seconds)
  return function()
    return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
  end
end

-- With something left of the window, unlike one that the rate made.
local function refused(retry_after)
  return function()
    return { kind = "status", status = 429, body = "json",
      headers = { ["RateLimit-Remaining"] = "20000" },
      retry_after = type(retry_after) == "function" and retry_after()
        or retry_after }
  end
end

-- A 429 slows the client down, so that many of them would take their time.
for _, way in ipairs {
  { "with Retry-After 0", 0, "always" },
  { "with a date in the past", at(-9), "always" },
  { "with nothing to go by", nil, "always" },
  { "with Retry-After beyond the patience", 90, "never", 90 },
  { "with a date beyond the patience", at(90), "never", 90 },
} do
  add { name = "429 " .. way[1], given = refused(way[2]), again = way[3],
    kind = "rate_limit", status = 429, category = 70, retry_after = way[4],
    attempts = 2 }
end
add { name = "429 as HTML", given = { kind = "status", status = 429,
  body = "html" }, kind = "rate_limit", status = 429, again = "always",
  attempts = 2 }
add { name = "429 with a far end of the window", given = { kind = "status",
  status = 429, body = "json" }, kind = "rate_limit", status = 429,
  category = 70, again = "never" }

local function conflict(code)
  return { kind = "status", status = 409, body = { success = false,
    reasons = { { code = code, message = "Conflict" } } } }
end

-- Of a call with a key that its first request is under way; of others what
-- the category says.
add { name = "409 of category 50", given = conflict(50000050), kind = "api",
  status = 409, category = 50, of_key = true, again = "always" }
add { name = "409 of category 30", given = conflict(50000030), kind = "api",
  status = 409, category = 30, of_key = true, again = "never" }
add { name = "422", given = { kind = "status", status = 422,
  body = { success = false, reasons = { { code = 50000020,
    message = "used for another call" } } } }, kind = "api", status = 422,
  category = 20, again = "never" }
add_both("a redirect", { given = { kind = "redirect", status = 307 },
  kind = "http", status = 307, again = "never" })
add { name = "401", given = { kind = "status", status = 401, body = "json" },
  kind = "auth", status = 401, category = 11, renews = true }

-- ---- 200 and no success ----------------------------------------------------

local CATEGORIES = { [50] = "always", [60] = "once", [61] = "always",
  [70] = "always", [99] = "always" }
local UNCERTAIN = { [60] = true, [61] = true, [99] = true }
local KINDS = { [11] = "auth", [70] = "rate_limit" }

for _, category in ipairs { 10, 11, 20, 30, 40, 45, 50, 60, 61, 70, 90, 99 } do
  add { name = "200 of category " .. category, given = { kind = "category",
    category = category }, kind = KINDS[category] or "api", status = 200,
    category = category, uncertain = UNCERTAIN[category],
    again = CATEGORIES[category] or "never" }
end

-- ---- answers that cannot be read -------------------------------------------

add_both("JSON that is cut", { given = { kind = "wrong_json" },
  kind = "protocol", status = 200, unanswered = true, again = "never" })
add_both("HTML with 200", { given = { kind = "html" },
  kind = "protocol", status = 200, unanswered = true, again = "never" })
add_both("garbage for gzip", { given = { kind = "gzip_garbage" },
  kind = "protocol", status = 200, unanswered = true, again = "never" })

return list
