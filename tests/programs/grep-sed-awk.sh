#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# grep, sed and gawk.
. tests/programs/lib.sh
need grep sed gawk

seq 1 5000 | awk '{ print $1, $1 * $1 % 977, ($1 % 3 ? "odd" : "even") }' >"$input/numbers"
printf 'Ünïcode Straße\nplain\0binary\n' >"$input/bytes"
input script <<'EOF'
grep -c odd numbers; grep -n '^77 ' numbers; grep -E '([0-9])\1\1' numbers | head -n 3; grep -v odd numbers | tail -n 1
grep -o '97[0-9]' numbers | sort | uniq -c; grep -P '^\d{4} 1(?=2)' numbers | wc -l; grep -r even . | wc -l; grep x none; echo $?
grep -A1 -B1 '^500 ' numbers; grep -F -w 77 numbers; grep -q nothing numbers; echo $?; grep plain bytes; grep -a plain bytes | od -c
grep -i 'ünï' bytes; zcat -f numbers | grep -m 2 -b 9; printf 'a\nb\n' | grep -f - numbers | head -n 1; grep -L odd bytes numbers
sed -n '10,12p;$=' numbers; sed 's/\([0-9]*\) \([0-9]*\)/\2-\1/;5q' numbers; sed -i.bak 's/odd/ODD/' numbers; cmp numbers numbers.bak
sed -e '1!G;h;$!d' <<<"$(seq 5)"; sed '/^2 /,/^4 /d;6q' numbers; sed -n 'w copy' numbers; wc copy; sed 'y/abc/xyz/;q' <<<aabbcc; sed s/a/b/ none; echo $?
gawk '{ s += $2 } END { print s, NR, NF }' numbers; gawk '{ n[$3]++ } END { for (k in n) print k, n[k] | "sort" }' numbers
gawk 'BEGIN { while (("echo one; echo two" | getline x) > 0) print "<" x ">"; print length("Straße"), toupper("ü"), 2^53, 10 % 3 }'
gawk 'BEGIN { printf "%d %5.3f %s %c %x\n", 42.9, 3.14159, "s", 65, 255; print substr("hello", 2, 3), index("abc", "c"), strtonum("0x1f") }'
gawk -F: -v OFS=, '{ $1 = $1 } 1' <<<'a:b:c'; gawk 'BEGIN { print "to cat" |& "cat"; close("cat", "to"); "cat" |& getline y; print y }' </dev/null
gawk 'BEGIN { n = split("3 1 2", a); asort(a); print a[1], a[2], a[3]; print (systime() > 1000); print ENVIRON["TZ"]; exit 7 }'; echo $?
gawk 'BEGIN { system("echo from system; exit 3"); print strftime("%Y", 0, 1); srand(1); r = rand(); print (r >= 0 && r < 1) }'
gawk '{ print > ("part" NR % 3) }' numbers; wc -l part?; gawk -M 'BEGIN { print 2^200 }' 2>&1 | head -c 100
EOF
compare_tree bash script
passes ODD
