/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/host/host.h"
#include "libos/host/clock.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/entry/errno.h"

#include <asm/prctl.h>
#include <asm/unistd.h>
#include <linux/futex.h>

#define HWCAP2_FSGSBASE 2u

long host_call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

long host_mmap(void *addr, size_t length, int prot, int flags, int fd, u64 offset)
{
    return host_call(__NR_mmap, (long)addr, (long)length, prot, flags, fd, (long)offset);
}

long host_munmap(void *addr, size_t length)
{
    return host_call(__NR_munmap, (long)addr, (long)length, 0, 0, 0, 0);
}

long host_mprotect(void *addr, size_t length, int prot)
{
    return host_call(__NR_mprotect, (long)addr, (long)length, prot, 0, 0, 0);
}

long host_mremap(void *addr, size_t old_length, size_t new_length, int flags, void *new_addr)
{
    return host_call(__NR_mremap, (long)addr, (long)old_length, (long)new_length, flags,
                     (long)new_addr, 0);
}

long host_madvise(void *addr, size_t length, int advice)
{
    return host_call(__NR_madvise, (long)addr, (long)length, advice, 0, 0, 0);
}

long host_msync(void *addr, size_t length, int flags)
{
    return host_call(__NR_msync, (long)addr, (long)length, flags, 0, 0, 0);
}

long host_close(int fd)
{
    return host_call(__NR_close, fd, 0, 0, 0, 0, 0);
}

/* FUTEX_WAIT_BITSET, because its timeout is absolute. */
struct host_time {
    s64 seconds, nanoseconds;
};

/* NULL: for ever. */
static struct host_time *time_of(u64 deadline, struct host_time *time)
{
    deadline = deadline_of_host(deadline);
    time->seconds = (s64)(deadline / 1000000000u);
    time->nanoseconds = (s64)(deadline % 1000000000u);
    return deadline == UINT64_MAX ? NULL : time;
}

long host_futex_wait(u32 *word, u32 value, u64 deadline)
{
    struct host_time time;
    return host_call(__NR_futex, (long)word, FUTEX_WAIT_BITSET, value,
                     (long)time_of(deadline, &time), 0, (long)FUTEX_BITSET_MATCH_ANY);
}

long host_futex_wait_kicked(u32 *word, u32 value, u64 deadline)
{
    struct host_time time;
    return host_call_waiting(__NR_futex, (u64)word, FUTEX_WAIT_BITSET, value,
                             (u64)time_of(deadline, &time), 0, FUTEX_BITSET_MATCH_ANY);
}

long host_futex_wake(u32 *word, int count)
{
    return host_call(__NR_futex, (long)word, FUTEX_WAKE, count, 0, 0, 0);
}

long host_yield(void)
{
    return host_call(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
}

static bool has_fsgsbase; /* a copy: the boot record is a page that nothing else needs */

void host_init(void)
{
    has_fsgsbase = (the_boot->hwcap2 & HWCAP2_FSGSBASE) != 0;
}

void host_set_fs(u64 base)
{
    if (likely(has_fsgsbase))
        __asm__ volatile("wrfsbase %0" ::"r"(base) : "memory");
    else
        host_call(__NR_arch_prctl, ARCH_SET_FS, (long)base, 0, 0, 0, 0);
}

void host_set_gs(u64 base)
{
    if (likely(has_fsgsbase))
        __asm__ volatile("wrgsbase %0" ::"r"(base) : "memory");
    else
        host_call(__NR_arch_prctl, ARCH_SET_GS, (long)base, 0, 0, 0, 0);
}

_Noreturn void host_exit_thread(void)
{
    for (;;)
        host_call(__NR_exit, 0, 0, 0, 0, 0, 0);
}

_Noreturn void host_exit_process(void)
{
    for (;;)
        host_call(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Uses the last message buffer without asking for it: the owner, if there is one, is about to die.
 */
_Noreturn void panic(const char *format, ...)
{
    u32 last = RF_MSG_BUFFERS - 1;
    struct rf_msg *m = (struct rf_msg *)(the_window->messages + last * RF_MSG_STRIDE);
    va_list args;
    va_start(args, format);
    int n = format_args((char *)m->data, 1024, format, args);
    va_end(args);
    m->data_length = (u32)MIN(n, 1023);
    m->cap_count = 0;
    invoke_message(RF_SLOT_CELL, RF_OP_PANIC, m, 0, 0, 0, 0);
    host_exit_process();
}
