# SPDX-License-Identifier: Apache-2.0
# make bench [ROUNDS=7] [ONLY=pattern]; how it measures is told in bench/README.md.

ROUNDS ?= 7
ONLY   ?= *

BENCH_CFLAGS := -std=gnu17 -I. -O2 -g $(WARN) -D_GNU_SOURCE -pthread
BENCH_SDK    := calls cells
BENCH_PLAIN  := cpu_loop notification ticks written
BENCH_BUILT  := $(B)/bench/syscall_table $(B)/bench/large.c $(B)/bench/one_byte $(BENCH_SDK:%=$(B)/bench/%) \
                $(BENCH_PLAIN:%=$(B)/bench/%)

bench:
	@tools/install-deps.sh build bench
	@$(MAKE) --no-print-directory ringfence bench-build
	@/usr/bin/python3 bench/run.py --rounds $(ROUNDS) --only '$(ONLY)'

.PHONY: bench-build
bench-build: $(BENCH_BUILT)

$(B)/bench/syscall_table: $(wildcard bench/table/*.[ch])
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^)

$(BENCH_PLAIN:%=$(B)/bench/%): $(B)/bench/%: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -static -o $@ $<

$(B)/bench/one_byte: bench/one_byte.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -static -nostdlib -ffreestanding -o $@ $<

$(BENCH_SDK:%=$(B)/bench/%): $(B)/bench/%: bench/%.c $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -static -o $@ $< $(SDK_LIB)

# What worlds cost: a table of its own.
.PHONY: bench-worlds
bench-worlds:
	@tools/install-deps.sh build bench
	@$(MAKE) --no-print-directory ringfence bench-build
	@/usr/bin/python3 bench/worlds.py --rounds $(ROUNDS)

# What cuts, restarts and branches cost: a table and plots of their own.
.PHONY: bench-checkpoint
bench-checkpoint:
	@tools/install-deps.sh build bench
	@$(MAKE) --no-print-directory ringfence bench-build
	@/usr/bin/python3 bench/checkpoint.py --rounds $(ROUNDS)

$(B)/bench/large.c: bench/generate_c.py
	@mkdir -p $(@D)
	/usr/bin/python3 $< 800 >$@
