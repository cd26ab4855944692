/* SPDX-License-Identifier: Apache-2.0 */
/* Host calls: the only `syscall` instructions of the library OS, with the boot and signal-return
 * code in entry/. What may be called is the jail's table. Each returns what the host does: 0 or
 * more, or -E…. */
#ifndef LIBOS_HOST_HOST_H
#define LIBOS_HOST_HOST_H

#include "libos/host/clock.h"

void host_init(void); /* before anything else, once */

long host_call(long nr, long a, long b, long c, long d, long e, long f);

/* A host call, unless the calling thread's attention is set: -EINTR then, as when a kick comes
 * before the host has it. */
long host_call_waiting(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

long host_mmap(void *addr, size_t length, int prot, int flags, int fd, u64 offset);
long host_munmap(void *addr, size_t length);
long host_mprotect(void *addr, size_t length, int prot);
long host_mremap(void *addr, size_t old_length, size_t new_length, int flags, void *new_addr);
long host_madvise(void *addr, size_t length, int advice);
long host_msync(void *addr, size_t length, int flags);
long host_close(int fd);
/* Waits while *word == value, until host_now() is deadline (UINT64_MAX: none).
 * 0, -EAGAIN, -ETIMEDOUT, -EINTR. The word may be shared between processes. */
long host_futex_wait(u32 *word, u32 value, u64 deadline);
/* The same, ended by a kick as host_call_waiting. */
long host_futex_wait_kicked(u32 *word, u32 value, u64 deadline);
long host_futex_wake(u32 *word, int count);
long host_yield(void);
void host_set_fs(u64 base);
void host_set_gs(u64 base);
_Noreturn void host_exit_thread(void);
_Noreturn void host_exit_process(void);

/* Something that must not be happened: tells the kernel, which ends the cell and shows the text. */
/* Marks variables that every fork or exec writes: they lie together, so that it copies one page for
 * all of them and not one for each. */
#define WRITTEN_BY_FORK __attribute__((section("fork_data")))

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define assert_that(condition)                                                                     \
    do {                                                                                           \
        if (unlikely(!(condition)))                                                                \
            panic("%s:%d: %s", __FILE__, __LINE__, #condition);                                    \
    } while (0)

#endif
