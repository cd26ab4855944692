# SPDX-License-Identifier: Apache-2.0
# A client of a world that branches cells, and brings images of its own.

TEST_PROGRAMS += $(B)/tests/branch/images

$(B)/tests/branch/images: tests/branch/images.c tests/sdk/check.h $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -o $@ $< $(SDK_LIB) -pthread
