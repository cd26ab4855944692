/* SPDX-License-Identifier: Apache-2.0 */
/* fcntl(2), dup(2), close_range(2). */
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/async.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/filelock.h"
#include "libos/fs/pipe.h"
#include "libos/fs/ramfs.h"
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#define SETTABLE ((u32)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME))
#define HIDDEN   ((u32)O_CLOEXEC)
#define ALL_SEALS                                                                                  \
    ((u32)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) |       \
     F_SEAL_EXEC_)
#define F_SEAL_EXEC_   0x20u
#define F_DUPFD_QUERY_ (F_LINUX_SPECIFIC_BASE + 3)

static long duplicate(struct file *f, u64 least, bool close_on_exec)
{
    if (least >= current_process->limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    file_get(f);
    return fd_install(f, (int)least, close_on_exec);
}

static long set_flags(struct file *f, int fd, u32 wish)
{
    if (f->inode && (wish & O_NOATIME) && !(f->flags & O_NOATIME) && !owns_inode(f->inode))
        return -EPERM;
    if ((f->flags ^ wish) & FASYNC) {
        long r = async_set(f, fd, wish & FASYNC);
        if (r && r != -ENOTTY) /* other files take no notice */
            return r;
    }
    u32 flags = (f->flags & ~SETTABLE) | (wish & SETTABLE);
    __atomic_store_n(&f->flags, flags, __ATOMIC_RELAXED);
    return 0;
}

static long get_owner_ex(struct file *f, struct f_owner_ex *user)
{
    struct f_owner_ex o = {f->owner.thread ? F_OWNER_TID : F_OWNER_PID, f->owner.id};
    if (f->owner.id < 0)
        o = (struct f_owner_ex){F_OWNER_PGRP, -f->owner.id};
    return put_user(user, o);
}

static long set_owner_ex(struct file *f, const struct f_owner_ex *user)
{
    struct f_owner_ex o;
    if (get_user(o, user))
        return -EFAULT;
    if (o.type != F_OWNER_TID && o.type != F_OWNER_PID && o.type != F_OWNER_PGRP)
        return -EINVAL;
    async_set_owner(f, o.type == F_OWNER_PGRP ? -o.pid : o.pid, o.type == F_OWNER_TID);
    return 0;
}

static long record_lock(struct file *f, u32 command, struct flock *user)
{
    struct flock lock;
    if (get_user(lock, user))
        return -EFAULT;
    long r = file_lock_command(f, command, &lock);
    bool asks = command == F_GETLK || command == F_OFD_GETLK;
    return !r && asks ? put_user(user, lock) : r;
}

/* Seals are a RAM file's; `add` 0 asks. */
static long seals(struct file *f, bool set, u32 add)
{
    if (!f->inode || !is_ram_file(f->inode))
        return -EINVAL;
    struct inode *i = f->inode;
    long r;
    lock_take(&i->lock);
    struct ram_file *data = ram_file_data(i);
    if (!data)
        r = -ENOMEM;
    else if (!data->is_memfd && !data->seals)
        r = set ? -EINVAL : F_SEAL_SEAL;
    else if (!set)
        r = data->seals;
    else if (add & ~ALL_SEALS)
        r = -EINVAL;
    else if (!file_writable(f) || (data->seals & F_SEAL_SEAL))
        r = -EPERM;
    else if ((add & F_SEAL_WRITE) && !(data->seals & F_SEAL_WRITE) && i->map_writers)
        r = -EBUSY;
    else {
        data->seals |= add;
        r = 0;
    }
    lock_release(&i->lock);
    return r;
}

/* Commands that only look at the descriptor: these an O_PATH file has too. */
static long descriptor_command(int fd, struct file *f, u32 command, u64 argument)
{
    switch (command) {
    case F_DUPFD: return duplicate(f, argument, false);
    case F_DUPFD_CLOEXEC: return duplicate(f, argument, true);
    case F_GETFD: return fd_flag(fd);
    case F_SETFD: return fd_set_flag(fd, argument & FD_CLOEXEC);
    case F_GETFL: return f->flags & ~HIDDEN;
    default: return -ENOSYS;
    }
}

static long signal_command(struct file *f, u32 command, u64 argument)
{
    switch (command) {
    case F_SETOWN:
        if ((int)argument == INT32_MIN)
            return -EINVAL;
        async_set_owner(f, (int)argument, false);
        return 0;
    case F_GETOWN: return f->owner.id;
    case F_SETSIG:
        if (argument > SIGNAL_COUNT)
            return -EINVAL;
        f->owner.signo = (int)argument;
        return 0;
    case F_GETSIG: return f->owner.signo;
    case F_SETOWN_EX: return set_owner_ex(f, (const void *)argument);
    case F_GETOWN_EX: return get_owner_ex(f, (void *)argument);
    default: return -EINVAL;
    }
}

static bool same_file(struct file *f, int other_fd)
{
    struct file *other = fd_get_path(other_fd);
    file_put(other);
    return f == other;
}

static long file_command(struct file *f, int fd, u32 command, u64 argument)
{
    switch (command) {
    case F_SETFL: return set_flags(f, fd, (u32)argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return record_lock(f, command, (void *)argument);
    case F_GETPIPE_SZ: return pipe_get_size(f);
    case F_SETPIPE_SZ: return pipe_set_size(f, argument);
    case F_ADD_SEALS: return seals(f, true, (u32)argument);
    case F_GET_SEALS: return seals(f, false, 0);
    case F_GETLEASE: return F_UNLCK;
    case F_DUPFD_QUERY_: return same_file(f, (int)argument);
    default: return signal_command(f, command, argument);
    }
}

SYSCALL3(fcntl, int, fd, u32, command, u64, argument)
{
    struct file *f = fd_get_path(fd);
    if (!f)
        return -EBADF;
    long r = descriptor_command(fd, f, command, argument);
    if (r == -ENOSYS)
        r = f->flags & O_PATH ? -EBADF : file_command(f, fd, command, argument);
    file_put(f);
    return r;
}

SYSCALL1(dup, int, fd)
{
    struct file *f = fd_get_path(fd);
    return f ? fd_install(f, 0, false) : -EBADF;
}

SYSCALL2(dup2, int, from, int, to)
{
    struct file *f = fd_get_path(from);
    if (!f)
        return -EBADF;
    if (from == to) {
        file_put(f);
        return to;
    }
    return fd_replace(f, to, false);
}

SYSCALL3(dup3, int, from, int, to, u32, flags)
{
    if ((flags & ~(u32)O_CLOEXEC) || from == to)
        return -EINVAL;
    struct file *f = fd_get_path(from);
    return f ? fd_replace(f, to, flags & O_CLOEXEC) : -EBADF;
}

/* CLOSE_RANGE_UNSHARE: the table becomes the process's own. */
static long unshare_table(void)
{
    struct process *p = current_process;
    struct fdtable *copy = fdtable_copy(p->files), *old = p->files;
    if (!copy)
        return -ENOMEM;
    p->files = copy;
    fdtable_put(old);
    return 0;
}

SYSCALL3(close_range, u32, first, u32, last, u32, flags)
{
    if ((flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    long r = flags & CLOSE_RANGE_UNSHARE && fdtable_is_shared(current_process->files)
                 ? unshare_table()
                 : 0;
    if (r)
        return r;
    if (flags & CLOSE_RANGE_CLOEXEC)
        fd_flag_range(first, last);
    else
        fd_close_range(first, last);
    return 0;
}
