# SPDX-License-Identifier: Apache-2.0
import errno, os, sys
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
print(libc.abs(-5), libc.strlen(b"four"), ctypes.CDLL("libm.so.6").labs(-3))
libm = ctypes.CDLL("libm.so.6")
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
print(libm.cos(0.0))
numbers = (ctypes.c_int * 6)(5, 2, 9, 1, 7, 3)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc.qsort(numbers, 6, 4, compare(lambda a, b: a[0] - b[0]))
print(list(numbers))


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


t = Timespec()
print(libc.clock_gettime(1, ctypes.byref(t)), t.seconds >= 0)
print(libc.open(b"/none", 0), errno.errorcode[ctypes.get_errno()])
print(libc.syscall(39) == os.getpid(), libc.getppid() == os.getppid(), libc.syscall(9999), ctypes.get_errno())
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
code = bytes.fromhex("b82a000000c3")  # mov eax, 42; ret
ctypes.memmove(page, code, len(code))
print(ctypes.CFUNCTYPE(ctypes.c_int)(page)())
code = bytes.fromhex("b827000000" "0f05" "c3")  # mov eax, 39 (getpid); syscall; ret
ctypes.memmove(page, code, len(code))
print([ctypes.CFUNCTYPE(ctypes.c_int)(page)() == os.getpid() for _ in range(3)])
print("done")
