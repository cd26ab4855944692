# SPDX-License-Identifier: Apache-2.0
# The SDK's library, and its examples: each a program of its own.

SDK_SRC := $(filter-out sdk/examples/%,$(sort $(shell find sdk -name '*.c')))
SDK_OBJ := $(SDK_SRC:%=$(B)/sdk-obj/%.o)
# Another build folder (sanitizers) has a library of its own.
SDK_LIB := $(if $(filter build,$(B)),sdk,$(B))/libringfence.a
# Each sdk/examples/NAME.c is a program; NAME_PARTS are further files of it, NAME_LIBS what it is linked
# with, and NAME_NEEDS a header without which it is not built.
confined-client_PARTS := $(wildcard sdk/examples/confined/*.c)
confined-service_LIBS := -static -s # it is all that an instance is given
dir-archive_LIBS  := -larchive
dir-archive_NEEDS := /usr/include/archive.h
dir-encrypt_PARTS := $(wildcard sdk/examples/encrypt/*.c)
dir-encrypt_LIBS  := -lsodium
dir-encrypt_NEEDS := /usr/include/sodium.h
dir-mail_PARTS    := sdk/examples/mail/decode.c
dir-union_PARTS   := $(wildcard sdk/examples/union/*.c)
EXAMPLES := $(foreach name,$(patsubst sdk/examples/%.c,%,$(wildcard sdk/examples/*.c)),\
              $(if $(filter-out $(wildcard $($(name)_NEEDS)),$($(name)_NEEDS)),,$(B)/examples/$(name)))

all: $(SDK_LIB)
.PHONY: examples
examples: $(EXAMPLES)

$(B)/sdk-obj/%.o: % Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -fPIC -c -o $@ $<

$(SDK_LIB): $(SDK_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(foreach name,$(EXAMPLES:$(B)/examples/%=%),$(eval $(B)/examples/$(name): $($(name)_PARTS) $(wildcard $(sort $(dir $($(name)_PARTS)))*.h)))
$(B)/examples/%: sdk/examples/%.c $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $< $($*_PARTS) $(SDK_LIB) -pthread $($*_LIBS)

-include $(SDK_OBJ:.o=.d) $(EXAMPLES:=.d)
