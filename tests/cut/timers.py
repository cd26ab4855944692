# SPDX-License-Identifier: Apache-2.0
# Timers of all kinds go off, in their order, and the monotonic clock never goes back.
import signal
import select
import time

went_off = []
signal.signal(signal.SIGALRM, lambda *_: went_off.append("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.3)
last, least = time.monotonic(), 0.0
for _ in range(150):
    select.select([], [], [], 0.01)
    now = time.monotonic()
    least = min(least, now - last)
    last = now
print(went_off, least)
