#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/worlds.py [--rounds N]

What worlds cost, against what the host offers for the same, in interleaved rounds on one core: invocations,
calls between programs, new cells, idle cells, nested slices. Prints a table; see bench/README.md."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RINGFENCE = os.path.join(TOP, "ringfence")
BUILT = os.path.join(TOP, "build", "bench")
CORE = os.cpu_count() - 1


def run(command, env=None, limit=120):
    pinned = ["taskset", "-c", str(CORE)] + command
    return subprocess.run(pinned, capture_output=True, text=True, timeout=limit, env=env, check=True,
                          cwd=BUILT, stdin=subprocess.DEVNULL).stdout


def in_cell(*command):
    return [RINGFENCE, "run", "--ro", f"{BUILT}:/bench", "--"] + ["/bench/" + command[0], *command[1:]]


def calls(way, count, cell):
    command = ["calls", way, str(count)]
    return float(run(in_cell(*command) if cell else [os.path.join(BUILT, "calls"), *command[1:]]))


class World:
    """A world that stays, for as long as the `with` lasts."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="ringfence-bench.")
        self.env = dict(os.environ, RINGFENCE_WORLD=self.dir + "/world")
        run([RINGFENCE, "world", self.dir + "/world", "-d"])
        with open(self.dir + "/world/lock", encoding="ascii") as lock:
            self.kernel = int(lock.read())
        return self

    def __exit__(self, *_):
        subprocess.run([RINGFENCE, "stop"], env=self.env, check=False)
        subprocess.run(["rm", "-rf", self.dir], check=False)

    def ticks(self):
        with open(f"/proc/{self.kernel}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])


def new_cell():
    with World() as world:
        out = run([os.path.join(BUILT, "cells"), "200", "/bench/one_byte"], env=world.env)
    return tuple(float(x) for x in out.split())


def many_idle(count):
    """Seconds of `ps`, and the kernel's processor ticks in two idle seconds."""
    with World() as world:
        for i in range(count):
            run([RINGFENCE, "run", "-d", "--name", f"idle-{i}", "sleep", "100000"], env=world.env)
        time.sleep(2)
        before = world.ticks()
        time.sleep(2)
        ticks = world.ticks() - before
        took = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([RINGFENCE, "ps"], env=world.env, stdout=subprocess.DEVNULL, check=True)
            took.append(time.perf_counter() - began)
        return statistics.median(took), ticks


def main():
    parser = argparse.ArgumentParser(description="what worlds cost")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=1000)
    args = parser.parse_args()
    samples = {}

    def add(name, value):
        samples.setdefault(name, []).append(value)

    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        add("host: notification round trip", float(run([os.path.join(BUILT, "notification"), "20000"])) / 1e3)
        add("invocation of a kernel object", calls("kind", 20000, True) / 1e3)
        add("host: pipe round trip", calls("pipe", 20000, False) / 1e3)
        add("call and reply over a channel", calls("channel", 20000, True) / 1e3)
        add("call and reply through the kernel", calls("endpoint", 10000, True) / 1e3)
        add("host: 1 MiB through a pipe", calls("bytes", 1000, False) / 1e3)
        add("1 MiB over a channel", calls("ring", 1000, True) * 16 / 1e3)
        first, whole = new_cell()
        add("new cell in a running world, to its first output", first)
        add("new cell in a running world, to its end", whole)
    against = {"invocation of a kernel object": "host: notification round trip",
               "call and reply over a channel": "host: pipe round trip",
               "call and reply through the kernel": "host: pipe round trip",
               "1 MiB over a channel": "host: 1 MiB through a pipe"}
    print("| what | µs | against the host |\n|---|---:|---:|")
    for name, values in samples.items():
        ratio = ""
        if name in against:
            pairs = zip(values, samples[against[name]])
            ratio = f"{statistics.median(a / b for a, b in pairs):.2f}×"
        print(f"| {name} | {statistics.median(values):.1f} | {ratio} |")
    took, ticks = many_idle(args.cells)
    print(f"| `ringfence ps` with {args.cells} idle cells | {took * 1e6:.0f} | |")
    print(f"| processor ticks of the kernel in two seconds with them | {ticks} | |")


if __name__ == "__main__":
    main()
