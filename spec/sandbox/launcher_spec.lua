-- The launcher: what it says, how it ends, what it leaves behind.
local shell = require "spec.tools.shell"

local LAUNCHER = "sandbox/zuora-sandbox"
local dir

before_each(function()
  dir = shell.must("mktemp -d"):gsub("\n", "")
end)

after_each(function()
  shell.must("rm -rf " .. dir)
end)

-- Runs it with a folder of its own for temporary files, which then is empty.
local function launch(arguments, before)
  shell.must(("mkdir -p %s/t"):format(dir))
  local text, code = shell.run(("%s TMPDIR=%s/t %s %s"):format(before or "",
    dir, LAUNCHER, arguments))
  assert.equal("", shell.must(("ls -A %s/t"):format(dir)))
  return text, code
end

local function fails(arguments, wanted)
  local text, code = launch(arguments)
  assert.equal(2, code)
  assert.truthy(text:find(wanted, 1, true), text)
  assert.truthy(text:find "^zuora%-sandbox: ", text)
end

describe("the launcher", function()
  it("explains itself", function()
    local text, code = launch "--help"
    assert.equal(0, code)
    assert.truthy(text:find "^usage: zuora%-sandbox ")
    assert.equal(text, (launch "-h"))
  end)

  it("refuses what it does not know", function()
    fails("--colour red", "unknown option --colour; a command stands after --")
    fails("lua5.4 x.lua", "unknown option lua5.4")
    fails("--scenario", "--scenario needs a value")
    fails("--token-lifetime 1h", "is a number of seconds, not '1h'")
    fails("--session-lifetime -1", "is a number of seconds")
    fails("--scenario nothing -- true",
      "unknown scenario nothing; known: demo, empty, many")
    fails("--scenario ./nothing.json -- true", "no file ./nothing.json")
    fails("--assume x=1 -- true", "unknown assumption x; known:")
    fails("--assume again=x -- true", "it can be: new, same, refused")
    fails("--assume again -- true", "given as NAME=VALUE")
  end)

  it("leaves with the command's exit code", function()
    assert.equal(0, select(2, launch "-- true"))
    assert.equal(7, select(2, launch "-- sh -c 'exit 7'"))
    assert.equal(127, select(2, launch "-- no-such-command"))
    assert.equal(137, select(2, launch "-- sh -c 'kill -9 $$'"))
  end)

  it("passes arguments, input, umask and folder on", function()
    assert.equal("a b|'\"|$x|*||\n",
      (launch [[-- printf '%s|' 'a b' "'\"" '$x' '*' '' ; echo]]))
    assert.equal("in\n", (launch("-- cat", "echo in |")))
    assert.equal(0, select(2, launch "-- cat <&-"))
    assert.equal("0027\n", (launch("-- sh -c umask", "umask 027;")))
    assert.equal(shell.must "pwd", (launch "-- pwd"))
  end)

  it("sets the variables, which work", function()
    local text, code = launch([[-- sh -c '
      curl -s --cacert "$ZUORA_CA_FILE" -H "apiAccessKeyId: $ZUORA_API_]] ..
      [[ACCESS_KEY_ID" -H "apiSecretAccessKey: $ZUORA_API_SECRET_ACCESS_KEY" ]]
      .. [[-H "Zuora-Entity-Ids: $ZUORA_ENTITY_IDS" \
        "$ZUORA_BASE_URL/v1/entities?provisioned=false"
      curl -s "$ZUORA_SANDBOX_HTTP_URL/_sandbox/settings"
      grep -c . "$ZUORA_SANDBOX_LOG"
      echo "${#ZUORA_CLIENT_ID} ${#ZUORA_CLIENT_SECRET} $no_proxy"'
    ]])
    assert.equal(0, code)
    assert.truthy(text:find '"name":"Acme Australia"')
    assert.truthy(text:find '"token_lifetime":3599')
    assert.truthy(text:find "\n?2\n36 39 127%.0%.0%.1,localhost")
  end)

  it("makes other credentials each time", function()
    local show = [[-- sh -c 'echo $ZUORA_CLIENT_SECRET']]
    assert.not_equal(launch(show), (launch(show)))
  end)

  it("starts with what was asked for", function()
    shell.write(dir .. "/my own.json", [[{"entities":[{"name":"Mine",
      "id":"8a808255557baba1015580e12fa5083a"}]}]])
    local text = launch(("--scenario '%s/my own.json' --token-lifetime 5 " ..
      "--session-lifetime 6 --assume again=same -- sh -c %s"):format(dir,
      shell.quote 'curl -s "$ZUORA_SANDBOX_HTTP_URL/_sandbox/state"'))
    assert.truthy(text:find '"name":"Mine"')
    assert.truthy(text:find '"token_lifetime":5')
    assert.truthy(text:find '"session_lifetime":6')
    assert.truthy(text:find '"again":"same"')
    text = launch("--scenario many:20000 -- sh -c " ..
      shell.quote 'curl -s "$ZUORA_SANDBOX_HTTP_URL/_sandbox/state"')
    assert.truthy(text:find '"connection_count":20000')
  end)

  it("says what is wrong with a scenario's file", function()
    shell.write(dir .. "/x.json", "{")
    fails("--scenario " .. dir .. "/x.json -- true", "is no JSON object")
    shell.write(dir .. "/x.json", '{"entities":[]}')
    fails("--scenario " .. dir .. "/x.json -- true", "without a parentId")
  end)

  it("takes no folder of the same name for a scenario", function()
    shell.must("mkdir " .. dir .. "/demo")
    local here = shell.must "pwd":gsub("\n", "")
    local _, code = shell.run(("cd %s && TMPDIR=%s %s/%s -- true"):format(dir,
      dir, shell.quote(here), LAUNCHER))
    assert.equal(0, code)
  end)

  it("lists the assumptions", function()
    local text, code = launch "--assume help"
    assert.equal(0, code)
    assert.truthy(text:find "\nagain  +a request after deny or disconnect:")
  end)

  it("keeps the log", function()
    local text = launch(("--keep-log %s/log -- sh -c %s"):format(dir,
      shell.quote 'curl -s "$ZUORA_SANDBOX_HTTP_URL/v1/none"'))
    assert.truthy(text:find "does not exist")
    assert.truthy(shell.read(dir .. "/log"):find("/v1/none", 1, true))
    local _, code = launch("--keep-log /nowhere/log -- true")
    assert.equal(0, code)
  end)

  it("works in folders of any name", function()
    local odd = dir .. "/it's \"a\" $folder"
    shell.must("mkdir " .. shell.quote(odd))
    local text, code = shell.run(("TMPDIR=%s %s -- sh -c %s"):format(
      shell.quote(odd), LAUNCHER, shell.quote
      'curl -s --cacert "$ZUORA_CA_FILE" "$ZUORA_BASE_URL/v1/_shape/login"'))
    assert.equal(0, code)
    assert.truthy(text:find "90000011")
    assert.equal("", shell.must("ls -A " .. shell.quote(odd)))
  end)

  it("says so where no folder can be made", function()
    local text, code = shell.run("TMPDIR=/nowhere " .. LAUNCHER .. " -- true")
    assert.equal(2, code)
    assert.equal("zuora-sandbox: no folder can be made in /nowhere\n", text)
  end)

  it("says so where nginx is missing, or does not start", function()
    local copy = dir .. "/copy"
    shell.must(("sed 's|/usr/s*bin|/nowhere|g; s|/usr/local/|/nowhere/|g' " ..
      "%s >%s; chmod +x %s"):format(LAUNCHER, copy, copy))
    -- All commands but nginx.
    shell.must(("mkdir %s/bin && for f in sh dirname mktemp sed rm cat; do " ..
      "ln -s \"$(command -v $f)\" %s/bin/; done"):format(dir, dir))
    local text, code = shell.run(("PATH=%s/bin %s -- true"):format(dir, copy))
    assert.equal(2, code)
    assert.truthy(text:find("nginx with its Lua module is missing", 1, true))
    assert.truthy(text:find("apt-get install nginx", 1, true))
    shell.write(dir .. "/bin/nginx", "#!/bin/sh\necho no luck >&2\nexit 1\n")
    shell.must("chmod +x " .. dir .. "/bin/nginx")
    text, code = launch("-- true", ("PATH=%s/bin:$PATH"):format(dir))
    assert.equal(2, code)
    assert.truthy(text:find "no luck")
    assert.truthy(text:find "nginx did not start\n$")
  end)

  it("ends the command and says so when nginx ends", function()
    local began = os.time()
    local text, code = launch("-- sh -c " .. shell.quote
      [[kill -9 "$(cat "${ZUORA_SANDBOX_LOG%/*}/nginx.pid")"; exec sleep 300]])
    assert.equal(1, code)
    assert.truthy(text:find("nginx ended by itself, with exit code 137", 1,
      true), text)
    assert.is_true(os.time() - began < 200)
  end)

  it("tries other ports where one is taken", function()
    -- Both ports are random: od is made to tell the same at first.
    local taken = os.getenv("ZUORA_BASE_URL"):match "%d+$"
    shell.must("mkdir " .. dir .. "/bin")
    shell.write(dir .. "/bin/od", ([[#!/bin/sh
n=$(cat %s/n 2>/dev/null || echo 0)
echo $((n + 1)) >%s/n
[ "$n" = 0 ] && echo %d || exec /usr/bin/od "$@"
]]):format(dir, dir, taken - 20000))
    shell.must("chmod +x " .. dir .. "/bin/od")
    local text, code = launch("-- sh -c 'echo $ZUORA_BASE_URL'",
      ("PATH=%s/bin:$PATH"):format(dir))
    assert.equal(0, code)
    assert.truthy(text:find "^https://127%.0%.0%.1:%d+\n$")
    assert.not_equal(os.getenv "ZUORA_BASE_URL" .. "\n", text)
    assert.is_true(tonumber(shell.read(dir .. "/n")) >= 4)
  end)

  it("runs beside another one", function()
    local text, code = launch("-- " .. LAUNCHER .. [[ -- sh -c '
      curl -s "$ZUORA_SANDBOX_HTTP_URL/v1/_shape/login"']])
    assert.equal(0, code)
    assert.truthy(text:find "90000011")
  end)
end)

describe("a signal", function()
  -- Starts it in the background, in a session of its own and not deaf to INT
  -- as what runs in the background is, waits until it says something, signals
  -- it.
  local function signal(name, arguments, whole_group)
    local script = ([[
      mkdir -p %s/t
      TMPDIR=%s/t env --default-signal=INT setsid %s %s >%s/out 2>&1 & pid=$!
      tries=200
      while ! grep -q 'go$\|^ *export ZUORA_SANDBOX_LOG' %s/out &&
        [ $tries -gt 0 ]; do
        tries=$((tries - 1)); sleep 0.1
      done
      kill -%s %s$pid; wait $pid; echo "code $?"
      ls -A %s/t
    ]]):format(dir, dir, LAUNCHER, arguments, dir, dir, name,
      whole_group and "-" or "", dir)
    return shell.must("timeout -k 5 60 sh -c " .. shell.quote(script))
  end

  -- Whether a process is still there after a while; one that has ended may
  -- wait to be buried.
  local function lives(pid)
    for _ = 1, 50 do
      if not shell.run("ps -o stat= -p " .. pid):find "^[^Z%s]" then
        return false
      end
      shell.must "sleep 0.1"
    end
    return true
  end

  for name, code in pairs { INT = 130, TERM = 143, HUP = 129 } do
    it(name .. " ends it, and nothing is left", function()
      assert.equal("code " .. code .. "\n", (signal(name, "")
        :gsub("^.-(code %d+\n)", "%1")))
      local text = shell.read(dir .. "/out")
      assert.truthy(text:find "A Zuora on this machine, until Ctrl%-C")
      assert.truthy(text:find "export ZUORA_CA_FILE='/")
    end)
  end

  it("reaches the command", function()
    local text = signal("TERM", ("-- sh -c 'echo $$ >%s/pid; echo go; " ..
      "exec sleep 60'"):format(dir))
    assert.truthy(text:find "code 143\n$")
    local pid = shell.read(dir .. "/pid"):match "%d+"
    assert.is_false(lives(pid))
  end)

  it("of Ctrl-C reaches all that the command started", function()
    local text = signal("INT", ("-- sh -c 'sh -c \"echo \\$\\$ >%s/pid; " ..
      "echo go; sleep 60; true\"; true'"):format(dir), true)
    assert.truthy(text:find "code 130\n$")
    local pid = shell.read(dir .. "/pid"):match "%d+"
    assert.is_false(lives(pid))
  end)

  it("that cannot be caught leaves nothing for long", function()
    local text = signal("KILL", "")
    assert.truthy(text:find "code 137")
    local left = shell.must(("tries=100; while [ -n \"$(ls -A %s/t)\" ] && " ..
      "[ $tries -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done; ls -A %s/t")
      :format(dir, dir))
    assert.equal("", left)
  end)
end)
