#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sits at the terminal of a cell in which bash runs, whose world is killed and started again at any instant:
terminal.py CELL ROUNDS SEED

In each round a job is started, brought to the foreground and stopped, continued in the background, and ended. The shell's
variable n counts these steps. A restart takes shell, jobs and terminal back to one instant, maybe before what was typed last;
so before each step the shell is asked where it is, and its jobs must be those of that step. Now and then the terminal is
left, and come back to. Ends when the shell does."""
import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import time

RINGFENCE = os.environ["RINGFENCE"]
CELL, ROUNDS = sys.argv[1], int(sys.argv[2])
random.seed(int(sys.argv[3]))
# Steps done in a round: jobs that run and that are stopped. After the first a job may be stopped already, and not counted.
JOBS = {0: [(0, 0)], 1: [(1, 0), (0, 1)], 2: [(0, 1)], 3: [(1, 0)]}
LEAVE = b"\x10\x11"
STOP, ERASE = b"\x1a", b"\x15"


class Gone(Exception):
    """The terminal went away: the world was killed, or the cell ended."""


class Terminal:
    def __init__(self):
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.execv(RINGFENCE, ["ringfence", "attach", CELL])
        self.shown = b""

    def close(self):
        os.close(self.descriptor)
        os.waitpid(self.child, 0)

    def type(self, keys):
        try:
            os.write(self.descriptor, keys)
        except OSError as error:
            raise Gone from error

    def more(self, seconds):
        if select.select([self.descriptor], [], [], seconds)[0]:
            try:
                data = os.read(self.descriptor, 65536)
            except OSError as error:
                raise Gone from error
            if not data:
                raise Gone
            self.shown += data

    def see(self, regex, seconds):
        """The match, or None after that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            match = re.search(regex.encode(), self.shown)
            if match:
                self.shown = self.shown[match.end():]
                return match
            self.more(max(0.0, deadline - time.monotonic()))
        return None


def is_running():
    """Whether the cell is, as far as a world answers."""
    said = subprocess.run([RINGFENCE, "stat", CELL, "--json"], capture_output=True, check=False)
    return said.returncode != 0 or json.loads(said.stdout)["state"] == "running"


class Driver:
    def __init__(self):
        self.terminal, self.asked = None, 0
        self.attached, self.left, self.steps = 0, 0, 0

    def ask(self):
        """(n, running, stopped). A shell that does not answer may have a job in the foreground or half a line before it.
        (Not at once: the terminal drops what was typed before it stops a job.)"""
        for _ in range(100):
            self.asked += 1
            # What is typed differs from what is to be seen, as it is echoed.
            self.terminal.type(f" echo S$(({self.asked}*7))=$n=$(jobs -r|wc -l)=$(jobs -s|wc -l)=\r".encode())
            match = self.terminal.see(rf"S{self.asked * 7}=(\d*)=(\d+)=(\d+)=", 0.7)
            if match:
                return tuple(int(field or 0) for field in match.groups())
            self.terminal.type(STOP)
            self.terminal.see("never", 0.2)
            self.terminal.type(ERASE)
        raise ValueError("the shell does not answer")

    def step(self, n, stopped):
        kind = n % 4
        if kind == 0:
            self.terminal.type(f"sleep 1000 & n={n + 1}\r".encode())
        elif kind == 1 and not stopped:
            self.terminal.type(b"fg\r")
            self.terminal.see(r"\nsleep 1000", 1.0)
            self.terminal.type(STOP)
        elif kind == 1:
            self.terminal.type(f"n={n + 1}\r".encode())
        elif kind == 2:
            self.terminal.type(f"bg; n={n + 1}\r".encode())
        else:
            self.terminal.type(f"kill -9 %%; wait; n={n + 1}\r".encode())

    def leave(self):
        self.terminal.type(LEAVE)
        try:
            while True:
                self.terminal.more(10)
        except Gone:
            self.left += 1
            raise

    def sit(self):
        while True:
            n, running, stopped = self.ask()
            if (running, stopped) not in JOBS[n % 4]:
                raise ValueError(f"after {n} steps {running} jobs run and {stopped} are stopped")
            if n == 4 * ROUNDS:
                self.terminal.type(b"exit 3\r")
                time.sleep(0.2)
            else:
                self.step(n, stopped)
                self.steps += 1
            if random.random() < 0.1:
                self.leave()

    def run(self):
        while is_running():
            self.terminal = Terminal()
            self.attached += 1
            try:
                self.sit()
            except Gone:
                self.terminal.close()
                time.sleep(0.05)
            except ValueError as error:
                print(f"{error}; shown: {self.terminal.shown[-2000:]!r}")
                return 1
        print(f"{self.steps} steps, attached {self.attached} times, left {self.left} times")
        return 0


sys.exit(Driver().run())
