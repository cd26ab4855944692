# SPDX-License-Identifier: Apache-2.0
"""What an idle program costs: memory beyond the program's own, and processor time."""

import os
import subprocess
import time

from ways import WAYS

AT_A_TIME, SETTLE_SECONDS, WATCH_SECONDS, SLEEP_SECONDS = 8, 1.5, 3.0, 8


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
    """(KiB of one, processor seconds that one used while idle) of `sleep` run this way.

    Several at a time, as pages of programs that all of them map are not one's own."""
    started = [subprocess.Popen(WAYS[way](["/bin/sleep", str(SLEEP_SECONDS)], work), cwd=work) for _ in range(AT_A_TIME)]
    try:
        time.sleep(SETTLE_SECONDS)
        trees = [pid for process in started for pid in descendants(process.pid)]
        before = sum(map(ticks, trees))
        time.sleep(WATCH_SECONDS)
        used = (sum(map(ticks, trees)) - before) / os.sysconf("SC_CLK_TCK")
        return sum(map(proportional_kib, trees)) // AT_A_TIME, used / AT_A_TIME
    finally:
        for process in started:
            process.wait()
