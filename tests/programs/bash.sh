#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bash scripts: pipes, subshells, traps, job control, here-documents, process substitution, arrays.
. tests/programs/lib.sh
need bash

input pipes <<'EOF'
set -o pipefail
seq 1 1000 | grep 7 | wc -l
(echo in subshell; exit 3) | cat; echo "${PIPESTATUS[@]} $?"
false | true | (exit 5); echo "${PIPESTATUS[@]} $?"
yes | head -n 3; echo "${PIPESTATUS[@]}"
x=$(printf 'a\nb\n' | while read -r l; do printf '<%s>' "$l"; done); echo "$x"
diff <(seq 1 5) <(seq 2 6); echo $?
tee >(wc -l >count1) >(tr a-z A-Z >upper) <<<"some words" >/dev/null; sleep 0.3; cat count1 upper
cat <<-END
	tabs go $((1 << 20))
	END
cat <<'END'
$nothing expands
END
coproc cat; echo "to and fro" >&"${COPROC[1]}"; read -r -t 5 y <&"${COPROC[0]}"; echo "$y"
kill $COPROC_PID; wait 2>/dev/null
exec 3<>rw; echo line >&3; exec 3>&-; cat rw
{ echo 1; echo 2 >&2; } 2>&1 >/dev/null | sed 's/^/err: /'
mapfile -t lines < <(seq 3); echo "${#lines[@]} ${lines[*]}"
declare -A m=([one]=1 [two]=2); for k in "${!m[@]}"; do echo "$k=${m[$k]}"; done | sort
head -c 1000000 /dev/zero | wc -c
echo {a,b}{1..3} ${x//a/A} ${#x}
printf '%q\n' 'a b$c'
read -r -d '' v < <(printf 'one\0two'); echo "$v"
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[@]}"
exec 9>lock; flock 9; flock -n 9 && echo mine; (flock -n 8 || echo locked) 8>lock
EOF
input traps <<'EOF'
trap 'echo USR1' USR1; trap 'echo INT' INT; trap 'echo exit $?' EXIT
kill -USR1 $$; kill -INT $BASHPID
(trap 'echo sub exit' EXIT; kill -TERM $BASHPID; echo not here); echo "sub $?"
sleep 20 & p=$!; sleep 0.2; kill -STOP $p; sleep 0.1; kill -CONT $p; kill $p; wait $p; echo "wait $?"
(sleep 0.2; kill -USR1 $$) & wait; echo "interrupted $?"; wait
trap 'echo child' CHLD; /bin/true; trap - CHLD
trap '' TERM; kill -TERM $$; echo ignored
bash -c 'kill -SEGV $$'; echo "segv $?"
bash -c 'kill -9 $$'; echo "kill $?"
bash -c 'ulimit -c 0; kill -ABRT $$'; echo "abrt $?"
f() { trap 'echo return' RETURN; echo in f; }; f
set -E; trap 'echo "ERR at $LINENO"' ERR; false; trap - ERR
trap - TERM
timeout 0.2 sleep 10; echo "timeout $?"
timeout -s KILL 0.2 sleep 10; echo "timeout $?"
exit 4
EOF
input jobs <<'EOF'
set -m
sleep 30 & sleep 31 &
jobs; kill %1; wait %1; echo "one $?"
kill -STOP %2; sleep 0.2; jobs; bg %2; kill %2; wait %2; echo "two $?"
(sleep 0.1; exit 5) & wait -n; echo "any $?"
sh -c 'kill -STOP $$; echo resumed' & sleep 0.3; jobs; fg %%; echo "fg $?"
{ sleep 0.1; echo piped; } | cat &
wait; disown -a
for i in 1 2 3 4 5; do (exit $i) & pids+=($!); done
for p in "${pids[@]}"; do wait "$p"; echo "status $?"; done
EOF
filter="sed -E '/wait_for: No record/d; s/line ([0-9]+): *[0-9]+ /line \1: PID /; s/^[0-9]+ (Killed|Term)/PID \1/'"
compare bash pipes
passes 'locked'
compare bash traps
passes 'interrupted 138'
compare bash jobs
passes 'status 5'
compare bash -c 'exit 200'
compare bash -c 'no-such-program'
compare bash -c 'kill -TERM $$'
