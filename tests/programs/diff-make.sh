#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# diff, patch-like round trips and make with parallel recipes.
. tests/programs/lib.sh
need diff make

seq 1 300 >"$input/a"
sed '5d; 100s/$/ changed/; 200i new' "$input/a" >"$input/b"
mkdir -p "$input/one" "$input/two"
echo x >"$input/one/x"; echo y >"$input/two/x"; echo only >"$input/two/only"
input script <<'EOF'
diff a b; echo $?; diff -u --label a --label b a b; diff -y -W 40 a b | grep '[|<>]'; diff -q a a; echo $?; diff -r one two; cmp a b; sdiff -s a b
diff3 a b a | head -n 3; diff --color=always -u --label 1 --label 2 one/x two/x; diff a none; echo $?; diff - a <a; echo $?; diff <(seq 3) <(seq 4)
EOF
input Makefile <<'EOF'
objects := $(patsubst %.c,%.o,a.c b.c c.c d.c)
all: prog sub
prog: $(objects); @cat $^ >$@; echo linked $(words $^)
%.o: %.c; @sleep 0.05; tr a-z A-Z <$< >$@
%.c:; @echo "source $*" >$@
sub:; @$(MAKE) --no-print-directory -f sub.mk x
fail:; @exit 3
.PHONY: all sub fail
EOF
input sub.mk <<'EOF'
x: $(shell seq 1 20); @echo "all of $(words $^)"
%:; @test $@ -gt 0
EOF
input build <<'EOF'
make -s -j 4 | sort; cat prog; make -q prog; echo $?; touch a.c; make -q prog; echo $?; make -s prog; make fail; echo $?; make -k -j 2 fail none; echo $?
make -n -B prog | sort; make -p -q none >/dev/null 2>&1; echo $?; echo 'all:; @echo $(shell uname -s) $(MAKELEVEL)' | make -f -; make -s -t prog; make -C none; echo $?
EOF
compare bash script
passes 'changed'
filter="sed -E 's/^make(\[[0-9]\])?: \*\*\* .*(jobserver|Waiting).*//'"
compare_tree bash build
passes 'linked 4'
