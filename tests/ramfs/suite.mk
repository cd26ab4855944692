# SPDX-License-Identifier: Apache-2.0
# The RAM file system, path walks and descriptor tables as a host program with sanitizers. The shared heap
# segment is the C library's heap here; what is left at a fixed address is moved out of the way of the
# address sanitizer's own.

RAMFS_PARTS  := access calls_attr calls_dir calls_names calls_read calls_rename calls_stat calls_statfs \
                calls_sync calls_xattr context copy dentry fcntl fdtable file filelock inode io ioctl memfd \
                mount open pagestore path pathname ramfile ramfs readdir seek splice start truncate xattr
RAMFS_SRC    := $(wildcard $(RAMFS_PARTS:%=libos/fs/%.c))
RAMFS_OBJ    := $(patsubst %,$(B)/ramfs-obj/%.o,$(RAMFS_SRC))
RAMFS_LAYOUT := $(B)/ramfs-include/abi/layout.h
RAMFS_CFLAGS := -std=gnu17 -I$(B)/ramfs-include -I. $(WARN) -O1 -g -fno-strict-aliasing -fno-omit-frame-pointer \
                -fsanitize=address,undefined -fno-sanitize-recover=undefined
TEST_PROGRAMS += $(B)/tests/ramfs/ramfs_test

$(RAMFS_LAYOUT): abi/layout.h
	@mkdir -p $(@D)
	sed 's/0x61\(0000000000ul\)/0x11\1/; s/0x62\(0000000000ul\)/0x12\1/' $< >$@

$(B)/ramfs-obj/%.o: % $(RAMFS_LAYOUT) tests/ramfs/suite.mk
	@mkdir -p $(@D)
	$(CC) $(RAMFS_CFLAGS) -ffreestanding -MMD -MP -c -o $@ $<

$(B)/tests/ramfs/ramfs_test: tests/ramfs/ramfs_test.c tests/ramfs/fakes.c $(RAMFS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(RAMFS_CFLAGS) -D_GNU_SOURCE -o $@ $^ -lcmocka

-include $(RAMFS_OBJ:.o=.d)
