# SPDX-License-Identifier: Apache-2.0
# Each topic is one C file, built against dynamic glibc; all but a few also statically, and with musl
# where its compiler wrapper is installed.  Wrong pointers and sizes are the point of many cases, so
# the warnings about them are off.

SYSCALLS_CFLAGS := -std=gnu17 -Wall -Wextra -Werror -Wstrict-prototypes -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -O1 -g -D_GNU_SOURCE -pthread
SYSCALLS_TOPICS := $(filter-out check,$(basename $(notdir $(wildcard tests/syscalls/*.c))))
# musl has no such functions, or the case is about glibc.
SYSCALLS_NOT_MUSL := posixipc sched xattr

SYSCALLS_KINDS := dynamic static $(if $(shell command -v musl-gcc),musl)
SYSCALLS_CC_dynamic := $(CC)
SYSCALLS_CC_static  := $(CC) -static
SYSCALLS_CC_musl    := musl-gcc -static -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu

define syscalls_program
$(B)/tests/syscalls/$(1)/$(2): tests/syscalls/$(2).c tests/syscalls/check.c tests/syscalls/check.h
	@mkdir -p $$(@D)
	$$(SYSCALLS_CC_$(1)) $$(SYSCALLS_CFLAGS) -o $$@ tests/syscalls/$(2).c tests/syscalls/check.c -lm
SYSCALLS_PROGRAMS += $(B)/tests/syscalls/$(1)/$(2)
endef
$(foreach kind,dynamic static,$(foreach topic,$(SYSCALLS_TOPICS),$(eval $(call syscalls_program,$(kind),$(topic)))))
$(foreach kind,$(filter musl,$(SYSCALLS_KINDS)),$(foreach topic,$(filter-out $(SYSCALLS_NOT_MUSL),$(SYSCALLS_TOPICS)),$(eval $(call syscalls_program,$(kind),$(topic)))))

TEST_PROGRAMS += $(SYSCALLS_PROGRAMS)
