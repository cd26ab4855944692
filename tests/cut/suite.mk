# SPDX-License-Identifier: Apache-2.0
# make kills [KILLS=1000]   worlds are killed that often, all cases together; make crash does it too

KILLS ?= 1000
KILLED = $(shell tests/cut/suite list | grep -c '^killed-')
TEST_PROGRAMS += $(B)/tests/cut/moved.image $(B)/tests/cut/messages

$(B)/tests/cut/messages: tests/cut/messages.c $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -s -o $@ $< $(SDK_LIB) -pthread

.PHONY: kills
kills: test-build
	CUT_KILLS=$$((($(KILLS) + $(KILLED) - 1) / $(KILLED))) tests/run cut 'killed-*'

# Another build of the library OS: all of its code and data lie elsewhere.
$(B)/tests/cut/moved.image: $(LIBOS_OBJ) libos/image.ld tests/cut/suite.mk
	@mkdir -p $(@D)
	sed 's/\*(.got .got.plt)/. += 0x140; &/; s/\*(fork_data)/. += 0x40; &/' libos/image.ld >$(@D)/moved.ld
	$(CC) $(LIBOS_CFLAGS) $(subst libos/image.ld,$(@D)/moved.ld,$(LIBOS_LDFLAGS)) -o $@ $(LIBOS_OBJ)
	objcopy --strip-all $@
