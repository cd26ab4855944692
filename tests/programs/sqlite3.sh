#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The sqlite3 shell: queries, import and export, journal modes, two writers at once.
. tests/programs/lib.sh
need sqlite3

input script <<'EOF'
sqlite3 a.db "create table t(n integer primary key, s text, r real); with recursive c(x) as (select 1 union all select x+1 from c where x<20000)
  insert into t select x, 'row ' || x, x / 7.0 from c; create index i on t(s); select count(*), sum(n), round(avg(r), 6) from t; pragma integrity_check;"
sqlite3 -header -csv a.db 'select * from t where s like "row 1999%" order by n'; sqlite3 a.db .schema; sqlite3 -box a.db 'select n, s from t limit 2'
sqlite3 a.db .dump | sha256sum; sqlite3 a.db .dump | sqlite3 b.db; sqlite3 b.db 'select count(*) from t'; sqlite3 a.db ".backup c.db"; cmp <(sqlite3 a.db .dump) <(sqlite3 c.db .dump)
for mode in delete truncate persist memory wal off; do sqlite3 a.db "pragma journal_mode=$mode; begin; update t set r = r + 1 where n % 3 = 0; commit; select round(sum(r), 3) from t"; done
sqlite3 w.db 'pragma journal_mode=wal; create table w(n)'; for p in 1 2 3; do (for i in $(seq 25); do sqlite3 -cmd '.timeout 20000' w.db "insert into w values($p * 1000 + $i)"; done) & done; wait; sqlite3 w.db 'select count(*), sum(n) from w'
sqlite3 a.db 'begin; delete from t; rollback; select count(*) from t; vacuum; analyze;'; sqlite3 a.db 'select * from none'; echo $?; sqlite3 :memory: 'select json_extract(json_object("a", 5), "$.a"), sqrt(2) > 1, hex(randomblob(4)) is not null'
printf '1,x\n2,y\n' >in.csv; sqlite3 i.db -cmd '.mode csv' '.import in.csv u' 'select * from u' 'create virtual table f using fts5(t); insert into f values("some words"); select * from f("words")'; sqlite3 -readonly a.db 'delete from t'; echo $?
sqlite3 a.db 'pragma mmap_size=10000000; select count(distinct s) from t;' ; ls
EOF
compare bash script
passes '75|'
