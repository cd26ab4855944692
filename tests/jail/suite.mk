# SPDX-License-Identifier: Apache-2.0
# The hostile programs: static, so that nothing but the jail stands between them and the host.

JAIL_TESTS := calls invocations race descriptors corrupt forks
TEST_PROGRAMS += $(JAIL_TESTS:%=$(B)/tests/jail/%)

$(B)/tests/jail/%: tests/jail/%.c tests/jail/hostile.c tests/jail/hostile.h kernel/jail/filter.c \
    kernel/jail/filter_table.h kernel/jail/filter.h abi/objects.h
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -I. $(WARN) -O1 -g -D_GNU_SOURCE -static -pthread -o $@ \
	    $< tests/jail/hostile.c kernel/jail/filter.c
