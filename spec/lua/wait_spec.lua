-- Tasks that wait for one another, over an engine that tells of an end when the
-- test has it.
local tasks = require "zuora.wait.tasks"
local wait = require "zuora.wait"

describe("who waits for a group", function()
  local client, ends

  before_each(function()
    ends = {}
    client = { parked = {}, engine = {
      closed = function()
        return false
      end,
      ended = function()
        return table.remove(ends)
      end,
      step = function()
        error("waits for what will not come", 0)
      end,
    } }
    client.background = tasks.group(client)
  end)

  it("goes on when others have moved the last of it", function()
    local page, order = {}, {}
    client.background:spawn(nil, function()
      tasks.park(tasks.current(), 1, {})
      page.done = true
    end)
    local group = tasks.group(client)
    group:spawn(nil, function()
      wait.run(client.background, function()
        return page.done
      end)
      order[#order + 1] = "page"
    end)
    group:spawn(nil, function()
      ends = { 1 }
      wait.move_background(client)
      order[#order + 1] = "moved"
    end)
    wait.run(group, function()
      return #order == 2
    end)
    assert.same({ "moved", "page" }, order)
  end)

  it("loses none that comes while it is asked what others wait for", function()
    local group, order = tasks.group(client), {}
    local function watcher(name, done)
      group:spawn(nil, function()
        tasks.watch(tasks.current(), { done = done })
        order[#order + 1] = name
      end)
    end
    local asked = 0
    watcher("first", function()
      asked = asked + 1
      if asked == 2 then
        watcher("late", function()
          return asked > 2
        end)
      end
      return asked > 2
    end)
    for _ = 1, 4 do
      group:done()
      group:move()
    end
    assert.same({ "first", "late" }, order)
  end)
end)
