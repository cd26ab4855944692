# SPDX-License-Identifier: Apache-2.0
# ringfence-top, where ncurses is installed: a program of its own beside ringfence.

TOP_PROGRAM := $(if $(wildcard /usr/include/curses.h),$(B)/ringfence-top)

all: $(TOP_PROGRAM)

$(B)/ringfence-top: top/top.c $(SDK_LIB) Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $< $(SDK_LIB) -lncursesw -pthread
