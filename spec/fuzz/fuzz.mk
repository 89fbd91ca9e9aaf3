# Fuzz targets, each twice: with libFuzzer, by clang, under ASan and UBSan, for
# `make fuzz`; and with a driver that runs what is kept in corpus/, for the
# suites. Those that need a server wrap the linker's `socket`, so GNU ld.

FUZZ_NAMES := $(patsubst spec/fuzz/%_fuzz.c,%,$(wildcard spec/fuzz/*_fuzz.c))
FUZZ_WIRED := engine answer
FUZZ_C = spec/fuzz/$(1)_fuzz.c spec/fuzz/common.c \
  $(if $(filter $(FUZZ_WIRED),$(1)),spec/fuzz/wire.c)
FUZZ_LD = $(if $(filter $(FUZZ_WIRED),$(1)),-Wl$(comma)--wrap=socket) \
  $(if $(filter answer,$(1)),-rdynamic $(shell $(PKG_CONFIG) --libs $(LUA_PC)))
FUZZ_BINDING = $(if $(filter answer,$(1)),$(BINDING_C))
comma := ,

REPLAYS := $(if $(LUA_PC),$(FUZZ_NAMES:%=$(BUILD)/spec/fuzz/%))
FUZZERS := $(FUZZ_NAMES:%=build/fuzz/bin/%)
FUZZ_CFLAGS = -O1 -g -std=c99 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE \
  -Isrc/core $(LIB_CFLAGS) $(LUA_CFLAGS) -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_O := $(CORE_C:src/core/%.c=build/fuzz/obj/%.o)

build/fuzz/obj/%.o: src/core/%.c
	mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

# The binding is compiled with its target, being small.
$(FUZZERS): build/fuzz/bin/%: spec/fuzz/%_fuzz.c $(wildcard spec/fuzz/*.[ch]) \
  $(BINDING_C) $(FUZZ_O)
	$(call say,LD $@)
	mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(call FUZZ_C,$*) \
	  $(call FUZZ_BINDING,$*) $(FUZZ_O) $(call FUZZ_LD,$*) $(LIBS)

$(REPLAYS): $(BUILD)/spec/fuzz/%: spec/fuzz/%_fuzz.c \
  $(wildcard spec/fuzz/*.[ch]) $(BINDING_C) $(LIBRARY)
	$(call say,CC $<)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) -D_DEFAULT_SOURCE $(LDFLAGS) -o $@ \
	  spec/fuzz/replay.c $(call FUZZ_C,$*) $(call FUZZ_BINDING,$*) \
	  $(LIBRARY) $(call FUZZ_LD,$*) $(LIBS)

-include $(FUZZ_O:.o=.d)
