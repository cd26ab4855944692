# SPDX-License-Identifier: Apache-2.0
import concurrent.futures, queue, threading, time

total, lock = 0, threading.Lock()


def add(times):
    global total
    for _ in range(times):
        with lock:
            total += 1


threads = [threading.Thread(target=add, args=(2000,)) for _ in range(20)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(total)

jobs, results = queue.Queue(), queue.Queue()


def worker():
    while (n := jobs.get()) is not None:
        results.put(n * n)


pool = [threading.Thread(target=worker) for _ in range(8)]
for t in pool:
    t.start()
for n in range(1000):
    jobs.put(n)
for _ in pool:
    jobs.put(None)
for t in pool:
    t.join()
print(sum(results.get() for _ in range(1000)))

barrier, order = threading.Barrier(5), []


def phase(n):
    barrier.wait()
    order.append(n)


for t in [threading.Thread(target=phase, args=(n,)) for n in range(4)]:
    t.start()
print(len(order))
barrier.wait()
time.sleep(0.1)
print(sorted(order))

condition, event, ready = threading.Condition(), threading.Event(), []


def wait():
    with condition:
        condition.wait_for(lambda: ready, timeout=5)
    event.set()


threading.Thread(target=wait).start()
with condition:
    ready.append(1)
    condition.notify_all()
print(event.wait(5), event.wait(0.01))
print(threading.Event().wait(0.05), threading.Semaphore(0).acquire(timeout=0.05), queue.Queue().empty())
local = threading.local()
local.x = 1
seen = []
t = threading.Thread(target=lambda: seen.append(hasattr(local, "x")))
t.start()
t.join()
print(seen)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    print(sum(pool.map(lambda n: n**3, range(500))))
    print(pool.submit(time.sleep, 0.01).result(timeout=5))
t = threading.Timer(0.05, lambda: print("timer"))
t.start()
t.join()
threading.stack_size(256 * 1024)
counted = threading.Event()
many = [threading.Thread(target=counted.wait) for _ in range(100)]
for t in many:
    t.start()
print(threading.active_count())
counted.set()
for t in many:
    t.join()
print(len(set(t.native_id for t in many)), threading.get_native_id() == __import__("os").getpid())
print("done")
