/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd_open and its friends. The state is shared by all descriptors of one process and outlives
 * it. */
#include <linux/fcntl.h>
#include <linux/wait.h>

#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"
#include "libos/proc/pidfd.h"
#include "libos/proc/tree.h"

struct pidfd_state {
    u32 references; /* open files, and one of the process */
    bool ended;
    struct process *process; /* NULL once it was waited for; the_cell->lock */
    int pid;
    struct waitq changed;
};

static void state_put(struct pidfd_state *s)
{
    if (__atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) == 0)
        heap_free(s);
}

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
    struct pidfd_state *s = f->data;

    poll_register(pt, &s->changed);
    return __atomic_load_n(&s->ended, __ATOMIC_ACQUIRE) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *f)
{
    state_put(f->data);
}

static const struct file_ops pidfd_ops = {
    .name = "[pidfd]",
    .poll = pidfd_poll,
    .release = pidfd_release,
};

static struct pidfd_state *state_of(struct process *p)
{
    struct pidfd_state *s = p->pidfd;

    if (!s) {
        s = heap_alloc(sizeof(*s));
        if (!s)
            return NULL;
        s->references = 1;
        s->ended = p->state == PROCESS_ZOMBIE;
        s->process = p;
        s->pid = p->pid;
        waitq_init(&s->changed);
        p->pidfd = s;
    }
    __atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
    return s;
}

static long install(struct pidfd_state *s, u32 flags)
{
    struct file *f;

    if (!s)
        return -ENOMEM;
    f = file_new(&pidfd_ops, O_RDWR | flags, NULL, NULL);
    if (!f) {
        state_put(s);
        return -ENOMEM;
    }
    f->data = s;
    return fd_install(f, 0, true);
}

long pidfd_open_for(struct process *p, u32 flags)
{
    struct pidfd_state *s;

    lock_take(&the_cell->lock);
    s = state_of(p);
    lock_release(&the_cell->lock);
    return install(s, flags);
}

void pidfd_process_ended(struct process *p)
{
    if (p->pidfd) {
        __atomic_store_n(&p->pidfd->ended, true, __ATOMIC_RELEASE);
        waitq_wake(&p->pidfd->changed, POLLIN | POLLRDNORM);
    }
}

void pidfd_process_gone(struct process *p)
{
    if (p->pidfd) {
        p->pidfd->process = NULL;
        state_put(p->pidfd);
        p->pidfd = NULL;
    }
}

long pidfd_pid(int fd, u32 *wait_options)
{
    struct file *f = fd_get(fd);
    long pid = -EBADF;

    if (!f)
        return -EBADF;
    if (f->ops == &pidfd_ops) {
        pid = ((struct pidfd_state *)f->data)->pid;
        if ((f->flags & O_NONBLOCK) && wait_options)
            *wait_options |= WNOHANG;
    }
    file_put(f);
    return pid;
}

SYSCALL2(pidfd_open, int, pid, u32, flags)
{
    struct pidfd_state *s = NULL;
    struct process *p;

    if ((flags & ~(u32)O_NONBLOCK) || pid <= 0)
        return -EINVAL;
    lock_take(&the_cell->lock);
    p = find_process(pid);
    if (p)
        s = state_of(p);
    else if (find_thread(pid)) {
        lock_release(&the_cell->lock);
        return -EINVAL;
    }
    lock_release(&the_cell->lock);
    return p ? install(s, flags) : -ESRCH;
}

static long send_by_state(struct pidfd_state *s, int signo, const struct siginfo *info)
{
    long r = -ESRCH;

    lock_take(&the_cell->lock);
    if (s->process)
        r = signo ? send_signal_to_process(s->process, signo, info) : 0;
    lock_release(&the_cell->lock);
    return r;
}

SYSCALL4(pidfd_send_signal, int, fd, int, signo, const struct siginfo *, user, u32, flags)
{
    struct siginfo info;
    struct file *f;
    long r = -EBADF;

    if (flags || signo < 0 || signo > SIGNAL_COUNT)
        return -EINVAL;
    if (user) {
        if (copy_from_user(&info, user, sizeof(info)))
            return -EFAULT;
        if (info.signo != signo)
            return -EINVAL;
    } else {
        siginfo_from_user(&info, signo, 0);
    }
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    if (f->ops == &pidfd_ops)
        r = send_by_state(f->data, signo, &info);
    file_put(f);
    return r;
}

SYSCALL3(pidfd_getfd, int, fd, int, target, u32, flags)
{
    struct pidfd_state *s;
    struct file *f, *found = NULL;

    if (flags)
        return -EINVAL;
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    if (f->ops != &pidfd_ops) {
        file_put(f);
        return -EBADF;
    }
    s = f->data;
    lock_take(&the_cell->lock);
    if (s->process && s->process->files)
        found = fdtable_get(s->process->files, target);
    lock_release(&the_cell->lock);
    file_put(f);
    return found ? fd_install(found, 0, true) : -EBADF;
}
