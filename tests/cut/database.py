# SPDX-License-Identifier: Apache-2.0
# Rows written by two processes; the database is whole in the end.
import os
import sqlite3
import sys
import time

path, rows = sys.argv[1], int((sys.argv + ["2000"])[2])
sqlite3.connect(path).execute("create table t (who int, n int)")
children = []
for who in range(2):
    pid = os.fork()
    if pid == 0:
        db = sqlite3.connect(path, timeout=60, isolation_level=None)
        for n in range(rows):
            db.execute("insert into t values (?, ?)", (who, n))
            time.sleep(0.001)
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
db = sqlite3.connect(path)
print(db.execute("select who, count(*), sum(n) from t group by who order by who").fetchall())
print(db.execute("pragma integrity_check").fetchone()[0])
