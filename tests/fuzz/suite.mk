# SPDX-License-Identifier: Apache-2.0
# One libFuzzer target for each parser, built by clang with the sanitizers. Sources beside the target's own
# file stand in FUZZ_SRC_name. make fuzz [FUZZ_SECONDS=600] runs each for that long.

FUZZ_CC      := clang
FUZZ_CFLAGS  := -std=gnu17 -I. -Wall -Wextra -Werror -O1 -g -D_GNU_SOURCE -DRF_VERSION='"$(VERSION)"' \
                -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(filter-out $(if $(FROZEN_PROGRAM),,frozen),$(basename $(notdir $(wildcard tests/fuzz/*.c))))

FUZZ_SRC_elf     := libos/proc/elf_parse.c
FUZZ_SRC_store   := $(filter kernel/store/%,$(KERNEL_SRC))
FUZZ_SRC_frozen  := frozen/reader.c frozen/writer.c
FUZZ_SRC_mail    := sdk/examples/mail/decode.c
FUZZ_LIBS_frozen := -lzstd -lsodium
FUZZ_SRC_message := $(filter kernel/% base/%,$(KERNEL_SRC)) tests/unit/fake_cell.c tests/unit/commit.c

ifneq ($(shell command -v $(FUZZ_CC)),)
TEST_PROGRAMS += $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)
endif

define fuzz_program
$(B)/tests/fuzz/$(1): tests/fuzz/$(1).c $$(FUZZ_SRC_$(1)) $(B)/libos_image.o
	@mkdir -p $$(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $$@ $$^ $(KERNEL_LIBS) $(FUZZ_LIBS_$(1))
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_program,$(target))))

fuzz: $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)
	for target in $(FUZZ_TARGETS); do tests/fuzz/suite seconds $(FUZZ_SECONDS) $$target || exit 1; done
