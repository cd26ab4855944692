# SPDX-License-Identifier: Apache-2.0
# The store on a simulated disk: the linker hands the calls of the store and of LMDB (linked statically, to be
# within its reach) to tests/crash/disk.c.
# make crash [CRASH_RUNS=400]   all crashes of that many runs, and worlds that are killed (tests/cut/suite.mk)

CRASH_CALLS  := pwrite pwritev write writev ftruncate fallocate fdatasync fsync msync getrandom
CRASH_SRC    := $(filter kernel/store/%,$(KERNEL_SRC)) tests/crash/crash.c tests/crash/disk.c
CRASH_CFLAGS := -std=gnu17 -I. $(WARN) -O1 -g -D_GNU_SOURCE -fsanitize=undefined -fno-sanitize-recover=undefined
CRASH_RUNS   ?= 400
TEST_PROGRAMS += $(B)/tests/crash/crash

$(B)/tests/crash/crash: $(CRASH_SRC) $(wildcard kernel/store/*.h tests/crash/*.h) tests/crash/suite.mk
	@mkdir -p $(@D)
	$(CC) $(CRASH_CFLAGS) -static $(CRASH_CALLS:%=-Wl,--wrap=%) -o $@ $(CRASH_SRC) $(KERNEL_LIBS)

.PHONY: crash
crash: $(B)/tests/crash/crash
	$< 1000 $(CRASH_RUNS)
	@$(MAKE) --no-print-directory kills
