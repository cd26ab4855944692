# SPDX-License-Identifier: Apache-2.0
# make deps   packages to build and test with
# make lint   formatting, licence lines, clang-tidy, cppcheck: all must be clean

deps:
	@tools/install-deps.sh build test demo programs bench

lint:
	@tools/install-deps.sh test
	@tools/lint
