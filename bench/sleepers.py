#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/sleepers.py [--cells N]

What cells that sleep cost: memory, descriptors and processor time of the kernel process, checkpoints, a restart of
the world; and how long one takes to fall asleep and to wake. Writes bench/results/DATE-sleepers.md and prints it."""

import argparse
import concurrent.futures
import datetime
import json
import os
import platform
import statistics
import subprocess
import time

import worlds


def command(world, *arguments):
    return subprocess.run([worlds.RINGFENCE, *arguments], env=world.env, check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL).stdout


def took_ms(world, *arguments):
    began = time.perf_counter()
    command(world, *arguments)
    return (time.perf_counter() - began) * 1e3


def stat(world):
    return json.loads(command(world, "stat", "--json"))


def start(world, names):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: command(world, "run", "-d", "--name", name, "sleep", "100000"), names))


def put_to_sleep(world, names):
    """Many at once, as they then share a checkpoint."""
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda name: command(world, "hibernate", name), names))


def own_kib(world):
    """Anonymous memory of the kernel process, and its page tables."""
    with open(f"/proc/{world.kernel}/status", encoding="ascii") as status:
        return sum(int(line.split()[1]) for line in status if line.startswith(("RssAnon:", "VmPTE:")))


def kernel_figures(world):
    return own_kib(world), world.descriptors(), world.used_ns()


def restart(world):
    """Milliseconds until clients can connect."""
    os.kill(world.kernel, 9)
    time.sleep(1)
    took = took_ms(world, "world", world.env["RINGFENCE_WORLD"], "-d")
    with open(world.env["RINGFENCE_WORLD"] + "/lock", encoding="ascii") as lock:
        world.kernel = int(lock.read())
    return took


def measure(count):
    rows = []
    with worlds.World() as world:
        command(world, "run", "-d", "--name", "awake", "sleep", "100000")
        before = kernel_figures(world)
        for first in range(0, count, 200):
            names = [f"s{i}" for i in range(first, min(first + 200, count))]
            start(world, names)
            put_to_sleep(world, names)
        held, descriptors, used = kernel_figures(world)
        rows.append(("memory of the kernel process for each, with its page tables", (held - before[0]) / count, "KiB"))
        rows.append(("its descriptors for each", (descriptors - before[1]) / count, ""))
        time.sleep(10)
        rows.append(("processor time of the world in ten seconds", (kernel_figures(world)[2] - used) / 1e6, "ms"))
        command(world, "checkpoint", "--wait")
        used = world.used_ns()
        command(world, "checkpoint", "--wait")
        rows.append(("processor time of a checkpoint", (world.used_ns() - used) / 1e6, "ms"))
        figures = stat(world)
        rows.append(("its pause", figures["pause_ns"] / 1e6, "ms"))
        rows.append(("written by it", figures["bytes"] / 1024, "KiB"))
        small = [f"s{i}" for i in range(min(count, 15))]
        awake = statistics.median(took_ms(world, "exec", "awake", "true") for _ in small)
        woken = statistics.median(took_ms(world, "exec", name, "true") for name in small)
        rows.append(("an exec in one, beyond one in a cell that is awake", woken - awake, "ms"))
        rows.append(("to fall asleep, with a checkpoint on disk",
                     statistics.median(took_ms(world, "hibernate", name) for name in small), "ms"))
        rows.append(("a start of the world after a kill", restart(world), "ms"))
        rows.append(("memory of the kernel process for each then", (own_kib(world) - before[0]) / count, "KiB"))
        rows.append(("of them still asleep", stat(world)["sleeping"], ""))
    return rows


def main():
    parser = argparse.ArgumentParser(description="what cells that sleep cost")
    parser.add_argument("--cells", type=int, default=10000)
    count = parser.parse_args().cells
    load = os.getloadavg()[0]
    rows = measure(count)
    date = datetime.date.today().isoformat()
    text = "\n".join([f"# Cells that sleep, {date}", "",
                      f"{count} cells of `sleep`. Host kernel {platform.release()}, {os.cpu_count()} processors, load {load:.1f} "
                      "at the start.", "", "| what | |", "|---|---:|"] +
                     [f"| {name} | {value:.2f} {unit} |" for name, value, unit in rows]) + "\n"
    print(text, end="")
    with open(os.path.join(worlds.TOP, "bench", "results", date + "-sleepers.md"), "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
