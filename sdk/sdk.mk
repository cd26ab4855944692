# SPDX-License-Identifier: Apache-2.0
# The SDK's library, and its examples: each a program of its own.

SDK_SRC := $(filter-out sdk/examples/%,$(sort $(shell find sdk -name '*.c')))
SDK_OBJ := $(SDK_SRC:%=$(B)/sdk-obj/%.o)
# Another build folder (sanitizers) has a library of its own.
SDK_LIB := $(if $(filter build,$(B)),sdk,$(B))/libringfence.a
# An example that wants a library is built where that is installed.
dir-archive_LIBS := -larchive
EXAMPLES_WITHOUT := $(if $(wildcard /usr/include/archive.h),,sdk/examples/dir-archive.c)
EXAMPLES := $(patsubst sdk/examples/%.c,$(B)/examples/%,$(filter-out $(EXAMPLES_WITHOUT),$(wildcard sdk/examples/*.c)))

all: $(SDK_LIB)
.PHONY: examples
examples: $(EXAMPLES)

$(B)/sdk-obj/%.o: % Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -fPIC -c -o $@ $<

$(SDK_LIB): $(SDK_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/examples/%: sdk/examples/%.c $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $< $(SDK_LIB) -pthread $($*_LIBS)

-include $(SDK_OBJ:.o=.d) $(EXAMPLES:=.d)
