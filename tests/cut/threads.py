# SPDX-License-Identifier: Apache-2.0
# Threads that share a counter, sleep, and hand each other work.
import queue
import threading
import time

work, done, lock, total = queue.Queue(), queue.Queue(), threading.Lock(), 0


def worker():
    global total
    while (n := work.get()) is not None:
        time.sleep(0.002)
        with lock:
            total += n
        done.put(n * n)


threads = [threading.Thread(target=worker) for _ in range(6)]
for t in threads:
    t.start()
for n in range(1500):
    work.put(n)
squares = sum(done.get() for _ in range(1500))
for _ in threads:
    work.put(None)
for t in threads:
    t.join()
print(total, squares)
