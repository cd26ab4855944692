# SPDX-License-Identifier: Apache-2.0
"""The four ways to run a program, and running it."""

import os
import resource
import shutil
import subprocess
import time

RINGFENCE = os.environ.get("RINGFENCE", os.path.abspath("ringfence"))


def native(command, work):
    return command


def cell(command, work):
    return [RINGFENCE, "run", "--rw", work, "--cwd", work, "--"] + command


def bwrap(command, work):
    mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    return ["bwrap", "--unshare-all"] + mounts + ["--bind", work, work, "--chdir", work, "--"] + command


def proot(command, work):
    return ["proot", "-r", "/", "-w", work] + command


WAYS = {"native": native, "cell": cell, "bwrap": bwrap, "proot": proot}


def available():
    """The ways that this machine can run, and a line about each that it cannot."""
    usable, missing = [], []
    for name, way in WAYS.items():
        program = way(["/bin/true"], "/tmp")[0]
        if not shutil.which(program):
            missing.append(f"{name}: {program} is not installed")
        elif subprocess.run(way(["/bin/true"], "/tmp"), capture_output=True, timeout=20).returncode != 0:
            missing.append(f"{name}: cannot run /bin/true here")
        else:
            usable.append(name)
    return usable, missing


class Failed(Exception):
    pass


def run(way, command, work, core, limit=120):
    """Runs `command` pinned to a core; gives (seconds of wall time, seconds of processor time, output)."""
    line = ["taskset", "-c", str(core)] + WAYS[way](command, work)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=limit, cwd=work, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {limit} s")
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Failed(f"status {done.returncode}: {done.stderr.strip()[-200:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used, done.stdout
