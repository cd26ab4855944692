# SPDX-License-Identifier: Apache-2.0
# ringfence-frozen, where zstd and sodium are installed: a program of its own beside ringfence.

FROZEN_NEEDS   := /usr/include/zstd.h /usr/include/sodium.h
FROZEN_PROGRAM := $(if $(filter-out $(wildcard $(FROZEN_NEEDS)),$(FROZEN_NEEDS)),,$(B)/ringfence-frozen)
FROZEN_SRC     := $(wildcard frozen/*.c)

all: $(FROZEN_PROGRAM)

$(B)/ringfence-frozen: $(FROZEN_SRC) $(wildcard frozen/*.h) Makefile
	@mkdir -p $(@D)
	$(say) LINK $@
	$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $(FROZEN_SRC) -lzstd -lsodium -pthread
