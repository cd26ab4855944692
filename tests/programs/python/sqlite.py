# SPDX-License-Identifier: Apache-2.0
import multiprocessing, os, sqlite3

print(sqlite3.sqlite_version)
memory = sqlite3.connect(":memory:")
memory.execute("create table t (n integer primary key, s text)")
memory.executemany("insert into t values (?, ?)", ((n, str(n * n)) for n in range(10000)))
print(memory.execute("select count(*), sum(n), max(length(s)) from t").fetchone())


def insert(start):
    db = sqlite3.connect("file.db", timeout=30)
    for n in range(start, start + 50):
        with db:
            db.execute("insert into log values (?)", (n,))
    db.close()


for mode in "delete", "wal", "truncate":
    for name in "file.db", "file.db-wal", "file.db-shm":
        if os.path.exists(name):
            os.unlink(name)
    db = sqlite3.connect("file.db", isolation_level=None)
    print(db.execute(f"pragma journal_mode={mode}").fetchone())
    db.execute("create table log (n integer unique)")
    workers = [multiprocessing.Process(target=insert, args=(n * 50,)) for n in range(4)]
    for p in workers:
        p.start()
    for p in workers:
        p.join()
    print(db.execute("select count(*), sum(n) from log").fetchone(), [p.exitcode for p in workers])
    db.execute("begin immediate")
    try:
        sqlite3.connect("file.db", timeout=0.1).execute("insert into log values (-1)")
    except sqlite3.OperationalError as e:
        print(e)
    db.execute("rollback")
    print(db.execute("pragma integrity_check").fetchone())
    copy = sqlite3.connect("copy.db")
    db.backup(copy)
    print(copy.execute("select count(*) from log").fetchone())
    copy.execute("vacuum")
    copy.close()
    db.close()
db = sqlite3.connect("file:file.db?mode=ro", uri=True)
try:
    db.execute("delete from log")
except sqlite3.OperationalError as e:
    print(e)
print("done")
