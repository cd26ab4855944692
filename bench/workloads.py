# SPDX-License-Identifier: Apache-2.0
"""What is measured: each workload is a command and how to read a time (lower is better) from its run."""

import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(TOP, "bench")
BUILD = os.path.join(TOP, "build", "bench")


def wall(seconds, used, output):
    return {None: seconds}


def redis_times(seconds, used, output):
    """Seconds of one request, for SET and GET."""
    times = {}
    for line in output.splitlines():
        test, rate = line.split(",")
        times[test] = 1 / float(rate)
    return times


class Workload:
    """`name` as the table shows it; `command` runs in a directory that holds copies of `files`;
    `repeat` times in a row make one measurement; `budget` is DESIGN's limit of cell over native."""

    def __init__(self, name, command, files=(), repeat=1, read=wall, budget=None, needs=()):
        self.name, self.command, self.files, self.repeat = name, command, files, repeat
        self.read, self.budget, self.needs = read, budget, needs


WORKLOADS = [
    Workload("start-up: /bin/true", ["/bin/true"], repeat=20),
    Workload("processor-bound loop", ["./cpu_loop"], files=[f"{BUILD}/cpu_loop"], budget=1.01),
    Workload("compile a large C file (gcc -O1)", ["gcc", "-O1", "-c", "-o", "large.o", "large.c"],
             files=[f"{BUILD}/large.c"], budget=1.05),
    Workload("fork-heavy shell script", ["sh", "shell_script.sh"], files=[f"{BENCH}/shell_script.sh"], budget=1.1),
    Workload("python start-up (10 times)",
             ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /usr/bin/python3 -c 'import json, subprocess'; done"],
             budget=1.1),
    Workload("walk a tree (find /usr/share)", ["sh", "-c", "find /usr/share -type f -size +1k | wc -l"]),
    Workload("read a tree (tar of /usr/include)", ["sh", "-c", "tar -cf - /usr/include 2>/dev/null | wc -c"]),
    Workload("unpack a tree into the work directory",
             ["sh", "-c", "tar -C /usr -cf - include/linux | tar -xf - && rm -r include"]),
    Workload("redis-benchmark", ["bash", "redis.sh", "17317"], files=[f"{BENCH}/redis.sh"], read=redis_times, budget=1.0,
             needs=["redis-server", "redis-benchmark"]),
]

TABLE_COMMAND = ["./syscall_table", "-m", os.environ.get("BENCH_ROW_MS", "30")]
TABLE_FILES = [f"{BUILD}/syscall_table"]

# Rows of the system-call table that DESIGN gives a budget of their own; any row: 1.3.
ROW_BUDGETS = {
    "getpid": 0.15, "clock_gettime (system call)": 0.15, "lseek": 0.15, "fstat": 0.15,
    "read 4 KiB, read-only tree": 0.5, "pread 4 KiB, read-only tree": 0.5, "stat, read-only tree": 0.5,
    "open+close, read-only tree": 0.5, "read 4 KiB, RAM": 0.5, "stat, RAM": 0.5, "open+close, RAM": 0.5,
    "create+unlink, RAM": 0.5, "pipe write+read in one process": 0.3, "pipe round trip between processes": 1.05,
    "pipe 64 KiB to another process": 1.0, "mmap+munmap 64 KiB": 1.15, "page fault": 1.15, "fork+exit+wait": 1.15,
    "posix_spawn+wait from 100 MB": 0.4,
}
ANY_ROW_BUDGET = 1.3
TABLE_BUDGET = 0.5
IDLE_BUDGET_KIB = 512
