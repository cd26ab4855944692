# SPDX-License-Identifier: Apache-2.0
# A client of a world that makes meters and banks, and asks what became of them.

TEST_PROGRAMS += $(B)/tests/account/divide

$(B)/tests/account/divide: tests/account/divide.c tests/sdk/check.h $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $< $(SDK_LIB) -pthread
