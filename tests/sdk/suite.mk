# SPDX-License-Identifier: Apache-2.0
# Programs that use the SDK, inside a cell.

SDK_TESTS := calls wrapped processes shifted
TEST_PROGRAMS += $(SDK_TESTS:%=$(B)/tests/sdk/%) $(EXAMPLES)

$(B)/tests/sdk/%: tests/sdk/%.c tests/sdk/check.h $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $< $(SDK_LIB) -pthread
