# SPDX-License-Identifier: Apache-2.0
# make deps   packages to build and test with
# make demo   the main job: cracking passwords in one cell for each processor
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
