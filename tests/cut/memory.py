# SPDX-License-Identifier: Apache-2.0
# Changes its memory in every way that there is, and knows what must stand in each page.
import ctypes
import mmap
import os
import random
import sys
import time

PAGE, PAGES, BIG = 4096, 2048, 512
READ, WRITE, PRIVATE, FIXED, ANONYMOUS = 1, 2, 2, 16, 32
MAYMOVE, MOVE_FIXED, DONTNEED = 1, 2, 4
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
for call in libc.munmap, libc.madvise, libc.mprotect:
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int][:2 if call is libc.munmap else 3]
draw = random.Random(int(sys.argv[1]))
source = sys.argv[2]
with open(source, "wb") as out:
    out.write(b"".join(bytes([i % 251 + 1]) * PAGE for i in range(PAGES)))
fd = os.open(source, os.O_RDONLY)


def good(result):
    if result in (-1, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "host")
    return result


class Area:
    """Pages that follow each other; what[i] stands in page i."""

    def __init__(self, of_file):
        self.of_file = of_file
        self.what = [self.initial(i) for i in range(PAGES)]
        flags = PRIVATE if of_file else PRIVATE | ANONYMOUS
        self.at = good(libc.mmap(None, PAGES * PAGE, READ | WRITE, flags, fd if of_file else -1, 0))

    def initial(self, i):
        return i % 251 + 1 if self.of_file else 0

    def some(self):
        first = draw.randrange(PAGES)
        if draw.random() < 0.3:
            first = first // BIG * BIG
            return first, BIG
        return first, min(draw.randrange(1, 40), PAGES - first)

    def write(self):
        for _ in range(draw.randrange(1, 60)):
            i, value = draw.randrange(PAGES), draw.randrange(1, 250)
            ctypes.memset(self.at + i * PAGE, value, PAGE)
            self.what[i] = value

    def give_back(self):
        first, count = self.some()
        good(libc.madvise(self.at + first * PAGE, count * PAGE, DONTNEED))
        self.what[first:first + count] = [self.initial(i) for i in range(first, first + count)]

    def map_over(self):
        first, count = self.some()
        good(libc.mmap(self.at + first * PAGE, count * PAGE, READ | WRITE, PRIVATE | FIXED | ANONYMOUS, -1, 0))
        self.what[first:first + count] = [0] * count
        if self.of_file:
            good(libc.mmap(self.at + first * PAGE, count * PAGE, READ | WRITE, PRIVATE | FIXED, fd, first * PAGE))
            self.what[first:first + count] = [self.initial(i) for i in range(first, first + count)]

    def move(self):
        """To another place, in pieces."""
        new = Area(self.of_file)
        for first in range(0, PAGES * PAGE, BIG // 2 * PAGE):
            good(libc.mremap(self.at + first, BIG // 2 * PAGE, BIG // 2 * PAGE, MAYMOVE | MOVE_FIXED, new.at + first))
        self.at = new.at

    def protect(self):
        """Pages that may not be read now have what they had, later."""
        good(libc.mprotect(self.at, PAGES * PAGE, 0))
        time.sleep(0.03)
        good(libc.mprotect(self.at, PAGES * PAGE, READ | WRITE))

    def swap_content(self):
        """The same bytes in other pages."""
        i, j = draw.randrange(PAGES), draw.randrange(PAGES)
        ctypes.memmove(self.at + i * PAGE, self.at + j * PAGE, PAGE)
        self.what[i] = self.what[j]

    def check(self):
        for i, value in enumerate(self.what):
            if ctypes.string_at(self.at + i * PAGE, PAGE) != bytes([value]) * PAGE:
                found = ctypes.string_at(self.at + i * PAGE, 1)[0]
                print(f"page {i} of {'file' if self.of_file else 'memory'}: {found}, not {value}")
                sys.exit(1)


areas = [Area(False), Area(True)]
children = []
for turn in range(int(sys.argv[3])):
    area = draw.choice(areas)
    draw.choice([area.write, area.write, area.give_back, area.map_over, area.move, area.protect, area.swap_content])()
    if turn % 20 == 0:
        child = os.fork()
        if child == 0:
            # Lives on for some cuts with what it has of its parent, and writes of its own.
            for _ in range(6):
                area.write()
                time.sleep(0.02)
                for each in areas:
                    each.check()
            os._exit(0)
        children.append(child)
    if turn % 10 == 0:
        for each in areas:
            each.check()
    time.sleep(0.005)
for each in areas:
    each.check()
failed = [status for child in children if (status := os.waitpid(child, 0)[1])]
print("failed:", failed)
