# SPDX-License-Identifier: Apache-2.0
# A library OS of a few lines, at the real one's place.

TEST_PROGRAMS += $(B)/tests/kernel/probe

$(B)/tests/kernel/probe: tests/kernel/probe.c abi/*.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -O2 -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-pie \
	    -mcmodel=large $(LIBOS_LDFLAGS) -Wl,-e,start -o $@ $<
