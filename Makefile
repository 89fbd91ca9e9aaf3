# zuora: a C core, its Lua binding, and what builds, checks and shows them.
# `make help` lists the targets. GNU make.

# ---- what may be set --------------------------------------------------------

LUA ?= lua5.4#    lua5.4, lua5.3, lua5.2, lua5.1 or luajit
SANITIZE =#       1: AddressSanitizer and UndefinedBehaviorSanitizer; thread
COVERAGE =#       1: counts which lines and branches are run
WERROR =#         1: a warning ends the build
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config

ifeq ($(SANITIZE),1)
BUILD = build/asan
else ifeq ($(SANITIZE),thread)
BUILD = build/tsan
else ifeq ($(COVERAGE),1)
BUILD = build/coverage
else
BUILD = build
endif

# ---- what is found out ------------------------------------------------------

# The C API that $(LUA) speaks. LuaJIT speaks 5.1: a module made with the
# headers of Lua 5.1 loads in both, one made with LuaJIT's in LuaJIT alone.
ABI := $(patsubst lua%,%,$(notdir $(LUA)))
ifeq ($(ABI),jit)
ABI := 5.1
else ifeq ($(filter 5.1 5.2 5.3 5.4,$(ABI)),)
ABI := $(shell $(LUA) -e 'io.write(_VERSION:match("%d.%d"))' 2>/dev/null)
endif

# The systems name these differently; Debian's name comes first. No Lua at all
# is no error here: `make core` does without.
LUA_PC := $(firstword $(foreach name,\
  lua$(ABI) lua-$(ABI) lua$(subst .,,$(ABI)) lua $(if $(filter 5.1,$(ABI)),luajit),\
  $(if $(filter $(ABI).% 2.1.%,$(shell $(PKG_CONFIG) --modversion $(name) \
    2>/dev/null)),$(name))))
LUA_CFLAGS := $(if $(LUA_PC),$(shell $(PKG_CONFIG) --cflags $(LUA_PC)))
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags libcurl zlib 2>/dev/null)
LIBS := $(or $(shell $(PKG_CONFIG) --libs libcurl zlib 2>/dev/null),-lcurl -lz)
SYSTEM := $(shell uname -s)
CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))

# ---- flags ------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wpedantic $(if $(filter 1,$(WERROR)),-Werror)
ALL_CFLAGS = -std=c99 -D_POSIX_C_SOURCE=200809L -Isrc/core -fPIC \
  -fvisibility=hidden $(WARNINGS) $(CFLAGS) $(LIB_CFLAGS)

ifeq ($(SYSTEM),Darwin)
ALL_CFLAGS += -D_DARWIN_C_SOURCE
SHARED = -bundle -undefined dynamic_lookup
else
# nodelete: lua_close unloads modules, but a thread of libcurl that still waits
# for a name server must find its code, and a leak report its symbols.
SHARED = -shared -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now
endif

ifeq ($(SANITIZE),1)
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  -fno-omit-frame-pointer
ALL_CFLAGS += $(SANITIZERS)
SHARED += $(SANITIZERS) $(if $(CLANG),-shared-libasan)
# An interpreter that knows nothing of it has to load this before all else.
PRELOAD := $(shell $(CC) -print-file-name=$(if $(CLANG),libclang_rt.asan-$(\
  )$(shell uname -m).so,libasan.so))
else ifeq ($(SANITIZE),thread)
SANITIZERS = -fsanitize=thread
ALL_CFLAGS += $(SANITIZERS)
SHARED += $(SANITIZERS)
else ifeq ($(COVERAGE),1)
COVERING = -O0 --coverage -fprofile-abs-path -fprofile-update=atomic
ALL_CFLAGS += $(COVERING)
SHARED += $(COVERING)
else
ALL_CFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif

# ---- files ------------------------------------------------------------------

CORE_C := $(wildcard src/core/*.c)
BINDING_C := $(wildcard src/binding/*.c)
SPEC_C := $(wildcard spec/core/*_test.c)
# Whatever else is C in spec/core helps the tests and is linked to each.
SUPPORT_C := $(filter-out $(SPEC_C),$(wildcard spec/core/*.c))
# A Lua module and a program that specs of the process stand on.
PROCESS_C := $(wildcard spec/process/*.c)
BENCH_C := $(wildcard bench/*.c)
EXAMPLES_C := $(wildcard examples/*.c)
LUA_SUITES := $(sort $(patsubst spec/%/,%,$(dir $(wildcard spec/*/*_spec.lua))))
ALL_C := $(CORE_C) $(BINDING_C) $(SPEC_C) $(SUPPORT_C) $(BENCH_C) $(EXAMPLES_C) \
  $(PROCESS_C) $(wildcard spec/torture/*.c spec/fuzz/*.c)
ALL_H := $(wildcard src/core/*.h src/binding/*.h spec/core/*.h bench/*.h \
  spec/torture/*.h spec/fuzz/*.h)

CORE_O := $(CORE_C:src/core/%.c=$(BUILD)/obj/core/%.o)
SUPPORT_O := $(SUPPORT_C:spec/core/%.c=$(BUILD)/obj/spec/%.o)
BINDING_O := $(BINDING_C:src/binding/%.c=$(BUILD)/$(ABI)/obj/%.o)
LIBRARY := $(BUILD)/libzuora.a
MODULE := $(BUILD)/$(ABI)/zuora/core.so
SPECS := $(SPEC_C:spec/core/%.c=$(BUILD)/spec/%)
PROCESS := $(if $(PROCESS_C),$(BUILD)/$(ABI)/zuora_process.so \
  $(BUILD)/$(ABI)/zuora_host)
EXAMPLES := $(EXAMPLES_C:examples/%.c=$(BUILD)/examples/%)
BENCHES := $(BENCH_C:bench/%.c=$(BUILD)/bench/%)

# What tools/test and tools/layers must know of this make.
TOOL = MAKE='$(MAKE)' BUILD='$(BUILD)' SANITIZE='$(SANITIZE)' \
  PRELOAD='$(PRELOAD)'

# `make V=1` shows the commands themselves, `make -s` nothing but warnings.
ifeq ($(V),1)
say = @:
else
.SILENT:
say = $(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),\
  @:,@echo '  $(1)')
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help setup build core specs objects demo sandbox env test test-core \
  test-lua test-all check-deep soak-faults throttle coverage measure sanitize \
  sanitized tsan valgrind lint layers format reference rock bench bench-instructions bench-report soak \
  torture fuzz clean FORCE

-include spec/torture/torture.mk spec/fuzz/fuzz.mk

# ---- for people -------------------------------------------------------------

all: build ## build the Lua module (the same as `make build`)

help: ## list the targets
	sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	  while IFS='|' read -r name about; do \
	    printf '  make %-18s %s\n' "$$name" "$$about"; done
	echo
	echo '  LUA=lua5.1 (or luajit, ...), SANITIZE=1, WERROR=1, V=1, CC, CFLAGS'

# The group of tools/setup that $(LUA) is in, where it is not in one of those
# that are installed anyway.
OTHER_LUA := $(if $(filter 5.2 5.3,$(ABI)),luas)

setup: ## install what building, demo and tests need, where it is missing
	tools/setup core build demo test $(OTHER_LUA)

build: $(MODULE) ## build the Lua module for $LUA

core: $(LIBRARY) $(EXAMPLES) ## build the C library and its example; needs no Lua

specs: $(SPECS) $(PROCESS) $(TORTURE) $(REPLAYS) ## build what is C in the specs

objects: $(CORE_O) $(BINDING_O) ## compile without linking; print what was made
	echo $^

# These begin with a set-up, so the rest is left to a make that starts after it
# and finds what was installed.
demo: ## show it at work against a Zuora on this machine
	tools/setup core build demo $(OTHER_LUA)
	$(MAKE) --no-print-directory build
	eval "$$($(MAKE) -s --no-print-directory env)" && \
	  sandbox/zuora-sandbox -- $(LUA) examples/tour.lua

sandbox: ## run that Zuora until Ctrl-C and say how to reach it
	tools/setup demo
	sandbox/zuora-sandbox

# Paths are worked out here, so that no file of the project has to hold one.
# 5.1 and LuaJIT know no variable of their own; the others prefer theirs, which
# leaves alone a tool that happens to run in another Lua.
SUFFIX := $(if $(filter-out 5.1,$(ABI)),_$(subst .,_,$(ABI)))
env: ## print the lines that let $LUA find the module: eval "$(make -s env)"
	echo "export LUA_PATH$(SUFFIX)='$(CURDIR)/lua/?.lua;$(\
	  )$(CURDIR)/lua/?/init.lua;'\"\$${LUA_PATH$(SUFFIX):-;}\""
	echo "export LUA_CPATH$(SUFFIX)='$(abspath $(BUILD))/$(ABI)/?.so;'$(\
	  )\"\$${LUA_CPATH$(SUFFIX):-;}\""

# ---- checks -----------------------------------------------------------------

test: setup ## set up, build and run every suite
	$(TOOL) tools/test --lua $(LUA)

test-core: ## run the suite of the C library
	$(TOOL) tools/test --lua $(LUA) core

test-lua: ## run the suites in Lua
	$(TOOL) tools/test --lua $(LUA) $(LUA_SUITES)

LUAS = lua5.1 lua5.2 lua5.3 lua5.4 luajit
test-all: ## run the suites in Lua on 5.1 to 5.4 and LuaJIT
	tools/setup core build demo test luas
	for lua in $(LUAS); do echo "On $$lua:"; \
	  $(TOOL) tools/test --lua $$lua binding lua wire hostile || exit 1; done

coverage: ## measure what the suites reach; a page in build/coverage
	tools/setup core build demo test deep
	$(MAKE) --no-print-directory COVERAGE=1 measure

measure: ## the same, of a tree that was built for it
	$(TOOL) tools/coverage --lua $(LUA) $(or $(SUITES),$(COVERED))

# Neither the sandbox nor the tools run what is measured.
COVERED = core fuzz torture binding lua wire hostile process stores wait docs \
  nginx

soak-faults: build ## make 10,000 calls with faults and compare each with its effect
	eval "$$($(MAKE) -s --no-print-directory env)" && ZUORA_SOAK_CALLS=10000 sandbox/zuora-sandbox \
	  -- $(LUA) "$$(command -v busted)" -o tools/tap.lua spec/wire/soak_spec.lua

throttle: build ## make 2,000 accepts at 500 calls a minute; takes 4 minutes
	eval "$$($(MAKE) -s --no-print-directory env)" && ZUORA_THROTTLE=real sandbox/zuora-sandbox \
	  -- $(LUA) "$$(command -v busted)" -o tools/tap.lua \
	  spec/wire/throttle_spec.lua

# Those that load what is ours in C; in the others it is nginx that runs.
SANITIZED = core fuzz binding lua wire hostile process stores wait docs
sanitize: ## run the suites under ASan and UBSan
	tools/setup core build demo test
	$(MAKE) --no-print-directory SANITIZE=1 sanitized

sanitized: ## the same, of a tree that was built for it
	$(TOOL) tools/test --lua $(LUA) $(SANITIZED)

torture: ## fail every allocation of a scenario in turn (EVERY=n: each nth)
	tools/setup core build test
	$(MAKE) --no-print-directory $(TORTURE)
	$(TORTURE) $(or $(EVERY),1)

# What takes an hour or two, and where its figures are kept.
check-deep: SECONDS = 300
check-deep: ## run the heavy checks (STEPS="fuzz soak": those); docs/assurance.md
	tools/setup core build demo test deep bench
	lua5.4 tools/assurance.lua $(SECONDS) $(STEPS)

SECONDS = 60
fuzz: ## run the fuzz targets, SECONDS=60 each (TARGET=name: one)
	tools/setup core build deep
	$(MAKE) --no-print-directory $(FUZZERS)
	tools/fuzz $(SECONDS) $(or $(TARGET),$(FUZZ_NAMES))

TIDY_FLAGS = -std=c99 -D_POSIX_C_SOURCE=200809L -Isrc/core $(LIB_CFLAGS)
LUA_FILES := $(wildcard lua spec sandbox examples bench tools/*.lua)

tsan: ## run Lua states in many threads under ThreadSanitizer
	tools/setup core build test deep
	$(MAKE) --no-print-directory build specs
	$(MAKE) --no-print-directory SANITIZE=thread build specs
	eval "$$($(MAKE) -s --no-print-directory env)" && ZUORA_HOST=build/tsan/$(ABI) \
	  TSAN_OPTIONS=halt_on_error=1 $(LUA) "$$(command -v busted)" \
	  -o tools/tap.lua spec/process/states_spec.lua

valgrind: ## run the suites under valgrind: no error, no byte lost
	tools/setup core build demo test deep
	$(MAKE) --no-print-directory build specs
	tools/valgrind $(BUILD) $(LUA)

lint: ## format, clang-tidy, cppcheck, luacheck, shellcheck, sizes
	tools/setup core build lint
	clang-format --dry-run -Werror $(ALL_C) $(ALL_H)
	cppcheck --quiet --error-exitcode=1 --force --std=c99 --inline-suppr \
	  --enable=warning,performance,portability \
	  --suppress=missingIncludeSystem -Isrc/core $(ALL_C)
	printf '%s\n' $(ALL_C) | xargs -P "$$(getconf _NPROCESSORS_ONLN)" -I{} sh -c \
	  'out=$$(clang-tidy --quiet "$$@" 2>&1) || { echo "$$out"; exit 1; }' \
	  tidy {} -- $(TIDY_FLAGS) $(LUA_CFLAGS)
	luacheck --quiet --no-color --codes $(LUA_FILES)
	shellcheck .ci/run bench/server $(filter-out %.lua,$(wildcard tools/*))
	tools/sizes

layers: ## see that core, binding and Lua keep to their own business
	$(TOOL) tools/layers

format: ## format the C files in place
	clang-format -i $(ALL_C) $(ALL_H)

reference: build ## write docs/reference.md and retries.md from the tables
	eval "$$($(MAKE) -s --no-print-directory env)" && $(LUA) tools/reference.lua > $(BUILD)/page && \
	  $(LUA) tools/reference.lua retries > $(BUILD)/page2
	mv $(BUILD)/page docs/reference.md
	mv $(BUILD)/page2 docs/retries.md

ROCK = $(BUILD)/rock
rock: ## install the rock for 5.4 and 5.1 into a temporary tree and load it
	rm -rf $(ROCK) && mkdir -p $(ROCK)/source
	cp -R src lua rockspec LICENSE $(ROCK)/source
	for abi in 5.4 5.1; do tools/rock $(ROCK) $$abi || exit 1; done

# Both Luas are measured in one run, against one server.
BENCH = $(MAKE) -s $(BENCHES) && $(MAKE) -s build LUA=lua5.4 && \
  $(MAKE) -s build LUA=luajit && eval "$$($(MAKE) -s --no-print-directory env LUA=lua5.4)" && \
  eval "$$($(MAKE) -s --no-print-directory env LUA=luajit)" && export BENCH_OUT=$(BUILD)/bench \
  BENCH_BARE=$(BUILD)/bench/bare &&

bench: ## measure: minutes, or one minute with QUICK=1
	tools/setup core build demo bench
	$(BENCH) export QUICK='$(QUICK)' && \
	  bench/server --nginx lua5.4 bench/run.lua $(SECTIONS)

bench-instructions: ## count instructions a call; QUICK=1: once, not thrice
	tools/setup core build demo bench
	$(BENCH) export QUICK='$(QUICK)' && \
	  bench/server lua5.4 bench/instructions.lua

bench-report: ## write docs/performance.* from what was measured
	lua5.4 bench/report.lua $(BUILD)/bench

soak: ## see that memory stays, over 1,000,000 CALLS and 100,000 CLIENTS
	tools/setup core build demo bench
	$(BENCH) bench/server $(LUA) bench/soak.lua $(CALLS) $(CLIENTS)

clean: ## remove what was built
	rm -rf build

# ---- how it is made ---------------------------------------------------------

# Other flags or another compiler: all is made again.
$(BUILD)/flags: FORCE
	mkdir -p $(@D)
	printf '%s\n' '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || \
	  printf '%s\n' '$(CC) $(ALL_CFLAGS)' > $@

$(BUILD)/obj/core/%.o: src/core/%.c $(BUILD)/flags
	$(call say,CC $<)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/spec/%.o: spec/core/%.c $(BUILD)/flags
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Ispec/core -MMD -MP -c -o $@ $<

$(BUILD)/$(ABI)/obj/%.o: src/binding/%.c $(BUILD)/flags
	$(call say,CC $< for Lua $(ABI))
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) -MMD -MP -c -o $@ $<

$(LIBRARY): $(CORE_O)
	rm -f $@
	$(AR) rcs $@ $^

# No liblua: the interpreter that loads the module brings the symbols.
$(MODULE): $(BINDING_O) $(LIBRARY)
	$(call say,LD $@)
	mkdir -p $(@D)
	$(CC) $(SHARED) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/examples/%: examples/%.c $(LIBRARY)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS)

$(BUILD)/bench/%: bench/%.c $(LIBRARY)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS)

$(BUILD)/spec/%: spec/core/%.c $(SUPPORT_O) $(LIBRARY)
	$(call say,CC $<)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Ispec/core -MMD -MP $(LDFLAGS) -o $@ $< \
	  $(SUPPORT_O) $(LIBRARY) -lcmocka $(LIBS)

$(BUILD)/$(ABI)/zuora_process.so: spec/process/process.c $(BUILD)/flags
	$(call say,CC $<)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) $(SHARED) -o $@ $<

$(BUILD)/$(ABI)/zuora_host: spec/process/host.c $(BUILD)/flags
	$(call say,CC $<)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) $(SANITIZERS) -o $@ $< \
	  $(shell $(PKG_CONFIG) --libs $(LUA_PC)) -lpthread

-include $(CORE_O:.o=.d) $(BINDING_O:.o=.d) $(SUPPORT_O:.o=.d) $(SPECS:=.d) \
  $(EXAMPLES:=.d) $(BENCHES:=.d)
