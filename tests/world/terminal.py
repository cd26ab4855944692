#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sits at a terminal on which a program runs: terminal.py PROGRAM [ARG...] <SCRIPT

Lines of the script:
    see REGEX       waits until it was shown, behind what was seen before
    type TEXT       with the escapes of Python's strings
    size ROWS COLS
    host COMMAND    runs it in a shell, and waits for its end
    end STATUS      waits for the program's end; with $? as a shell has it
Each wait may take 20 seconds. What was shown goes to stdout, also when that fails."""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 20


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Screen:
    def __init__(self, argv):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            time.sleep(0.05)  # until the size is set
            os.execvp(argv[0], argv)
        resize(self.terminal, 24, 80)
        self.shown, self.seen = b"", 0

    def more(self, deadline):
        """False: there is no more."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
            raise TimeoutError
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)

    def see(self, regex):
        deadline = time.monotonic() + PATIENCE
        while True:
            match = re.compile(regex.encode(), re.M).search(self.shown, self.seen)
            if match:
                self.seen = match.end()
                return
            if not self.more(deadline):
                raise EOFError

    def end(self, wanted):
        deadline = time.monotonic() + PATIENCE
        while self.more(deadline):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        self.child = 0
        status = 128 - status if status < 0 else status
        if status != wanted:
            raise ValueError(f"status {status}")

    def do(self, line):
        word, _, rest = line.partition(" ")
        if word == "see":
            self.see(rest)
        elif word == "type":
            os.write(self.terminal, codecs.escape_decode(rest.encode())[0])
        elif word == "size":
            resize(self.terminal, *map(int, rest.split()))
        elif word == "host":
            subprocess.run(rest, shell=True, check=True, timeout=PATIENCE)
        elif word == "end":
            self.end(int(rest))
        else:
            raise ValueError("no such line")


def main():
    screen = Screen(sys.argv[1:])
    line = ""
    try:
        for line in sys.stdin:
            line = line.rstrip("\n")
            if line:
                screen.do(line)
    except (TimeoutError, EOFError, ValueError, subprocess.SubprocessError) as error:
        print(f"terminal: {line}: {error!r}")
        return 1
    finally:
        if screen.child:
            os.kill(screen.child, 9)
            os.waitpid(screen.child, 0)
        sys.stdout.flush()
        sys.stdout.buffer.write(screen.shown)
    return 0


sys.exit(main())
