# A program with an interpreter inside, for what no interpreter can do to a
# module: make its memory fail.

TORTURE_C := $(wildcard spec/torture/*.c)
TORTURE := $(BUILD)/torture/$(notdir $(LUA))
TORTURE_LIBS = $(if $(filter %jit,$(LUA)),$(shell $(PKG_CONFIG) --libs luajit),\
  $(shell $(PKG_CONFIG) --libs $(LUA_PC)))
TORTURE_CFLAGS = $(if $(filter %jit,$(LUA)),$(shell $(PKG_CONFIG) --cflags \
  luajit),$(LUA_CFLAGS))

$(TORTURE): $(TORTURE_C) $(wildcard spec/torture/*.h) $(BINDING_C) $(LIBRARY)
	$(call say,LD $@)
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TORTURE_CFLAGS) $(LDFLAGS) -rdynamic -D_DEFAULT_SOURCE -o $@ \
	  $(TORTURE_C) $(BINDING_C) $(LIBRARY) $(TORTURE_LIBS) $(LIBS) -ldl
