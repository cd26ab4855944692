# SPDX-License-Identifier: Apache-2.0
# Each topic is one C file, built against dynamic glibc. Topics in which the C library's own start-up,
# threads, signals and memory matter are also built statically, and with musl where its compiler
# wrapper is installed. Wrong pointers and sizes are the point of many cases, so the warnings about
# them are off.

SYSCALLS_CFLAGS := -std=gnu17 -Wall -Wextra -Werror -Wstrict-prototypes -Wno-unknown-warning-option \
                   -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -O1 -g -D_GNU_SOURCE -pthread
SYSCALLS_TOPICS := $(filter-out check,$(basename $(notdir $(wildcard tests/syscalls/*.c))))
SYSCALLS_STATIC_TOPICS := brk clocks exec fork fpstate futex mmap pipes sigfault signals sigqueue \
                          sigstack threads timers wait

SYSCALLS_CC_dynamic := $(CC)
SYSCALLS_CC_static  := $(CC) -static
SYSCALLS_CC_musl    := musl-gcc -static -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu

define syscalls_program
$(B)/tests/syscalls/$(1)/$(2): tests/syscalls/$(2).c tests/syscalls/check.c tests/syscalls/check.h
	@mkdir -p $$(@D)
	$$(SYSCALLS_CC_$(1)) $$(SYSCALLS_CFLAGS) -o $$@ tests/syscalls/$(2).c tests/syscalls/check.c -lm
TEST_PROGRAMS += $(B)/tests/syscalls/$(1)/$(2)
endef
$(foreach topic,$(SYSCALLS_TOPICS),$(eval $(call syscalls_program,dynamic,$(topic))))
$(foreach kind,static $(if $(shell command -v musl-gcc),musl),\
  $(foreach topic,$(SYSCALLS_STATIC_TOPICS),$(eval $(call syscalls_program,$(kind),$(topic)))))
