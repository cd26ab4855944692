# SPDX-License-Identifier: Apache-2.0
# make test [SUITE=pattern] [CASE=pattern]; how a suite is made is told in tests/run and tests/README.md.

SUITE ?= *
CASE  ?= *
TEST_JOBS ?= 2

# Folders of suites may add programs to build to TEST_PROGRAMS in a suite.mk of their own.
TEST_PROGRAMS :=
-include $(wildcard tests/*/suite.mk)

.PHONY: test-build
test-build: all $(TEST_PROGRAMS)

# The packages come first, so building is a second make: what is found decides what is built.
test:
	@tools/install-deps.sh build test
	@$(MAKE) --no-print-directory test-build
	@tests/run -j $(TEST_JOBS) '$(SUITE)' '$(CASE)'

test-programs:
	@tools/install-deps.sh programs
