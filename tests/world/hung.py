#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In a cell: uses the directory /d, whose server hangs once /go/hung is there, and says "free" in
/go/free when it need not hang any more."""
import os
import signal
import time

PATIENCE = 20  # of this test; what is waited for takes two seconds


def await_that(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.05)


def start(action, *signals):
    """A child that does it. Its status: 3 when it was interrupted."""
    def interrupted(*_):
        raise InterruptedError

    child = os.fork()
    if child == 0:
        status = 0
        try:
            for number in signals:
                signal.signal(number, interrupted)
            action()
        except InterruptedError:
            status = 3
        finally:
            os._exit(status)
    return child


def has_ended(child):
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_of(child, what):
    await_that(what, lambda: has_ended(child))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def hangs(action, *signals):
    child = start(action, *signals)
    time.sleep(0.3)
    assert not has_ended(child), "it does not hang"
    return child


def end_all(actions):
    killed = {name: start(action) for name, action in actions.items()}
    interrupted = {name: start(action, signal.SIGTERM) for name, action in actions.items()}
    time.sleep(0.5)
    for children, number, status in (killed, signal.SIGKILL, -signal.SIGKILL), (interrupted, signal.SIGTERM, 3):
        for name, child in children.items():
            assert not has_ended(child), f"{name} does not hang"
            os.kill(child, number)
        for name, child in children.items():
            assert end_of(child, name) == status, name


def alarmed(action):
    signal.alarm(1)
    action()


def dirty(file):
    file.write(b"late")
    time.sleep(0.3)  # whoever sleeps sends what it wrote


def main():
    opened, synced, late = open("/d/a", "rb"), open("/d/b", "wb", 0), open("/d/late", "wb", 0)
    opened.read(1)
    synced.write(b"b")
    open("/go/ready", "w").close()
    await_that("it hangs", lambda: os.path.exists("/go/hung"))
    actions = {
        "open": lambda: open("/d/a"),
        "stat": lambda: os.stat("/d/none"),
        "fstat": lambda: os.fstat(opened.fileno()),
        "list": lambda: os.listdir("/d"),
        "sync": lambda: os.fsync(synced.fileno()),
        "execute": lambda: os.execv("/d/a", ["a"]),
    }
    end_all(actions)
    end_all({"make": lambda: open("/d/new", "x")})
    end_all({"rename": lambda: os.rename("/d/a", "/d/c")})
    assert end_of(hangs(lambda: alarmed(actions["stat"]), signal.SIGALRM), "alarm") == 3

    # What does not use the directory goes on, and so does what waits for its locks only.
    first, second = hangs(actions["open"]), hangs(actions["open"])
    assert end_of(start(lambda: open("/tmp/x", "w")), "another directory") == 0
    assert os.system("true") == 0
    for child in (second, first):
        os.kill(child, signal.SIGTERM)
        assert end_of(child, "one of two") == -signal.SIGTERM

    # What was written is sent when it can be.
    writer = hangs(lambda: dirty(late))
    os.kill(writer, signal.SIGKILL)
    assert end_of(writer, "a writer") == -signal.SIGKILL
    open("/go/free", "w").close()
    await_that("it hangs no more", lambda: not os.path.exists("/go/hung"))
    assert sorted(os.listdir("/d"))[:3] == ["a", "b", "late"], os.listdir("/d")
    late.close()
    print("late data:", open("/d/late").read(), flush=True)


main()
