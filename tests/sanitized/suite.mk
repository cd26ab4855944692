# SPDX-License-Identifier: Apache-2.0
# A second ringfence: the host side with the address and undefined behaviour sanitizers, the library OS
# with the latter and handlers of its own.

SANITIZED_MAKE := B=$(B)/sanitized BIN=$(B)/sanitized/ringfence HOST_LDFLAGS= LIBOS_SKIP= \
                  HOST_EXTRA='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' \
                  LIBOS_EXTRA='-fsanitize=undefined -fno-sanitize=alignment,null' LIBOS_LDEXTRA=-fno-sanitize=all

TEST_PROGRAMS += $(B)/sanitized/ringfence

# The other make knows what is out of date.
.PHONY: $(B)/sanitized/ringfence
$(B)/sanitized/ringfence:
	@$(MAKE) --no-print-directory $(SANITIZED_MAKE) all
