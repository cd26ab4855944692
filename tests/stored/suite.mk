# SPDX-License-Identifier: Apache-2.0
# tests/stored/make-world NAME stores a world for the case `upgrade`.

TEST_PROGRAMS += $(B)/tests/stored/counter

$(B)/tests/stored/counter: tests/stored/counter.c tests/stored/suite.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(WARN) -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables \
	  -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -s -o $@ $<

TEST_PROGRAMS += $(B)/tests/stored/edit
$(B)/tests/stored/edit: tests/stored/edit.c $(patsubst %,$(B)/host-obj/%.o,$(filter kernel/store/%,$(KERNEL_SRC)))
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(KERNEL_LIBS)
