#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/run.py [--rounds N] [--only PATTERN]

Measures every workload natively, in a cell, under bwrap and under proot, in interleaved rounds on one
core, and writes bench/results/DATE.md, .svg and .json. See bench/README.md."""

import argparse
import collections
import datetime
import fnmatch
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile

import idle
import plot
import report
import ways
import workloads


def prepare(files):
    """An empty directory with copies of the files, that any user may enter."""
    work = tempfile.mkdtemp(prefix="ringfence-bench.")
    os.chmod(work, 0o755)
    for path in files:
        shutil.copy(path, work)
    return work


class Results:
    """samples[name][way]: list of seconds; failures[name][way]: why there are none."""

    def __init__(self):
        self.samples = collections.defaultdict(lambda: collections.defaultdict(list))
        self.failures = collections.defaultdict(dict)

    def add(self, name, way, seconds):
        self.samples[name][way].append(seconds)

    def fail(self, name, way, why):
        self.failures[name][way] = why
        print(f"  {name}, {way}: {why}", file=sys.stderr)

    def median(self, name, way):
        got = self.samples[name].get(way)
        return statistics.median(got) if got else None


def measure_workload(results, w, way, core):
    if way in results.failures[w.name]:
        return
    work = prepare(w.files)
    try:
        seconds = used = 0.0
        for _ in range(w.repeat):
            took, cpu, output = ways.run(way, w.command, work, core)
            seconds, used = seconds + took, used + cpu
        for part, value in w.read(seconds / w.repeat, used / w.repeat, output).items():
            results.add(f"{w.name} {part}" if part else w.name, way, value)
    except ways.Failed as e:
        results.fail(w.name, way, str(e))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure_table(results, way, core):
    if way in results.failures["system-call table"]:
        return
    work = prepare(workloads.TABLE_FILES)
    try:
        output = ways.run(way, workloads.TABLE_COMMAND, work, core, limit=400)[2]
        for line in output.splitlines():
            name, value = line.split("\t")
            if value.startswith("failed"):
                results.fail(name, way, value)
            else:
                results.add(name, way, float(value) / 1e9)
    except ways.Failed as e:
        results.fail("system-call table", way, str(e))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure_idle(usable):
    work = prepare([])
    try:
        return {way: idle.measure(way, work) for way in usable}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="side-by-side benchmark")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="*", help="workloads by name, or 'table', or 'idle'")
    parser.add_argument("--core", type=int, default=os.cpu_count() - 1)
    args = parser.parse_args()

    usable, missing = ways.available()
    for line in missing:
        print(f"not measured: {line}", file=sys.stderr)
    chosen = [w for w in workloads.WORKLOADS if fnmatch.fnmatch(w.name, args.only) and all(map(shutil.which, w.needs))]
    with_table = fnmatch.fnmatch("table", args.only)
    results = Results()
    for w in chosen:  # fills the host's caches; its figures go nowhere
        measure_workload(Results(), w, "native", args.core)
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        # Another order each round, so no way always follows the same one.
        order = usable[number % len(usable):] + usable[: number % len(usable)]
        for w in chosen:
            for way in order:
                measure_workload(results, w, way, args.core)
        if with_table:
            for way in order:
                measure_table(results, way, args.core)
    idle_figures = measure_idle(usable) if fnmatch.fnmatch("idle", args.only) else {}

    about = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "kernel": platform.release(),
        "processor": next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?"),
        "cores": os.cpu_count(), "rounds": args.rounds, "user": "root" if os.getuid() == 0 else "an ordinary user",
        "missing": missing,
    }
    text = report.markdown(about, usable, results, idle_figures)
    print(text)
    folder = os.path.join(workloads.BENCH, "results")
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, about["date"] + ("" if args.only == "*" else "-part"))
    with open(base + ".md", "w") as f:
        f.write(text)
    with open(base + ".svg", "w") as f:
        f.write(plot.svg(usable, results, about))
    with open(base + ".json", "w") as f:
        json.dump({"about": about, "samples": results.samples, "failures": results.failures, "idle": idle_figures}, f)
    print(f"written: {base}.md, .svg, .json", file=sys.stderr)


main()
