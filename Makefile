# SPDX-License-Identifier: Apache-2.0
#
# make                 build ./ringfence
# make demo            install what is missing, build, crack passwords in cells, also across a kill -9
# make test            install what is missing, build, run every test
# make test-programs   install the big programs that some tests want
# make bench           the side-by-side benchmark against native, bwrap and proot
# make install PREFIX=/usr/local
# make V=1 ...       shows the commands
#
# Sources are found by folder (DESIGN section 10): a new .c or .S file in a folder is built.

CC       ?= gcc
B        ?= build
BIN      ?= ringfence
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := 0.1

WARN     := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla
STD      := -std=gnu17 -I. -MMD -MP
OPT      ?= -O2 -g

HOST_CFLAGS  := $(STD) $(WARN) $(OPT) -D_GNU_SOURCE -DRF_VERSION='"$(VERSION)"' $(HOST_EXTRA)
HOST_LDFLAGS ?= -static
KERNEL_LIBS  := -llmdb -lxxhash

# The library OS: freestanding, position-fixed, general registers only, so that a program's vector
# state is live and untouched while the library OS runs.
LIBOS_BASE   := 0x680000000000
LIBOS_SIZE   := 0x1e8000
LIBOS_CFLAGS := $(STD) $(WARN) $(OPT) -ffreestanding -fno-stack-protector -mgeneral-regs-only \
                -fPIE -fvisibility=hidden -fno-asynchronous-unwind-tables -fno-strict-aliasing \
                -fcf-protection=none -fno-jump-tables $(LIBOS_EXTRA)

# Without vector registers gcc clears and copies structures with string instructions, which are slow to
# start; plain moves are several times faster. (clang does that by itself.)
STRUCT_MOVES := unrolled_loop:256:noalign,libcall:-1:noalign
LIBOS_CFLAGS += $(shell $(CC) -mmemset-strategy=$(STRUCT_MOVES) -fsyntax-only -x c /dev/null 2>/dev/null && \
                  echo -mmemset-strategy=$(STRUCT_MOVES) -mmemcpy-strategy=$(STRUCT_MOVES))

LIBOS_LDFLAGS := -nostdlib -static -Wl,-T,libos/image.ld -Wl,--defsym=LIBOS_BASE=$(LIBOS_BASE) \
                 -Wl,--defsym=LIBOS_SIZE=$(LIBOS_SIZE) -Wl,--build-id=none \
                 -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-dynamic-linker \
                 -Wl,--no-relax $(LIBOS_LDEXTRA)

# The vDSO that programs see: an ELF image of its own inside the library OS's.
VDSO_CFLAGS  := $(filter-out $(LIBOS_EXTRA),$(LIBOS_CFLAGS)) -fPIC
VDSO_LDFLAGS := -nostdlib -shared -Wl,-T,libos/vdso/image/vdso.ld -Wl,-soname,linux-vdso.so.1 -Wl,-Bsymbolic \
                -Wl,--hash-style=both -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
                -Wl,-z,noseparate-code

# libos/ubsan is for the build with the undefined behaviour sanitizer alone (tests/sanitized).
LIBOS_SKIP ?= libos/ubsan/%
LIBOS_SRC  := $(filter-out $(LIBOS_SKIP) libos/vdso/image/%,$(sort $(shell find libos base -name '*.c' -o -name '*.S' 2>/dev/null)))
KERNEL_SRC := $(sort $(shell find kernel base sdk cli -path sdk/examples -prune -o -name '*.c' -print -o -name '*.S' -print 2>/dev/null))
LIBOS_OBJ  := $(patsubst %,$(B)/libos-obj/%.o,$(LIBOS_SRC)) $(B)/vdso_image.o
KERNEL_OBJ := $(patsubst %,$(B)/host-obj/%.o,$(KERNEL_SRC))

# One line for each file, unless V=1.
ifneq ($(V),1)
.SILENT:
say = printf '  %-8s %s\n'
else
say = :
endif

.PHONY: all clean install test test-programs demo bench fuzz lint deps
all: $(BIN)

$(BIN): $(KERNEL_OBJ) $(B)/libos_image.o
	$(say) LINK $@
	$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(KERNEL_LIBS)

$(B)/libos.elf: $(LIBOS_OBJ) libos/image.ld
	$(say) LINK $@
	$(CC) $(LIBOS_CFLAGS) $(LIBOS_LDFLAGS) -o $@ $(LIBOS_OBJ)

# The embedded image carries no symbols; libos.elf keeps them for gdb.
$(B)/libos.image: $(B)/libos.elf
	objcopy --strip-all $< $@

$(B)/vdso.so: libos/vdso/image/vdso.c libos/vdso/image/vdso.ld Makefile
	@mkdir -p $(@D)
	$(say) LINK $@
	$(CC) $(VDSO_CFLAGS) -MF $(B)/vdso.d $(VDSO_LDFLAGS) -o $@ $<
	objcopy --strip-all $@

$(B)/vdso_image.o: $(B)/vdso.so
	printf '.section .vdso,"a"\n.balign 4096\n.globl vdso_image,vdso_image_end\n.hidden vdso_image,vdso_image_end\nvdso_image: .incbin "%s"\nvdso_image_end:\n.section .note.GNU-stack,"",@progbits\n' $< \
	  | $(CC) -c -x assembler -o $@ -

$(B)/libos_image.o: $(B)/libos.image
	printf '.section .rodata\n.balign 4096\n.globl rf_libos_image,rf_libos_image_end\nrf_libos_image: .incbin "%s"\nrf_libos_image_end:\n.section .note.GNU-stack,"",@progbits\n' $< \
	  | $(CC) -c -x assembler -o $@ -

$(B)/libos-obj/%.o: % Makefile
	@mkdir -p $(@D)
	$(say) CC $<
	$(CC) $(LIBOS_CFLAGS) -c -o $@ $<

$(B)/host-obj/%.o: % Makefile
	@mkdir -p $(@D)
	$(say) CC $<
	$(CC) $(HOST_CFLAGS) -c -o $@ $<

-include $(B)/vdso.d $(LIBOS_OBJ:.o=.d) $(KERNEL_OBJ:.o=.d)
include sdk/sdk.mk
include top/top.mk
include frozen/frozen.mk
-include tests/tests.mk bench/bench.mk tools/tools.mk

clean:
	rm -rf $(B) ringfence sdk/libringfence.a
