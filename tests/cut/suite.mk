# SPDX-License-Identifier: Apache-2.0

TEST_PROGRAMS += $(B)/tests/cut/moved.image

# Another build of the library OS: all of its code and data lie elsewhere.
$(B)/tests/cut/moved.image: $(LIBOS_OBJ) libos/image.ld tests/cut/suite.mk
	@mkdir -p $(@D)
	sed 's/\*(.got .got.plt)/. += 0x140; &/; s/\*(fork_data)/. += 0x40; &/' libos/image.ld >$(@D)/moved.ld
	$(CC) $(LIBOS_CFLAGS) $(subst libos/image.ld,$(@D)/moved.ld,$(LIBOS_LDFLAGS)) -o $@ $(LIBOS_OBJ)
	objcopy --strip-all $@
