# SPDX-License-Identifier: Apache-2.0
# Memory of every kind that a program can have, changed in every way after it was copied: given back, it is
# zeros; grown, moved and shrunk, it is what it was; written, it is nobody else's.
import ctypes
import mmap
import os
import sys
import time

MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
libc.mremap.restype = ctypes.c_void_p
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]


def pattern(seed, n):
    return bytes((seed + i * 7) & 255 for i in range(251)) * (n // 251 + 1)


def check(what, good):
    if not good:
        print("wrong:", what, flush=True)
        sys.exit(1)


def address(m):
    return ctypes.addressof(ctypes.c_char.from_buffer(m))


areas = [mmap.mmap(-1, 2 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range(6)]
for seed, m in enumerate(areas):
    m[:] = pattern(seed, len(m))[: len(m)]
sparse = mmap.mmap(-1, 64 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(sparse), 3 * MIB):
    sparse[at] = 1
grown = bytearray(pattern(9, 8 * MIB)[: 8 * MIB])
print("ready", flush=True)
while not os.path.exists("/tmp/go"):
    time.sleep(0.02)

given, written, advised, held, copied, kept = areas
given.madvise(mmap.MADV_DONTNEED, 0, MIB)
check("given back", given[:MIB] == bytes(MIB) and given[MIB:] == pattern(0, 2 * MIB)[MIB : 2 * MIB])
given[:10] = b"0123456789"
check("written again", given[:10] == b"0123456789" and given[10:MIB] == bytes(MIB - 10))
written[:] = pattern(77, 2 * MIB)[: 2 * MIB]
check("written", written[:] == pattern(77, 2 * MIB)[: 2 * MIB])
advised.madvise(8)  # MADV_FREE
check("free", all(b in (0, p) for b, p in zip(advised[::4096], pattern(2, 2 * MIB)[: 2 * MIB : 4096])))
held.madvise(mmap.MADV_DONTFORK)
held.madvise(mmap.MADV_DONTNEED)
check("given back whole", held[:] == bytes(2 * MIB))
pid = os.fork()
if pid == 0:
    check("the child's", kept[:] == pattern(5, 2 * MIB)[: 2 * MIB] and sum(sparse[:: 3 * MIB]) == 22)
    kept[:] = bytes(2 * MIB)
    os._exit(0)
check("the child", os.waitpid(pid, 0)[1] == 0)
check("kept", kept[:] == pattern(5, 2 * MIB)[: 2 * MIB])
old = address(copied)
new = libc.mremap(old, 2 * MIB, 6 * MIB, 1)
check("moved", new != ctypes.c_void_p(-1).value)
check("grown", ctypes.string_at(new, 2 * MIB) == pattern(4, 2 * MIB)[: 2 * MIB])
check("new", ctypes.string_at(new + 2 * MIB, 4 * MIB) == bytes(4 * MIB))
check("shrunk", libc.mremap(new, 6 * MIB, MIB, 0) == new)
check("grown again", (again := libc.mremap(new, MIB, 3 * MIB, 1)) != ctypes.c_void_p(-1).value)
check("old", ctypes.string_at(again, MIB) == pattern(4, 2 * MIB)[:MIB])
check("new again", ctypes.string_at(again + MIB, 2 * MIB) == bytes(2 * MIB))
grown.extend(pattern(1, 8 * MIB)[: 8 * MIB])
check("a list", bytes(grown) == pattern(9, 8 * MIB)[: 8 * MIB] + pattern(1, 8 * MIB)[: 8 * MIB])
check("gaps", sum(sparse[:: 3 * MIB]) == 22 and sparse[1 : 3 * MIB] == bytes(3 * MIB - 1))
print("all good", flush=True)
os._exit(0)
