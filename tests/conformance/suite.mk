# SPDX-License-Identifier: Apache-2.0

CONFORMANCE := dir streams console space main
TEST_PROGRAMS += $(B)/tests/conformance/conform $(EXAMPLES)

$(B)/tests/conformance/conform: $(CONFORMANCE:%=tests/conformance/%.c) tests/conformance/conform.h \
    tests/sdk/check.h $(SDK_LIB)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $(CONFORMANCE:%=tests/conformance/%.c) $(SDK_LIB) -pthread
