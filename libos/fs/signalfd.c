/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2). It holds only a set of signals: reading takes pending signals of whoever reads. */
#include <linux/fcntl.h>
#include <linux/signalfd.h>
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/proc/signal.h"

#define SIGKILL_NUMBER 9
#define SIGSTOP_NUMBER 19
#define SIGCHLD_NUMBER 17
#define SI_TIMER_CODE  (-2)

struct signalfd {
    sigset set;
};

static const struct file_ops signalfd_ops;

static sigset pending_now(void)
{
    return __atomic_load_n(&current()->signals.pending.set, __ATOMIC_ACQUIRE) |
           __atomic_load_n(&current_process->signals.pending.set, __ATOMIC_ACQUIRE);
}

/* The Linux ABI's siginfo_t keeps these at fixed places behind its first 16 bytes. */
static u32 word_at(const struct siginfo *info, u32 offset)
{
    u32 value;
    memcpy(&value, info->rest + offset, sizeof(value));
    return value;
}

static u64 long_at(const struct siginfo *info, u32 offset)
{
    u64 value;
    memcpy(&value, info->rest + offset, sizeof(value));
    return value;
}

static struct signalfd_siginfo translate(const struct siginfo *info)
{
    struct signalfd_siginfo out = {
        .ssi_signo = (u32)info->signo, .ssi_errno = info->error, .ssi_code = info->code};
    if (info->code == SI_TIMER_CODE) {
        out.ssi_tid = word_at(info, 0);
        out.ssi_overrun = word_at(info, 4);
    } else {
        out.ssi_pid = word_at(info, 0);
        out.ssi_uid = word_at(info, 4);
    }
    if (info->signo == SIGCHLD_NUMBER) {
        out.ssi_status = (s32)word_at(info, 8);
        out.ssi_utime = long_at(info, 16);
        out.ssi_stime = long_at(info, 24);
    } else {
        out.ssi_ptr = long_at(info, 8);
        out.ssi_int = (s32)word_at(info, 8);
    }
    return out;
}

/* Takes a signal of the set, waiting for one if it must. Its number, -EAGAIN, -ERESTARTSYS. */
static long await_signal(sigset set, bool nonblocking, struct siginfo *info)
{
    struct waiter *w = &current()->waiter;
    for (;;) {
        u32 ticket = wake_ticket();
        int signo = take_signal(set, info);
        if (signo)
            return signo;
        if (nonblocking)
            return -EAGAIN;
        *w = (struct waiter){.wake = wake_waiter_thread, .events = ~0u, .thread = current()};
        waitq_add(&current_process->signals.arrivals, w);
        long r = pending_now() & set ? 0 : sleep_until_woken(ticket, FOREVER);
        waitq_remove(w);
        if (r == -EINTR)
            return -ERESTARTSYS;
    }
}

static long signalfd_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct signalfd *s = f->data;
    struct siginfo info;
    long done = 0;
    if (io->left < sizeof(struct signalfd_siginfo))
        return -EINVAL;
    while (io->left >= sizeof(struct signalfd_siginfo)) {
        long signo = await_signal(s->set, done || (f->flags & O_NONBLOCK), &info);
        if (signo < 0)
            return done ? done : signo;
        struct signalfd_siginfo out = translate(&info);
        long r = io_put(io, &out, sizeof(out));
        if (r < 0)
            return done ? done : r;
        done += r;
    }
    return done;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
    struct signalfd *s = f->data;
    poll_register(pt, &current_process->signals.arrivals);
    return pending_now() & s->set ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
    heap_free(f->data);
}

static const struct file_ops signalfd_ops = {
    .name = "anon_inode:[signalfd]",
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
    .getattr = anonymous_getattr,
};

static long change_set(int fd, sigset set)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    struct signalfd *s = ref.file->ops == &signalfd_ops ? ref.file->data : NULL;
    if (s) {
        s->set = set;
        waitq_wake(&current_process->signals.arrivals, POLLIN);
    }
    fd_release(ref);
    return s ? fd : -EINVAL;
}

static long make_signalfd(int fd, const sigset *user_set, size_t size, u32 flags)
{
    sigset set;
    if ((flags & ~(u32)(O_CLOEXEC | O_NONBLOCK)) || size != sizeof(set))
        return -EINVAL;
    if (get_user(set, user_set))
        return -EFAULT;
    set &= ~(SIGBIT(SIGKILL_NUMBER) | SIGBIT(SIGSTOP_NUMBER));
    if (fd != -1)
        return change_set(fd, set);
    struct signalfd *s = heap_alloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->set = set;
    return anonymous_install(&signalfd_ops, s, O_RDWR | flags);
}

SYSCALL4(signalfd4, int, fd, const sigset *, set, size_t, size, u32, flags)
{
    return make_signalfd(fd, set, size, flags);
}

SYSCALL3(signalfd, int, fd, const sigset *, set, size_t, size)
{
    return make_signalfd(fd, set, size, 0);
}
