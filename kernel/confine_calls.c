/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are not listed fail with ENOSYS: the C library then does without where it can. */
#include "kernel/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/report.h"

#define SYS_fchmodat2_number 452

static u16 allowed[] = {
    /* the event loop, waking, time */
    SYS_ioctl,
    SYS_epoll_wait,
    SYS_epoll_pwait,
    SYS_epoll_ctl,
    SYS_futex,
    SYS_poll,
    SYS_clock_gettime,
    SYS_timerfd_settime,
    SYS_timerfd_create,
    SYS_clock_nanosleep,
    SYS_timer_create, /* alarms on the clocks of cells' processes */
    SYS_timer_settime,
    SYS_timer_delete,
    SYS_restart_syscall,
    /* reading and writing what is open */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_preadv,
    SYS_lseek,
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_socketpair,
    SYS_accept4,
    SYS_getsockopt,
    SYS_memfd_create,
    SYS_close,
    SYS_fcntl,
    SYS_getdents64,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    /* granted directories */
    SYS_openat,
    SYS_openat2,
    SYS_statx,
    SYS_newfstatat,
    SYS_fstat,
    SYS_fstatfs,
    SYS_readlinkat,
    SYS_unlink,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat, /* what renameat2(3) uses when there are no flags */
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchmodat2_number,
    SYS_chmod,
    SYS_fchownat,
    SYS_fchown,
    SYS_utimensat,
    SYS_lgetxattr,
    SYS_lsetxattr,
    SYS_llistxattr,
    SYS_lremovexattr,
    SYS_rmdir,
    /* the cell's processes */
    SYS_tgkill,
    SYS_wait4,
    SYS_waitid,
    SYS_getsid,
    SYS_sched_setaffinity,
    SYS_process_vm_readv, /* their memory at a cut, */
    SYS_pidfd_open,       /* and what tells that it was written */
    SYS_pidfd_getfd,
    /* the process itself */
    SYS_munmap,
    SYS_brk,
    SYS_mremap,
    SYS_madvise,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_getpid,
    SYS_gettid,
    SYS_getpgrp,
    SYS_getrandom,
    SYS_sched_getaffinity,
    SYS_sysinfo,
    SYS_exit,
    SYS_exit_group,
};

static struct sock_filter program[ARRAY_SIZE(allowed) * 4 + 32];
static u32 length;

static void emit(u16 code, u32 k, u32 if_true, u32 if_false)
{
    program[length++] = (struct sock_filter){code, (u8)if_true, (u8)if_false, k};
}

static void load(size_t offset)
{
    emit(BPF_LD | BPF_W | BPF_ABS, (u32)offset, 0, 0);
}

static void answer(u32 action)
{
    emit(BPF_RET | BPF_K, action, 0, 0);
}

/* Call nr with argument `arg` having none of `bits`. */
static void allow_without_bits(u32 nr, u32 arg, u32 bits)
{
    emit(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4);
    load(offsetof(struct seccomp_data, args) + arg * sizeof(u64));
    emit(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    answer(SECCOMP_RET_ALLOW);
    answer(SECCOMP_RET_ERRNO | EACCES);
}

/* Signals go to process groups, which a host user other than ours has nothing of, and to this
 * process; not to everybody (-1) and not to its own group (0). */
static void allow_kill(u32 self)
{
    emit(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 6);
    load(offsetof(struct seccomp_data, args));
    emit(BPF_JMP | BPF_JEQ | BPF_K, self, 2, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, (u32)-1, 2, 0);
    emit(BPF_JMP | BPF_JSET | BPF_K, 0x80000000u, 0, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(SECCOMP_RET_ERRNO | EPERM);
}

static int by_number(const void *a, const void *b)
{
    return *(const u16 *)a - *(const u16 *)b;
}

/* A search tree over allowed[first..end): the host runs the program for every call number when the
 * filter is installed, so a chain of comparisons would cost more than all of the rest. */
static void allow_between(u32 first, u32 end)
{
    u32 middle = (first + end) / 2, jump;

    if (end - first > 2) {
        jump = length;
        emit(BPF_JMP | BPF_JGE | BPF_K, allowed[middle], 0, 0);
        allow_between(first, middle);
        program[jump].jt = (u8)(length - jump - 1);
        allow_between(middle, end);
        return;
    }
    for (u32 i = first; i < end; i++) {
        emit(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
        answer(SECCOMP_RET_ALLOW);
    }
    answer(SECCOMP_RET_ERRNO | ENOSYS);
}

void confine_calls(void)
{
    struct sock_fprog fprog = {.filter = program};

    qsort(allowed, ARRAY_SIZE(allowed), sizeof(allowed[0]), by_number);
    load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(struct seccomp_data, nr));
    allow_without_bits(SYS_mmap, 2, PROT_EXEC);
    allow_without_bits(SYS_mprotect, 2, PROT_EXEC);
    allow_kill((u32)getpid());
    allow_between(0, ARRAY_SIZE(allowed));
    fprog.len = (unsigned short)length;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &fprog) < 0)
        fail_errno(errno, "cannot confine the kernel process (seccomp)");
}
