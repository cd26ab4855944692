#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/pause.py [--memory MIB] [--share PART] [--cuts N]

How long a world stands still for a cut: one cell with MIB of memory, of which PART (0 to 1) is written before
each of N cuts. Prints one line of JSON: the pauses in ms, their median, the first cut's, the bytes of each."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RINGFENCE = os.path.join(TOP, "ringfence")
BUILT = os.path.join(TOP, "build", "bench")


def ringfence(env, *arguments):
    return subprocess.run([RINGFENCE, *arguments], env=env, check=True, capture_output=True, text=True).stdout


def cut(env):
    """Takes one: its pause in ms, and the bytes that it wrote."""
    ringfence(env, "checkpoint", "--wait")
    figures = json.loads(ringfence(env, "stat", "--json"))
    return figures["pause_ns"] / 1e6, figures["bytes"]


def measure(mib, share, cuts):
    with tempfile.TemporaryDirectory(prefix="ringfence-bench.") as place:
        env = dict(os.environ, RINGFENCE_WORLD=place + "/world")
        ringfence(env, "world", place + "/world", "-d", "--checkpoint-every", "0")
        program = subprocess.Popen([RINGFENCE, "run", "--ro", f"{BUILT}:/bench", "--", "/bench/written", str(mib), str(share)],
                                   env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            program.stdout.readline()
            first = cut(env)
            taken = []
            for _ in range(cuts):
                program.stdin.write("\n")
                program.stdin.flush()
                program.stdout.readline()
                taken.append(cut(env))
        finally:
            ringfence(env, "stop")
            program.wait()
    pauses = [pause for pause, _ in taken]
    return {"memory_mib": mib, "share": share, "median_ms": statistics.median(pauses), "first_ms": first[0],
            "pauses_ms": pauses, "bytes": [size for _, size in taken]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, default=1024)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--cuts", type=int, default=11)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.memory, arguments.share, arguments.cuts)))


if __name__ == "__main__":
    main()
