#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Busybox's shell, and its HTTP server and client over the loopback.
. tests/programs/lib.sh
need busybox

input script <<'EOF'
f() { local x=$1; echo "f $x"; return 3; }
f a; echo $?
x=$(echo one; echo two); echo "$x" | while read -r l; do echo "<$l>"; done
(exit 7); echo $?
set -- a b c; for i; do echo "$i $#"; shift; done
trap 'echo got TERM' TERM; kill -TERM $$; echo after
trap 'echo leaving' EXIT
trap - TERM; sleep 30 & sleep 0.2; kill $!; wait $!; echo "killed $?"
cat <<X
here $((6 * 7)) ${x%%o*}
X
case abc in a*) echo starts with a ;; esac
i=0; while [ $i -lt 200 ]; do i=$((i + 1)); busybox true || exit 9; done; echo $i
{ echo out; echo err >&2; } 2>&1 | sort
echo data >file; exec 5<file; read -r y <&5; echo "$y"; exec 5<&-
(echo a & echo b; wait) | sort
ulimit -n 100; ulimit -n
EOF
input www/index.txt <<'EOF'
hello over HTTP
EOF
input server <<'EOF'
busybox httpd -f -p 127.0.0.1:$PORT -h www &
for try in 1 2 3 4 5 6 7 8 9 10; do
    busybox wget -q -O got http://127.0.0.1:$PORT/index.txt && break
    sleep 0.1
done
cat got
busybox wget -q -O - http://127.0.0.1:$PORT/absent; echo "absent: $?"
kill $!; wait $!; echo "server: $?"
EOF
# Whether the shell notices a killed child before or in wait decides what it says.
filter="grep -v -e refused -e Terminated"
compare busybox sh script
passes 'killed 143'
compare busybox sh server
passes 'hello over HTTP'
