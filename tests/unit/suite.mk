# SPDX-License-Identifier: Apache-2.0
# Each *_test.c is one program of cmocka cases, linked with the kernel and the sanitizers of
# addresses and of undefined behaviour.

UNIT_CFLAGS  := -std=gnu17 -I. $(WARN) -O1 -g -D_GNU_SOURCE -DRF_VERSION='"$(VERSION)"' \
                -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_SRC     := $(filter kernel/% base/% cli/numbers.c,$(KERNEL_SRC)) tests/unit/fake_cell.c tests/unit/fake_domain.c \
                tests/unit/memory_store.c tests/unit/commit.c
UNIT_OBJ     := $(patsubst %,$(B)/unit-obj/%.o,$(UNIT_SRC))
UNIT_TESTS   := $(basename $(notdir $(wildcard tests/unit/*_test.c)))
.SECONDARY: $(UNIT_OBJ)
TEST_PROGRAMS += $(if $(wildcard /usr/include/cmocka.h),$(patsubst %,$(B)/tests/unit/%,$(UNIT_TESTS) operations))

$(B)/unit-obj/%.o: % Makefile tests/unit/suite.mk
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%: tests/unit/%.c $(UNIT_OBJ) $(B)/libos_image.o
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -o $@ $^ -lcmocka $(KERNEL_LIBS)

# The one part of the library OS that also makes sense on the host.
$(B)/tests/unit/elf_test: $(B)/unit-obj/libos/proc/elf_parse.c.o

-include $(UNIT_OBJ:.o=.d)

# tests/model: another suite, of the same pieces.
TEST_PROGRAMS += $(B)/tests/model/model_test
$(B)/tests/model/model_test: tests/model/model_test.c tests/model/model.c tests/model/restart.c $(UNIT_OBJ) $(B)/libos_image.o \
                             | tests/model/model.h tests/model/restart.h
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -O2 -o $@ $^ $(KERNEL_LIBS)
