#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/checkpoint.py [--rounds N] [--memory MIB]

What cuts, restarts, branches and sleeping cost: the pause against memory and share written, throughput at no, one and ten
cuts a second in turns, and the times of single operations on a cell with MIB of memory (1024) and on a small one, beside
CRIU where that works. Writes bench/results/DATE-checkpoint.md, .svg and .json, and prints the table; see bench/README.md."""

import argparse
import datetime
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import checkpoint_plot
import pause

TOP, RINGFENCE, BUILT = pause.TOP, pause.RINGFENCE, pause.BUILT
PACES = {"none": "0", "1 a second": "1", "10 a second": "0.1"}
# An operation's budget in ms, of the cell with much memory or of a small one.
BUDGETS = {"pause, 1 % written": 3, "restart to the first instruction": 20, "branch": 20, "ten branches": 100, "thaw, small cell": 5,
           "hibernate and wake, small cell": 10}


class World:
    """A world that stays, for as long as the `with` lasts."""

    def __init__(self, every):
        self.every = every

    def start(self):
        self.ask("world", self.place, "-d", "--checkpoint-every", self.every)

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="ringfence-bench.")
        self.place = self.dir.name + "/world"
        self.env = dict(os.environ, RINGFENCE_WORLD=self.place)
        self.start()
        return self

    def __exit__(self, *_):
        subprocess.run([RINGFENCE, "stop"], env=self.env, check=False)
        self.dir.cleanup()

    def ask(self, *arguments):
        return pause.ringfence(self.env, *arguments)

    def background(self, name, *command):
        self.ask("run", "-d", "--name", name, "--ro", f"{BUILT}:/bench", "--", *command)
        while "ready" not in self.ask("logs", name):
            time.sleep(0.05)

    def timed(self, *arguments):
        """ms of one command."""
        began = time.monotonic()
        self.ask(*arguments)
        return (time.monotonic() - began) * 1000

    def kill(self):
        with open(self.place + "/lock", encoding="ascii") as lock:
            kernel = int(lock.read())
        os.kill(kernel, signal.SIGKILL)
        while os.path.exists(f"/proc/{kernel}"):
            time.sleep(0.01)


def processor_seconds(world):
    """Of the world's kernel and all that ran in its cell "work"."""
    with open(world.place + "/lock", encoding="ascii") as lock, open(f"/proc/{int(lock.read())}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + json.loads(world.ask("stat", "work", "--json"))["used_ns"] / 1e9


def redis(world):
    """Requests a second."""
    script = ("redis-server --port 7001 --save '' >/dev/null & until redis-cli -p 7001 ping >/dev/null 2>&1; do sleep 0.05; done; "
              "redis-benchmark -p 7001 -q -t set,get -n 300000 -c 20 -r 10000")
    said = world.ask("run", "--name", "work", "--", "sh", "-c", script)
    return statistics.mean(float(rate) for rate in re.findall(r"([\d.]+) requests per second", said))


def compile_large(world):
    """Compilations a second."""
    began = time.monotonic()
    world.ask("run", "--name", "work", "--ro", f"{BUILT}:/bench", "--", "gcc", "-O1", "-c", "/bench/large.c", "-o", "/tmp/large.o")
    return 1 / (time.monotonic() - began)


def throughput(rounds):
    """Work done for the time that went by, and for the processor time that it took: the second also on a busy machine."""
    rates = {}
    for number in range(rounds):
        paces = list(PACES)[number % 3:] + list(PACES)[:number % 3]
        for pace in paces:
            for name, work in (("redis-benchmark", redis), ("compile", compile_large)):
                with World(PACES[pace]) as world:
                    rates.setdefault(name, {}).setdefault(pace, []).append(work(world))
                    rates.setdefault(name + ", for its processor time", {}).setdefault(pace, []).append(1 / processor_seconds(world))
    return rates


def restart(mib):
    """ms from the start of the world's command to the first instruction of a cell."""
    with World("0") as world:
        world.background("ticks", "/bench/ticks", str(mib))
        world.ask("checkpoint", "--wait")
        world.kill()
        began = time.time_ns()
        world.start()
        while True:
            later = [int(line) for line in world.ask("logs", "ticks").split() if line.isdigit() and int(line) > began]
            if later:
                return (later[0] - began) / 1e6
            time.sleep(0.02)


def branch(mib, count):
    with World("0") as world:
        world.background("ticks", "/bench/ticks", str(mib))
        return world.timed("fork", "ticks", "-n", str(count))


def small():
    """ms of what is done to a cell of some 1 MiB."""
    with World("0") as world:
        world.background("ticks", "/bench/ticks", "1")
        file = world.dir.name + "/frozen"
        took = {"freeze, small cell": world.timed("freeze", "ticks", "-o", file)}
        took["thaw, small cell"] = world.timed("thaw", "-d", "--name", "thawed", "--ro", f"{BUILT}:/bench", file)
        world.ask("run", "-d", "--name", "sleeper", "sleep", "1000")
        time.sleep(0.2)
        took["hibernate and wake, small cell"] = world.timed("hibernate", "sleeper") + world.timed("resume", "sleeper")
        return took


def criu(mib):
    """ms of a dump that lets the program run on, and of a restore; or why not."""
    if subprocess.run(["which", "criu"], capture_output=True, check=False).returncode:
        return "it is not installed"
    said = subprocess.run(["criu", "check"], capture_output=True, text=True, check=False)
    if said.returncode:
        errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
        return "criu check: " + (max(errors, key=len) if errors else said.stderr.strip())
    with tempfile.TemporaryDirectory(prefix="ringfence-bench.") as place:
        program = subprocess.Popen([BUILT + "/ticks", str(mib)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        program.stdout.readline()
        took = {}
        for name, command in (("dump", ["dump", "-t", str(program.pid)]), ("restore", ["restore", "-d"])):
            began = time.monotonic()
            done = subprocess.run(["criu", *command, "-D", place], capture_output=True, check=False)
            took[name] = (time.monotonic() - began) * 1000
            if done.returncode:
                return f"criu {name} failed"
            program.wait()
        subprocess.run(["pkill", "-KILL", "-s", str(program.pid)], check=False)
        return took


def operations(rounds, mib):
    """Medians over the rounds, in ms."""
    samples = {}
    for _ in range(rounds):
        took = {"restart to the first instruction": restart(mib), "branch": branch(mib, 1), "ten branches": branch(mib, 10), **small()}
        for name, value in took.items():
            samples.setdefault(name, []).append(value)
    return samples


def pauses(mib):
    sizes = [size for size in (16, 64, 256, 1024, 4096) if size <= mib]
    by_memory = [(f"{size} MiB", pause.measure(size, 0.01, 9)) for size in sizes]
    by_share = [(f"{share:g} %", pause.measure(mib, share / 100, 5)) for share in (0, 0.1, 1, 10, 50)]
    return by_memory, by_share


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"] +
                     ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def markdown(about, by_memory, by_share, rates, samples, beside):
    text = [f"# Checkpoints, {about['date']}", f"Linux {about['kernel']}, {about['processors']} processors, load of the machine "
            f"{about['load'][0]:.1f} before and {about['load'][1]:.1f} after; {about['rounds']} rounds; cells of {about['mib']} MiB "
            "where nothing else is said. Medians; times of commands are those of a whole `ringfence` process.", ""]
    rows = [(label, f"{taken['median_ms']:.2f}", f"{max(taken['pauses_ms']):.2f}", f"{taken['first_ms']:.2f}",
             f"{statistics.median(taken['bytes']) / 1048576:.1f}")
            for label, taken in by_memory + by_share]
    text.append(table(("pause of a cut", "median ms", "longest", "first", "MiB written"), rows))
    rows = [(name, *(f"{statistics.median(rates[name][pace]) / statistics.median(rates[name]['none']):.2f}×" for pace in PACES))
            for name in rates]
    text.append(table(("throughput (budget: 1×, 0.97×, 0.9×)", *PACES), rows))
    rows = [(name, f"{statistics.median(values):.1f}", str(BUDGETS.get(name, ""))) for name, values in samples.items()]
    text.append(table(("operation", "ms", "budget"), rows))
    text.append("CRIU: " + (beside if isinstance(beside, str) else ", ".join(f"{k} {v:.0f} ms" for k, v in beside.items())) + "\n")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description="what checkpoints cost")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, default=1024)
    args = parser.parse_args()
    about = {"date": datetime.date.today().isoformat(), "kernel": platform.release(), "processors": os.cpu_count(),
             "rounds": args.rounds, "mib": args.memory, "load": [os.getloadavg()[0]]}
    by_memory, by_share = pauses(args.memory)
    print("pauses are measured", file=sys.stderr)
    samples = operations(args.rounds, args.memory)
    print("operations are measured", file=sys.stderr)
    rates = throughput(args.rounds)
    beside = criu(args.memory)
    about["load"].append(os.getloadavg()[0])
    text = markdown(about, by_memory, by_share, rates, samples, beside)
    print(text, end="")
    base = os.path.join(TOP, "bench", "results", about["date"] + "-checkpoint")
    with open(base + ".md", "w", encoding="utf-8") as f:
        f.write(text)
    with open(base + ".svg", "w", encoding="utf-8") as f:
        f.write(checkpoint_plot.svg(about, *([(label, taken["median_ms"]) for label, taken in points]
                                             for points in (by_memory, by_share))))
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump({"about": about, "by_memory": by_memory, "by_share": by_share, "rates": rates, "operations": samples,
                   "criu": beside}, f)


if __name__ == "__main__":
    main()
