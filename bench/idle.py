# SPDX-License-Identifier: Apache-2.0
"""What an idle program costs: memory beyond the program's own, and processor time."""

import os
import subprocess
import time

from ways import WAYS

SETTLE_SECONDS, WATCH_SECONDS = 1.0, 3.0


def descendants(pid):
    """The process and everything below it. Cells' processes are children of the kernel's."""
    found, wanted = [], [pid]
    while wanted:
        one = wanted.pop()
        found.append(one)
        for task in os.listdir(f"/proc/{one}/task"):
            with open(f"/proc/{one}/task/{task}/children") as f:
                wanted += [int(child) for child in f.read().split()]
    return found


def proportional_kib(pid):
    """Memory of one process, shared pages divided by their users."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def measure(way, work):
    """(KiB of all processes, processor seconds used while idle) of `sleep` run this way."""
    process = subprocess.Popen(WAYS[way](["/bin/sleep", "60"], work), cwd=work)
    try:
        time.sleep(SETTLE_SECONDS)
        tree = descendants(process.pid)
        before = sum(ticks(pid) for pid in tree)
        time.sleep(WATCH_SECONDS)
        used = (sum(ticks(pid) for pid in tree) - before) / os.sysconf("SC_CLK_TCK")
        return sum(proportional_kib(pid) for pid in tree), used
    finally:
        process.terminate()
        process.wait()
