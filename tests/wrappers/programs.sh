# SPDX-License-Identifier: Apache-2.0
# Programs that use files in many ways, in the working directory; "all built" at the end if all is well.
set -e
export HOME=/tmp
git init -q r
git -C r config user.name name
git -C r config user.email name@example.org
for i in 1 2 3 4 5 6 7 8; do
    seq "$i" >"r/f$((i % 3))"
    git -C r add .
    git -C r commit -q -m "commit $i"
done
test "$(git -C r log --oneline | wc -l)" = 8
git -C r gc -q
git -C r fsck --strict
git clone -q r copy
test -z "$(git -C copy status --short)"
sqlite3 t.db 'create table t(n integer primary key, r real); with recursive c(x) as (select 1 union all select x+1 from c where x<2000) insert into t select x, x/7.0 from c;'
for mode in delete truncate persist; do
    sqlite3 t.db "pragma journal_mode=$mode; begin; update t set r=r+1; commit; pragma integrity_check" | tail -n 1 | grep -qx ok
done
# Without a map that is shared, which a program that serves files does not give.
sqlite3 w.db 'pragma locking_mode=exclusive; pragma journal_mode=wal; create table t(n); insert into t values(7); select n from t' |
    tail -n 1 | grep -qx 7
printf '#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n' >hello.c
gcc -O2 -o hello hello.c
tar cf t.tar r
mkdir x
tar xf t.tar -C x
diff -r r x/r
cp -a copy moved
mv moved "a name with spaces ö"
rm -r "a name with spaces ö" x copy t.tar
find . -name '*.o' | wc -l | grep -qx 0
echo "all $(./hello)"
