# SPDX-License-Identifier: Apache-2.0
# make deps   packages to build and test with
# make demo   the main job: cracking passwords in one cell for each processor, and across a kill -9
# make install PREFIX=/usr/local DESTDIR=   the program, its manual page and the completion for bash
# make lint   formatting, licence lines, clang-tidy, cppcheck: all must be clean

deps:
	@tools/install-deps.sh build test demo programs bench

lint:
	@tools/install-deps.sh test
	@tools/lint

demo:
	@tools/install-deps.sh build demo
	@$(MAKE) --no-print-directory ringfence
	@tools/demo.sh

install: ringfence $(SDK_LIB) $(TOP_PROGRAM) $(FROZEN_PROGRAM)
	install -D -m 755 ringfence $(DESTDIR)$(PREFIX)/bin/ringfence
	[ -z '$(TOP_PROGRAM)' ] || install -D -m 755 $(TOP_PROGRAM) $(DESTDIR)$(PREFIX)/libexec/ringfence/ringfence-top
	[ -z '$(FROZEN_PROGRAM)' ] || install -D -m 755 $(FROZEN_PROGRAM) $(DESTDIR)$(PREFIX)/libexec/ringfence/ringfence-frozen
	install -D -m 644 $(SDK_LIB) $(DESTDIR)$(PREFIX)/lib/libringfence.a
	for header in sdk/*.h abi/*.h abi/interface/*.h base/types.h; do \
	    install -D -m 644 $$header $(DESTDIR)$(PREFIX)/include/ringfence/$$header || exit 1; done
	install -D -m 644 docs/ringfence.1 $(DESTDIR)$(PREFIX)/share/man/man1/ringfence.1
	install -D -m 644 tools/ringfence.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ringfence

# In the tree, so that it can be read there; the checks compare it with what is built.
docs/syscalls.md: $(B)/libos.elf tools/syscall-table
	tools/syscall-table $< >$@

.PHONY: docs/reference
docs/reference:
	rm -f $@/*.md
	tools/reference $@
