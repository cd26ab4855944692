#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# find, xargs and locate's relatives over a small tree.
. tests/programs/lib.sh
need find xargs

for d in a a/b a/b/c d; do
    mkdir -p "$input/$d"
    for n in 1 2 3; do
        echo "$d $n" >"$input/$d/file$n.txt"
    done
done
touch -d 2001-01-01 "$input/a/old"
ln -s ../d "$input/a/link"
input script <<'EOF'
find . -name '*.txt' | sort; find . -type d | sort; find . -type l -printf '%p %l\n'; find -L a -name 'file1*' | sort
find . -newermt 2002-01-01 -name old; find . ! -newermt 2002-01-01 -type f; find . -size -2 -type f | wc -l
find . -name 'file2*' -exec sh -c 'echo "$@"' x {} + | tr ' ' '\n' | sort; find a -depth -name c -exec ls {} \;
find . -name '*3.txt' -print0 | sort -z | xargs -0 -n 2 echo; find . -path './a/b*' -prune -o -type f -print | sort
find . -type f -perm 644 | wc -l; find d -name 'file1*' -delete; ls d; find . -empty; find nowhere; echo $?
find . -maxdepth 1 -mindepth 1 -printf '%f %y %m %d\n' | sort; find . -samefile a/old; find . -regex '.*/c/.*[13].*' | sort
find /usr/share/zoneinfo -type f | sort | wc -l; find /usr/lib/python3 -name '*.py' 2>/dev/null | sort | md5sum
printf '%s\n' 1 2 3 4 5 6 7 | xargs -n 3 -P 2 echo | wc -l; echo 'a b' | xargs -I{} echo '<{}>'; xargs -r echo </dev/null
find . -type f -execdir basename {} \; | sort -u; find . -quit; find . -name link -follow; find . -links +1 -type d | sort
EOF
compare_tree bash script
passes 'file2.txt'
