# SPDX-License-Identifier: Apache-2.0
# make bench [ROUNDS=7] [ONLY=pattern]; how it measures is told in bench/README.md.

ROUNDS ?= 7
ONLY   ?= *

BENCH_CFLAGS := -std=gnu17 -I. -O2 -g $(WARN) -D_GNU_SOURCE -pthread
BENCH_BUILT  := $(B)/bench/syscall_table $(B)/bench/cpu_loop $(B)/bench/large.c

bench:
	@tools/install-deps.sh build bench
	@$(MAKE) --no-print-directory ringfence bench-build
	@/usr/bin/python3 bench/run.py --rounds $(ROUNDS) --only '$(ONLY)'

.PHONY: bench-build
bench-build: $(BENCH_BUILT)

$(B)/bench/syscall_table: $(wildcard bench/table/*.[ch])
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^)

$(B)/bench/cpu_loop: bench/cpu_loop.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $<

$(B)/bench/large.c: bench/generate_c.py
	@mkdir -p $(@D)
	/usr/bin/python3 $< 800 >$@
