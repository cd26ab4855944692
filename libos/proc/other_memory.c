/* SPDX-License-Identifier: Apache-2.0 */
/* process_vm_readv, process_vm_writev and kcmp, on the calling process; another cannot be
 * reached. */
#include <linux/kcmp.h>
#include <linux/uio.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/proc/process.h"

#define MOST_PIECES 1024u
#define CHUNK       4096u

/* A list of pieces that is walked. */
struct cursor {
    const struct iovec *next;
    u64 left; /* pieces */
    struct iovec piece;
};

static long refill(struct cursor *c)
{
    while (!c->piece.iov_len) {
        if (!c->left)
            return 0;
        if (copy_from_user(&c->piece, c->next, sizeof(c->piece)))
            return -EFAULT;
        c->next++;
        c->left--;
    }
    return 1;
}

static void step(struct cursor *c, size_t n)
{
    c->piece.iov_base = (u8 *)c->piece.iov_base + n;
    c->piece.iov_len -= n;
}

static long move(int pid, struct cursor to, struct cursor from, u64 flags)
{
    u8 bounce[CHUNK];
    long done = 0;

    if (flags || to.left > MOST_PIECES || from.left > MOST_PIECES)
        return -EINVAL;
    if (pid != current_process->pid) {
        struct process *p;

        lock_take(&the_cell->lock);
        p = find_process(pid);
        lock_release(&the_cell->lock);
        return p ? -EPERM : -ESRCH;
    }
    for (;;) {
        long a = refill(&to), b = refill(&from);
        size_t n;

        if (a <= 0 || b <= 0)
            return done ? done : MIN(a, b);
        n = MIN(MIN(to.piece.iov_len, from.piece.iov_len), CHUNK);
        if (copy_from_user(bounce, from.piece.iov_base, n) ||
            copy_to_user(to.piece.iov_base, bounce, n))
            return done ? done : -EFAULT;
        step(&to, n);
        step(&from, n);
        done += (long)n;
    }
}

SYSCALL6(process_vm_readv, int, pid, const struct iovec *, local, u64, local_count,
         const struct iovec *, remote, u64, remote_count, u64, flags)
{
    return move(pid, (struct cursor){local, local_count, {0}},
                (struct cursor){remote, remote_count, {0}}, flags);
}

SYSCALL6(process_vm_writev, int, pid, const struct iovec *, local, u64, local_count,
         const struct iovec *, remote, u64, remote_count, u64, flags)
{
    return move(pid, (struct cursor){remote, remote_count, {0}},
                (struct cursor){local, local_count, {0}}, flags);
}

SYSCALL5(kcmp, int, first, int, second, int, type, u64, a, u64, b)
{
    int self = current_process->pid;
    if (first != self || second != self || type != KCMP_FILE)
        return -EPERM;
    struct file *fa = fd_get_path((int)a), *fb = fd_get_path((int)b);
    long r = !fa || !fb ? -EBADF : fa == fb ? 0 : fa < fb ? 1 : 2;
    file_put(fa);
    file_put(fb);
    return r;
}
