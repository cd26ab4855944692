#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tar with gzip, bzip2, xz and zstd; their own options; many processors and threads.
. tests/programs/lib.sh
need tar gzip xz zstd

mkdir -p "$input/tree/sub"
seq 1 60000 >"$input/tree/numbers"
head -c 300000 /dev/zero >"$input/tree/zeros"
echo small >"$input/tree/sub/small"
ln -s sub/small "$input/tree/link"
ln "$input/tree/numbers" "$input/tree/sub/hard"
chmod 750 "$input/tree/sub"
find "$input" -exec touch -h -d 2020-01-01 {} +
input script <<'EOF'
opts='--sort=name --owner=0 --group=0 --numeric-owner --mtime=2020-01-01'
for c in --gzip --xz --zstd; do
    tar $opts $c -cf a.tar tree; sha256sum a.tar; tar -tf a.tar; mkdir out$c; tar -C ./out$c -xpf a.tar
    diff -r tree ./out$c/tree && echo the same; stat -c %h ./out$c/tree/numbers
done
tar $opts -cf - tree | (mkdir piped; cd piped; tar -xf -); diff -r tree piped/tree; tar -df a.tar && echo no difference
tar -tvf a.tar --full-time | wc -l; tar --delete -f a.tar tree/zeros 2>&1 | tail -n 1; tar -xf a.tar -O tree/sub/small; tar -xf none; echo $?
tar --sparse $opts -cf s.tar tree/zeros; wc -c <s.tar; tar $opts -cf - tree | wc -c; tar $opts -cf x.tar --exclude='*zeros' tree; tar $opts -rf x.tar script; tar -tf x.tar
gzip -9 -k -n tree/numbers -c | sha256sum; gzip -n -1 <tree/numbers >n.gz; gzip -t n.gz; echo $?; zcat n.gz | cmp - tree/numbers; gzip -l <n.gz | wc -l
xz -0 -T 2 -k -c tree/numbers | sha256sum; xz -6 -c tree/numbers >n.xz; xz -t n.xz; xzcat n.xz | tail -n 1; xz -dc <tree/numbers; echo $?
zstd -q -T2 -19 -c tree/numbers | sha256sum; zstd -q -3 tree/numbers -o n.zst; zstd -q -t n.zst; zstdcat n.zst | head -n 1; zstd -q -d n.gz -o n; echo $?
head -c 1000 n.xz | xz -dc | wc -c; printf x | gzip -d; echo $?; truncate -s 500 n.gz; gzip -t n.gz; echo $?
touch -d 2019-01-01 tree/numbers; gzip tree/zeros; stat -c '%a %Y' tree/zeros.gz tree/numbers; gunzip tree/zeros.gz; cksum tree/zeros
EOF
compare_tree bash script
passes 'the same'
