#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Dash scripts, and scripts started by their first line.
. tests/programs/lib.sh
need dash

input script <<'EOF'
#!/bin/dash
echo "$0 has $# arguments: $*"
n=0; while [ $n -lt 300 ]; do n=$((n + 1)); (exit 1) || /bin/true; done; echo $n
printf 'c\na\nb\n' | sort | { read -r a; read -r b; echo "$a$b"; }
trap 'echo HUP' HUP; kill -HUP $$
trap 'echo bye' EXIT
cat <<X | tr a-z A-Z
here is $1 and $(echo $2)
X
# The background job ignores INT once it has begun, so it gets the time to begin.
sleep 10 & sleep 0.5; kill -INT $!; kill -KILL $!; wait $!; echo $?
mkfifo pipe; (echo through a fifo >pipe) & cat pipe; wait
set -- $(ls -d /usr/bin/env); echo "$1"
umask 027; : >new; ls -l new | cut -c 1-10
[ -t 0 ] || echo not a terminal
times >/dev/null
exec 4>&1; echo four >&4; command -v cat >/dev/null && echo found
ulimit -c 0; ulimit -c
EOF
input two <<'EOF'
#!/usr/bin/env -S dash -e
echo before; false; echo never
EOF
chmod +x "$input/script" "$input/two"
compare_tree ./script one 'two words'
passes 'through a fifo'
compare ./two
passes before
compare dash -c 'kill -QUIT $$'
