# SPDX-License-Identifier: Apache-2.0
import os, sys
import mmap

PAGE = mmap.PAGESIZE
with open("file", "wb") as f:
    f.write(b"A" * PAGE * 4)
with open("file", "r+b") as f:
    shared = mmap.mmap(f.fileno(), 0)
    shared[:5] = b"hello"
    shared.flush()
    print(os.pread(f.fileno(), 8, 0), shared.find(b"A"), len(shared))
    private = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
    private[:5] = b"local"
    print(os.pread(f.fileno(), 5, 0), private[:5])
    os.pwrite(f.fileno(), b"written", PAGE)
    print(shared[PAGE : PAGE + 7])
    reader = mmap.mmap(f.fileno(), PAGE, access=mmap.ACCESS_READ, offset=PAGE)
    print(reader[:7])
    try:
        reader[0] = 1
    except TypeError as e:
        print(e)
    if os.fork() == 0:
        shared[10:15] = b"child"
        os._exit(0)
    os.wait()
    print(shared[10:15])
    shared.resize(PAGE * 8)
    print(len(shared), os.fstat(f.fileno()).st_size)
    shared.close()
with open("file", "rb") as f:
    print(f.read(15))
anonymous = mmap.mmap(-1, 1 << 20)
if os.fork() == 0:
    anonymous[1000:1004] = b"anon"
    os._exit(0)
os.wait()
print(anonymous[1000:1004])
anonymous.madvise(mmap.MADV_DONTNEED)
anonymous.close()
descriptor = os.memfd_create("name")
os.ftruncate(descriptor, PAGE)
one, two = mmap.mmap(descriptor, PAGE), mmap.mmap(descriptor, PAGE)
one[:3] = b"mem"
print(two[:3])
os.truncate("file", PAGE)
pid = os.fork()
if pid == 0:
    import signal

    with open("file", "r+b") as f:
        over = mmap.mmap(f.fileno(), PAGE)
        os.truncate("file", 0)
        signal.alarm(5)
        over[0]
    os._exit(0)
print(os.wait()[1] & 127)
try:
    mmap.mmap(-1, 1 << 46)
except OSError as e:
    print(e.errno)
print("done")
