#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Busybox: some sixty applets, started by its own shell, one process each.
. tests/programs/lib.sh
need busybox

input text <<'EOF'
pear 3
apple 1
fig 12
apple 1
quince 7
EOF
input script <<'EOF'
b() { echo "== $*"; busybox "$@"; echo "-> $?"; }
b sort text; b sort -k2n text; b uniq -c text; b wc text; b head -n 2 text; b tail -n 2 text
b cut -d' ' -f2 text; b tr a-z A-Z <text; b sed -n 's/apple/APPLE/p' text; b grep -c apple text
b awk '{ n += $2 } END { print n }' text; b rev text; b tac text; b nl text; b fold -w 3 text
b md5sum text; b sha1sum text; b sha256sum text; b sha512sum text; b crc32 text
b od -c text; b hexdump -C text; b xxd text; b base64 text; b expand text; b paste text text
b seq 1 3 10; b printf '%05d|%s\n' 42 x; b expr 6 '*' 7; b basename /a/b.c .c; b dirname /a/b.c
b mkdir -p d/e/f; b touch d/e/f/g; b cp -r d d2; b mv d2 d3; b ln -s text link; b readlink link
b ln text hard; b stat -c '%n %s %h %F' text link; b find d d3; b ls -1 d; b rm -r d; b rmdir d3; b ls
b dd if=text of=copy bs=4 count=3; b cmp text copy; b diff text copy; b truncate -s 100 copy; b wc -c copy
b tar cf a.tar text link d3; b tar tf a.tar; b gzip -k text; b gunzip -c text.gz; b zcat text.gz
b bzip2 -k text; b bunzip2 -c text.bz2; b cpio -H newc -o <link >a.cpio; b xargs -n 2 echo <text
b date -u -d @86400 +%F; b cal 2 2024; b env -i A=1 busybox env; b true; b false; b test -f text
b id -u >/dev/null; b pwd >/dev/null; b sleep 0.01; b usleep 10; b timeout 5 busybox echo in time
b timeout 0.1 busybox sleep 5; b setsid busybox echo own session
b mktemp -u -q ./XXXXXX >/dev/null; b tee out <text; b ls
b chmod 640 text; b stat -c %a text; b yes | busybox head -n 2; b factor 1001
b uuencode text </dev/null text; b strings text; b unlink hard; b sync; b dc -e '2 3 + p'
EOF
filter="sed -E 's/[0-9.]+ ?(seconds|[KMG]?B\/s)/T/g'"
compare busybox sh script
passes '== dc'
compare busybox --list
