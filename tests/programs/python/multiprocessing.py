# SPDX-License-Identifier: Apache-2.0
import os, sys, time
import multiprocessing
from multiprocessing import shared_memory


def square(n):
    return n * n


def crash():
    os.kill(os.getpid(), 9)


def add(counter, times):
    for _ in range(times):
        with counter.get_lock():
            counter.value += 1


def talk(pipe):
    pipe.send([pipe.recv(), "and back"])
    pipe.close()


def fill(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[:4] = b"fill"
    memory.close()


def consume(jobs, results):
    while (n := jobs.get()) is not None:
        results.put(square(n))


def try_all(method):
    context = multiprocessing.get_context(method)
    with context.Pool(3) as pool:
        print(method, sum(pool.map(square, range(300))), pool.apply_async(square, (7,)).get(timeout=30))
    counter = context.Value("i", 0)
    workers = [context.Process(target=add, args=(counter, 500)) for _ in range(4)]
    for p in workers:
        p.start()
    for p in workers:
        p.join()
    print(counter.value, [p.exitcode for p in workers])
    here, there = context.Pipe()
    p = context.Process(target=talk, args=(there,))
    p.start()
    here.send("to")
    print(here.recv())
    p.join()
    jobs, results = context.Queue(), context.Queue()
    workers = [context.Process(target=consume, args=(jobs, results)) for _ in range(2)]
    for p in workers:
        p.start()
    for n in range(100):
        jobs.put(n)
    for _ in workers:
        jobs.put(None)
    print(sum(results.get(timeout=30) for _ in range(100)))
    for p in workers:
        p.join()
    memory = shared_memory.SharedMemory(create=True, size=10000)
    p = context.Process(target=fill, args=(memory.name,))
    p.start()
    p.join()
    print(bytes(memory.buf[:4]), p.exitcode)
    memory.close()
    memory.unlink()
    p = context.Process(target=crash)
    p.start()
    p.join()
    print(p.exitcode)
    with context.Manager() as manager:
        shared = manager.dict(a=1)
        p = context.Process(target=shared.update, args=({"b": 2},))
        p.start()
        p.join()
        print(dict(shared))
    p = context.Process(target=time.sleep, args=(30,), daemon=True)
    p.start()
    p.terminate()
    p.join(10)
    print(p.exitcode)


if __name__ == "__main__":
    for way in "fork", "spawn", "forkserver":
        try_all(way)
    print("done", flush=True)
