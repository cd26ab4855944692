# SPDX-License-Identifier: Apache-2.0
# Clients of a world that make meters and cells, and ask what became of them.

ACCOUNT_TESTS := divide service
TEST_PROGRAMS += $(ACCOUNT_TESTS:%=$(B)/tests/account/%)

$(B)/tests/account/%: tests/account/%.c tests/sdk/check.h $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -o $@ $< $(SDK_LIB) -pthread
