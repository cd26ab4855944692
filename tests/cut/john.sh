#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Words and their variants against old hashes: what was found.
export HOME=$(mktemp -d) OMP_NUM_THREADS=1 PATH=$PATH:/usr/sbin
cd "$HOME" || exit 1
for word in ringfence Dragon7 monkey99 qwertyuiop not-in-any-list; do
    echo "$word:$(openssl passwd -1 -salt cut "$word")"
done >hashes
grep -v '^#' /usr/share/john/password.lst | head -n 2000 >words
echo ringfence >>words
john --format=md5crypt --wordlist=words --rules hashes >said 2>&1
echo "status $?"
john --show --format=md5crypt hashes
rm -r "$HOME"
