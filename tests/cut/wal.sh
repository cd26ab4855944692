#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two sqlite3 that write transactions to a database with a write-ahead log: all are there in the end, and it is whole.
folder=$(mktemp -d)
sqlite3 "$folder/db" 'pragma journal_mode = wal; create table t (who, n, text);'
writer()
{
    echo '.timeout 60000'
    for n in $(seq 1 300); do
        echo "begin immediate; insert into t values ($1, $n, hex(zeroblob($n))); insert into t values ($1, -$n, ''); commit;"
    done
}
writer 1 | sqlite3 "$folder/db" &
writer 2 | sqlite3 "$folder/db"
wait $!
sqlite3 "$folder/db" 'select who, count(*), sum(n), sum(length(text)) from t group by who; pragma integrity_check;'
rm -r "$folder"
