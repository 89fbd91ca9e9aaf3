-- Idempotency keys: the first answer to a key is kept and given again.
local answer = require "zuora_sandbox.answer"
local assumptions = require "zuora_sandbox.assumptions"
local clock = require "zuora_sandbox.clock"
local journal = require "zuora_sandbox.journal"

local idempotency = {}

local LIFETIME = 24 * 3600
local TAKES = { POST = true, PATCH = true }

local kept

function idempotency.reset()
  kept = {}
end

function idempotency.count()
  local n = 0
  for _ in pairs(kept) do
    n = n + 1
  end
  return n
end

local function find(key)
  local record = kept[key]
  if record and clock.now() >= record.set_at + LIFETIME then
    kept[key] = nil
    return nil
  end
  return record
end

local function mismatch(what)
  return answer.failure(422, 50000020,
    "The Idempotency-Key was used with another " .. what)
end

local function same(record, x)
  if record.method ~= x.method then
    return mismatch "method"
  end
  if record.target ~= x.target then
    return mismatch "URL"
  end
  if record.entity ~= x.entity and
    assumptions.is("idempotency_other_entity", "422") then
    return mismatch "entity"
  end
  if record.body ~= x.body and
    assumptions.is("idempotency_changed_body", "422") then
    return mismatch "body"
  end
end

local function again(record)
  local headers = {}
  for name, value in pairs(record.answer.headers) do
    headers[name] = value
  end
  if assumptions.is("replayed_request_id", "second") then
    headers["Zuora-Request-Id"] = nil
  end
  return { status = record.answer.status, headers = headers,
    body = record.answer.body }
end

local function check(x, key)
  if not TAKES[x.method] then
    if assumptions.is("idempotency_elsewhere", "refused") then
      return answer.failure(400, 50000020,
        "Idempotency-Key is for POST and PATCH only")
    end
    return nil
  end
  if #key > tonumber(assumptions.get "idempotency_length") then
    return answer.failure(400, 50000020, "Idempotency-Key is too long")
  end
end

--- Claims the key of a call. Returns an answer when the call is not to be
--- carried out.
function idempotency.claim(x)
  local key = x.headers["idempotency-key"]
  if not key or key == "" then
    return nil
  end
  local refused = check(x, key)
  if refused or not TAKES[x.method] then
    return refused
  end
  local record = find(key)
  if not record then
    x.record = { method = x.method, target = x.target, entity = x.entity,
      body = x.body, set_at = clock.now() }
    kept[key] = x.record
    return nil
  end
  refused = same(record, x)
  if refused then
    return refused
  end
  if not record.answer then
    return answer.failure(409, 50000050,
      "A request with this Idempotency-Key is still running")
  end
  journal.effect(x, "replayed")
  return again(record)
end

--- Keeps the answer of a call that had claimed its key.
function idempotency.keep(x, given)
  if x.record then
    x.record.answer = given
    x.record = nil
  end
end

--- Gives a claim back: the call came to no answer of Zuora's.
function idempotency.drop(x)
  local key = x.headers["idempotency-key"]
  if x.record and kept[key] == x.record then
    kept[key] = nil
  end
  x.record = nil
end

idempotency.reset()

return idempotency
