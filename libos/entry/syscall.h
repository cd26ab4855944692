/* SPDX-License-Identifier: Apache-2.0 */
/* Defining system calls.
 *
 *     SYSCALL3(read, int, fd, void *, buffer, size_t, count)
 *     {
 *         ...
 *     }
 *
 * defines sys_read, which entry/syscalls.def names. A call that is in the table and that nobody
 * defines answers -ENOSYS, is listed as such in docs/syscalls.md, and is shown by --trace as
 * unimplemented. The body runs on the library OS stack of the calling thread, may sleep, and
 * returns 0 or more, or -E….
 */
#ifndef LIBOS_ENTRY_SYSCALL_H
#define LIBOS_ENTRY_SYSCALL_H

#include "base/types.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"

typedef long syscall_handler(long, long, long, long, long, long);

#define SYSCALL_WRAP_(name, call)                                                                  \
    syscall_handler sys_##name;                                                                    \
    long sys_##name(long a __attribute__((unused)), long b __attribute__((unused)),                \
                    long c __attribute__((unused)), long d __attribute__((unused)),                \
                    long e __attribute__((unused)), long f __attribute__((unused)))                \
    {                                                                                              \
        return call;                                                                               \
    }
#define SYSCALL0(name)                                                                             \
    static inline long body_##name(void);                                                          \
    SYSCALL_WRAP_(name, body_##name())                                                             \
    static inline long body_##name(void)
#define SYSCALL1(name, ta, na)                                                                     \
    static inline long body_##name(ta na);                                                         \
    SYSCALL_WRAP_(name, body_##name((ta)a))                                                        \
    static inline long body_##name(ta na)
#define SYSCALL2(name, ta, na, tb, nb)                                                             \
    static inline long body_##name(ta na, tb nb);                                                  \
    SYSCALL_WRAP_(name, body_##name((ta)a, (tb)b))                                                 \
    static inline long body_##name(ta na, tb nb)
#define SYSCALL3(name, ta, na, tb, nb, tc, nc)                                                     \
    static inline long body_##name(ta na, tb nb, tc nc);                                           \
    SYSCALL_WRAP_(name, body_##name((ta)a, (tb)b, (tc)c))                                          \
    static inline long body_##name(ta na, tb nb, tc nc)
#define SYSCALL4(name, ta, na, tb, nb, tc, nc, td, nd)                                             \
    static inline long body_##name(ta na, tb nb, tc nc, td nd);                                    \
    SYSCALL_WRAP_(name, body_##name((ta)a, (tb)b, (tc)c, (td)d))                                   \
    static inline long body_##name(ta na, tb nb, tc nc, td nd)
#define SYSCALL5(name, ta, na, tb, nb, tc, nc, td, nd, te, ne)                                     \
    static inline long body_##name(ta na, tb nb, tc nc, td nd, te ne);                             \
    SYSCALL_WRAP_(name, body_##name((ta)a, (tb)b, (tc)c, (td)d, (te)e))                            \
    static inline long body_##name(ta na, tb nb, tc nc, td nd, te ne)
#define SYSCALL6(name, ta, na, tb, nb, tc, nc, td, nd, te, ne, tf, nf)                             \
    static inline long body_##name(ta na, tb nb, tc nc, td nd, te ne, tf nf);                      \
    SYSCALL_WRAP_(name, body_##name((ta)a, (tb)b, (tc)c, (td)d, (te)e, (tf)f))                     \
    static inline long body_##name(ta na, tb nb, tc nc, td nd, te ne, tf nf)

#endif
