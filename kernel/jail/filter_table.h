/* SPDX-License-Identifier: Apache-2.0 */
/* Every host call that code in a cell may make, with its reason: the one table. The filter is
 * generated from it, and a test compares it with what really gets through.
 *
 *   ROW(name, action, check, reason)     in the order in which the filter asks: often used ones
 * first
 *
 * action   ALLOW    the host kernel serves it
 *          NOTIFY   the kernel decides (user notification)
 * check    ANY, or one of the following; a call that fails it is trapped as any other. Arguments
 * are C ints or their bits, of which the host kernel looks at the low half only: ONE_OF(arg, set)
 * argument `arg` is a value of the set, one of the lists below NO_BITS(arg, bits)      the low half
 * of the argument has none of the bits MASKED_ONE_OF(arg, ignored, set)   as ONE_OF, with the
 * ignored bits cleared
 *
 * All rows hold for calls from the library OS's code only (RF_LIBOS_BASE, RF_LIBOS_CODE_SIZE): that
 * is so that a program's own calls trap into the library OS. It protects nothing: a hostile cell
 * can jump there. Everything not in the table raises SIGSYS. */
#ifndef KERNEL_JAIL_FILTER_TABLE_H
#define KERNEL_JAIL_FILTER_TABLE_H

#define FILTER_ROWS(ROW)                                                                           \
    ROW(futex, ALLOW, MASKED_ONE_OF(1, FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, futex_ops),      \
        "all sleeping and waking in a cell; no priority inheritance, which acts on host threads")  \
    ROW(mmap, ALLOW, NO_BITS(3, MAP_HUGETLB | MAP_LOCKED | MAP_GROWSDOWN),                         \
        "memory, and files whose descriptors were granted; huge and locked pages are the host's")  \
    ROW(munmap, ALLOW, ANY, "memory of the process itself")                                        \
    ROW(madvise, ALLOW, ONE_OF(2, madvise_advices), "memory of the process itself")                \
    ROW(mprotect, ALLOW, ANY, "memory of the process itself; programs that compile need it")       \
    ROW(clone, NOTIFY, MASKED_ONE_OF(0, CLONE_OPTIONAL, clone_flags),                              \
        "threads and processes: exactly these flags, charged by the kernel before they exist")     \
    ROW(rt_sigreturn, ALLOW, ANY, "ends a signal handler")                                         \
    ROW(rt_sigprocmask, ALLOW, ANY, "the calling thread's own signal mask")                        \
    ROW(close, ALLOW, ANY, "granted descriptors; there are no others")                             \
    ROW(mremap, ALLOW, ANY, "memory of the process itself")                                        \
    ROW(exit, ALLOW, ANY, "ends the calling thread")                                               \
    ROW(exit_group, ALLOW, ANY, "ends the calling process")                                        \
    ROW(arch_prctl, ALLOW, ONE_OF(0, arch_prctl_codes), "segment bases of the calling thread")     \
    ROW(sched_yield, ALLOW, ANY, "gives the processor away")                                       \
    ROW(clock_gettime, ALLOW, ONE_OF(0, clock_ids),                                                \
        "the host's clocks and the cpu clocks of the caller; not those of other processes")        \
    ROW(rt_sigaction, ALLOW, ANY, "handlers of the process itself, above all that of SIGSYS")      \
    ROW(sigaltstack, ALLOW, ANY, "the calling thread's signal stack")                              \
    ROW(msync, ALLOW, ANY, "writes back granted files that were mapped for writing")               \
    ROW(mincore, ALLOW, ANY, "which pages of the process are resident")                            \
    ROW(membarrier, ALLOW, ONE_OF(0, membarrier_commands), "barriers among the process's threads") \
    ROW(getrandom, ALLOW, ANY, "random numbers")                                                   \
    ROW(restart_syscall, ALLOW, ANY,                                                               \
        "the host's way to go on with a wait that the table let through, after a stop")            \
    ROW(userfaultfd, ALLOW, ONE_OF(0, userfaultfd_flags),                                          \
        "has the kernel see what the process wrote; nothing in a cell can be done with it")        \
    ROW(getpid, ALLOW, ANY, "to name itself in KICK")                                              \
    ROW(gettid, ALLOW, ANY, "to name itself in KICK")

/* Sets: LIST(name, value...). */
#define FILTER_SETS(LIST)                                                                          \
    LIST(futex_ops, FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_REQUEUE,   \
         FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP)                                                         \
    LIST(madvise_advices, MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_NORMAL, MADV_RANDOM,         \
         MADV_SEQUENTIAL, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_POPULATE_READ,       \
         MADV_POPULATE_WRITE, MADV_DONTFORK, MADV_DOFORK, MADV_COLD)                               \
    LIST(clone_flags, CLONE_THREAD_FLAGS, CLONE_FORK_FLAGS, CLONE_FORK_FLAGS | SIGCHLD)            \
    LIST(arch_prctl_codes, ARCH_SET_FS, ARCH_SET_GS, ARCH_GET_FS, ARCH_GET_GS)                     \
    LIST(clock_ids, CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,                     \
         CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,                      \
         CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI)                                        \
    LIST(userfaultfd_flags, UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK)                          \
    LIST(membarrier_commands, MEMBARRIER_CMD_QUERY, MEMBARRIER_CMD_PRIVATE_EXPEDITED,              \
         MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,    \
         MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* A thread of the caller, or a process that is the kernel's child and not the caller's. */
#define CLONE_THREAD_FLAGS                                                                         \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define CLONE_FORK_FLAGS CLONE_PARENT
/* Allowed with both: where the new task's number goes, and its segment base. */
#define CLONE_OPTIONAL                                                                             \
    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

#endif
