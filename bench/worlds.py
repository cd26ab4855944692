#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/worlds.py [--rounds N]

What worlds cost, against what the host offers for the same, in interleaved rounds on one core: invocations,
calls between programs, new cells, idle cells, nested slices. Writes bench/results/DATE-worlds.md, .svg and
.json, and prints the table; see bench/README.md."""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import worlds_plot

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


def calls(way, count, cell, *more):
    command = ["calls", way, str(count), *more]
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

    def processes(self):
        with open(f"/proc/{self.kernel}/task/{self.kernel}/children", encoding="ascii") as children:
            return [self.kernel] + [int(pid) for pid in children.read().split()]

    def used_ns(self):
        """Processor time of the kernel process, the starter and all cells."""
        used = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as stat:
                used += int(stat.read().split()[0])
        return used

    def held_kib(self):
        """Proportional set size of the kernel process, and of all its children."""
        held = []
        for pid in self.processes():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                held.append(next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")))
        return held[0], sum(held[1:])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.kernel}/fd"))


def cells(count, program, depth=0):
    """Microseconds to a new cell's first output, and to its end."""
    with World() as world:
        out = run([os.path.join(BUILT, "cells"), str(count), "/bench/" + program, str(depth)], env=world.env)
    return tuple(float(x) for x in out.split())


def many_idle(count):
    """What that many cells cost that do nothing: name -> (value, unit)."""
    with World() as world:
        empty, empty_descriptors = sum(world.held_kib()), world.descriptors()
        for i in range(count):
            run([RINGFENCE, "run", "-d", "--name", f"idle-{i}", "sleep", "100000"], env=world.env)
        time.sleep(3)
        before = world.used_ns()
        time.sleep(10)
        used = world.used_ns() - before
        took = []
        for _ in range(7):
            began = time.perf_counter()
            run([RINGFENCE, "ps"], env=world.env)
            took.append(time.perf_counter() - began)
        kernel, others = world.held_kib()
        return {"processor time of all in ten seconds": (used / 1e6, "ms"),
                "`ringfence ps`": (statistics.median(took) * 1e3, "ms"),
                "memory for each cell, in all its processes and the kernel's": ((kernel + others - empty) / count, "KiB"),
                "of that in the kernel process": (kernel / count, "KiB"),
                "descriptors of the kernel process for each": ((world.descriptors() - empty_descriptors) / count, "")}


NOTIFICATION = "host: notification round trip"
PIPE = "host: pipe round trip"
BYTES = "host: 1 MiB through a pipe"
# What each row is compared with, and the most that it may be.
AGAINST = {"invocation of a kernel object": (NOTIFICATION, 1.1),
           "call and reply over a channel": (PIPE, 1.3),
           "call and reply through the kernel": (PIPE, None),
           "1 MiB over a channel": (BYTES, 1.0),
           "a node, from a bank ten slices deep": ("a node, from a bank one slice deep", 1.05),
           "a new cell, on a bank and a meter ten slices deep": ("a new cell, on a bank and a meter one slice deep", 1.05),
           "processor-bound loop, ten slices deep": ("processor-bound loop, one slice deep", 1.05)}


def measure_round(add):
    add(NOTIFICATION, float(run([os.path.join(BUILT, "notification"), "20000"])) / 1e3)
    add("invocation of a kernel object", calls("kind", 20000, True) / 1e3)
    add(PIPE, calls("pipe", 20000, False) / 1e3)
    add("call and reply over a channel", calls("channel", 20000, True) / 1e3)
    add("call and reply through the kernel", calls("endpoint", 10000, True) / 1e3)
    add(BYTES, calls("bytes", 1000, False) / 1e3)
    add("1 MiB over a channel", calls("ring", 1000, True) * 16 / 1e3)
    first, whole = cells(200, "one_byte")
    add("new cell in a running world, to its first output", first)
    add("new cell in a running world, to its end", whole)
    for deep, depth in (("one slice", 1), ("ten slices", 10)):
        add(f"a node, from a bank {deep} deep", calls("bank", 20000, True, str(depth)) / 1e3)
        add(f"a new cell, on a bank and a meter {deep} deep", cells(100, "one_byte", depth)[1])
        add(f"processor-bound loop, {deep} deep", cells(3, "cpu_loop", depth)[1])


def ratio_of(samples, name):
    """The median of the rounds' ratios to what the row is compared with, or None."""
    base = AGAINST.get(name, (None,))[0]
    return statistics.median(a / b for a, b in zip(samples[name], samples[base])) if base else None


def markdown(about, samples, idle):
    lines = [f"# Worlds, {about['date']}", "",
             f"Host kernel {about['kernel']}, {about['rounds']} interleaved rounds, everything pinned to one core.", "",
             "| what | µs | compared | budget |", "|---|---:|---:|---|"]
    for name, values in samples.items():
        ratio, budget = ratio_of(samples, name), AGAINST.get(name, (None, None))[1]
        verdict = "" if not budget else f"{budget:g}×" + (" ✓" if ratio <= budget * 1.005 else " **missed**")
        lines.append(f"| {name} | {statistics.median(values):.1f} | {f'{ratio:.2f}×' if ratio else ''} | {verdict} |")
    lines += ["", f"## {about['cells']} idle cells in one world", "", "| what | |", "|---|---:|"]
    lines += [f"| {name} | {value:.1f} {unit} |" for name, (value, unit) in idle.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="what worlds cost")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=1000)
    args = parser.parse_args()
    samples = {}
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        measure_round(lambda name, value: samples.setdefault(name, []).append(value))
    idle = many_idle(args.cells)
    about = {"date": datetime.date.today().isoformat(), "kernel": platform.release(), "rounds": args.rounds,
             "cells": args.cells}
    text = markdown(about, samples, idle)
    print(text, end="")
    base = os.path.join(TOP, "bench", "results", about["date"] + "-worlds")
    with open(base + ".md", "w", encoding="utf-8") as f:
        f.write(text)
    rows = [(name, ratio_of(samples, name), AGAINST[name]) for name in samples if name in AGAINST]
    with open(base + ".svg", "w", encoding="utf-8") as f:
        f.write(worlds_plot.svg(about, rows))
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump({"about": about, "samples": samples, "idle": idle}, f)


if __name__ == "__main__":
    main()
