/* SPDX-License-Identifier: Apache-2.0 */
/* chmod(2), chown(2), utimensat(2), access(2) and their kin, umask(2). */
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include "libos/time/clock.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

/* A change of attributes: decides and fills in s. Namespace lock held. */
typedef long change(struct inode *i, const void *wish, struct rf_setattr *s);

static long set_attr(struct dentry *d, change *decide, const void *wish)
{
    struct rf_setattr s = {.which = 0};
    struct inode *i = d->inode;
    if (i->fs->read_only)
        return -EROFS;
    long r = decide(i, wish, &s);
    if (!r && s.which)
        r = i->ops->setattr ? i->ops->setattr(i, d, &s) : -EPERM;
    if (!r && s.which)
        notify_change(i, d, IN_ATTRIB);
    return r;
}

static u32 walk_flags(int flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

static long set_attr_at(int dirfd, const char *path, int flags, change *decide, const void *wish)
{
    struct dentry *d;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    long r = path_walk_at(dirfd, path, walk_flags(flags), &d);
    if (r)
        return r;
    r = set_attr(d, decide, wish);
    namespace_unlock();
    dentry_put(d);
    return r;
}

static long set_attr_file(struct file *f, change *decide, const void *wish)
{
    struct rf_setattr s = {.which = 0};
    if (f->dentry) {
        namespace_lock();
        long r = set_attr(f->dentry, decide, wish);
        namespace_unlock();
        return r;
    }
    if (!f->inode)
        return 0; /* an anonymous object: nobody can see it */
    long r = decide(f->inode, wish, &s);
    if (!r && f->inode->ops->setattr)
        r = f->inode->ops->setattr(f->inode, NULL, &s);
    return r;
}

static long set_attr_fd(int fd, change *decide, const void *wish)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = set_attr_file(ref.file, decide, wish);
    fd_release(ref);
    return r;
}

static long decide_mode(struct inode *i, const void *wish, struct rf_setattr *s)
{
    u32 mode = *(const u32 *)wish & 07777;
    const struct process *p = current_process;
    if (!owns_inode(i))
        return -EPERM;
    if (S_ISLNK(i->mode))
        return -EOPNOTSUPP;
    if (p->fsuid && !in_group(p, i->gid))
        mode &= ~(u32)S_ISGID;
    s->which = RF_SETATTR_MODE;
    s->mode = mode;
    return 0;
}

SYSCALL2(chmod, const char *, path, u32, mode)
{
    return set_attr_at(AT_FDCWD, path, 0, decide_mode, &mode);
}

SYSCALL2(fchmod, int, fd, u32, mode)
{
    return set_attr_fd(fd, decide_mode, &mode);
}

SYSCALL3(fchmodat, int, dirfd, const char *, path, u32, mode)
{
    return set_attr_at(dirfd, path, 0, decide_mode, &mode);
}

SYSCALL4(fchmodat2, int, dirfd, const char *, path, u32, mode, int, flags)
{
    return set_attr_at(dirfd, path, flags, decide_mode, &mode);
}

struct owner {
    u32 uid, gid;
};
#define UNCHANGED 0xffffffffu

static bool may_give(const struct inode *i, const struct owner *o)
{
    const struct process *p = current_process;
    if (p->fsuid == 0)
        return true;
    if (o->uid != UNCHANGED && (o->uid != i->uid || p->fsuid != i->uid))
        return false;
    return o->gid == UNCHANGED || (p->fsuid == i->uid && (o->gid == i->gid || in_group(p, o->gid)));
}

/* A change of owner takes the set-id bits of a program away. */
static void owner_drops_set_id(const struct inode *i, struct rf_setattr *s)
{
    if (!S_ISREG(i->mode) || !(i->mode & (S_ISUID | S_ISGID)))
        return;
    s->which |= RF_SETATTR_MODE;
    s->mode = i->mode & 07777 & ~(u32)S_ISUID;
    if (i->mode & 010)
        s->mode &= ~(u32)S_ISGID;
}

static long decide_owner(struct inode *i, const void *wish, struct rf_setattr *s)
{
    const struct owner *o = wish;
    if (!may_give(i, o))
        return -EPERM;
    if (o->uid != UNCHANGED)
        s->which |= RF_SETATTR_UID;
    if (o->gid != UNCHANGED)
        s->which |= RF_SETATTR_GID;
    s->uid = o->uid;
    s->gid = o->gid;
    owner_drops_set_id(i, s);
    return 0;
}

SYSCALL3(chown, const char *, path, u32, uid, u32, gid)
{
    return set_attr_at(AT_FDCWD, path, 0, decide_owner, &(struct owner){uid, gid});
}

SYSCALL3(lchown, const char *, path, u32, uid, u32, gid)
{
    return set_attr_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, decide_owner,
                       &(struct owner){uid, gid});
}

SYSCALL3(fchown, int, fd, u32, uid, u32, gid)
{
    return set_attr_fd(fd, decide_owner, &(struct owner){uid, gid});
}

SYSCALL5(fchownat, int, dirfd, const char *, path, u32, uid, u32, gid, int, flags)
{
    return set_attr_at(dirfd, path, flags, decide_owner, &(struct owner){uid, gid});
}

struct times {
    struct timespec_abi accessed, modified;
};

static bool time_is_fine(const struct timespec_abi *t)
{
    return t->nanoseconds == UTIME_NOW || t->nanoseconds == UTIME_OMIT ||
           (t->nanoseconds >= 0 && t->nanoseconds < 1000000000);
}

static long decide_times(struct inode *i, const void *wish, struct rf_setattr *s)
{
    const struct times *t = wish;
    s64 a = t->accessed.nanoseconds, m = t->modified.nanoseconds;
    if (a == UTIME_OMIT && m == UTIME_OMIT)
        return 0;
    if (!owns_inode(i)) {
        if (a != UTIME_NOW || m != UTIME_NOW)
            return -EPERM;
        long r = may_access(i, 2);
        if (r)
            return r;
    }
    s->which = RF_SETATTR_ACCESSED | RF_SETATTR_MODIFIED;
    s->accessed = (struct rf_time){t->accessed.seconds, (u64)a};
    s->modified = (struct rf_time){t->modified.seconds, (u64)m};
    return 0;
}

/* path NULL: the descriptor's own file. */
static long set_times(int dirfd, const char *path, const struct times *t, int flags)
{
    if (!time_is_fine(&t->accessed) || !time_is_fine(&t->modified))
        return -EINVAL;
    if (path)
        return set_attr_at(dirfd, path, flags, decide_times, t);
    return flags ? -EINVAL : set_attr_fd(dirfd, decide_times, t);
}

static const struct times times_now = {{0, UTIME_NOW}, {0, UTIME_NOW}};

SYSCALL4(utimensat, int, dirfd, const char *, path, const struct times *, user, int, flags)
{
    struct times t = times_now;
    if (user && get_user(t, user))
        return -EFAULT;
    if (!path && dirfd == AT_FDCWD)
        return -EFAULT;
    return set_times(dirfd, path, &t, flags);
}

struct seconds_pair {
    s64 accessed, modified;
};

SYSCALL2(utime, const char *, path, const struct seconds_pair *, user)
{
    struct times t = times_now;
    struct seconds_pair s;
    if (user) {
        if (get_user(s, user))
            return -EFAULT;
        t = (struct times){{s.accessed, 0}, {s.modified, 0}};
    }
    return set_times(AT_FDCWD, path, &t, 0);
}

struct timeval_pair {
    s64 accessed, accessed_us, modified, modified_us;
};

static long set_times_us(int dirfd, const char *path, const struct timeval_pair *user)
{
    struct times t = times_now;
    struct timeval_pair v;
    if (user) {
        if (get_user(v, user))
            return -EFAULT;
        if ((u64)v.accessed_us >= 1000000 || (u64)v.modified_us >= 1000000)
            return -EINVAL;
        t = (struct times){{v.accessed, v.accessed_us * 1000}, {v.modified, v.modified_us * 1000}};
    }
    return set_times(dirfd, path, &t, 0);
}

SYSCALL2(utimes, const char *, path, const struct timeval_pair *, user)
{
    return set_times_us(AT_FDCWD, path, user);
}

SYSCALL3(futimesat, int, dirfd, const char *, path, const struct timeval_pair *, user)
{
    return set_times_us(dirfd, path, user);
}

/* access(2) asks for the real user; the answer is sought with the file system identity changed.
 * Nobody else looks at it but this process's other threads, in calls of their own. */
static long access_as_real(struct inode *i, u32 mode)
{
    struct process *p = current_process;
    u32 uid = p->fsuid, gid = p->fsgid;
    p->fsuid = p->uid;
    p->fsgid = p->gid;
    long r = may_access(i, mode);
    p->fsuid = uid;
    p->fsgid = gid;
    return r;
}

static long access_at(int dirfd, const char *path, u32 mode, int flags)
{
    struct dentry *d;
    if ((mode & ~7u) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    long r = path_walk_at(dirfd, path, walk_flags(flags & ~AT_EACCESS), &d);
    if (r)
        return r;
    r = flags & AT_EACCESS ? may_access(d->inode, mode) : access_as_real(d->inode, mode);
    namespace_unlock();
    dentry_put(d);
    return r;
}

SYSCALL2(access, const char *, path, u32, mode)
{
    return access_at(AT_FDCWD, path, mode, 0);
}

SYSCALL3(faccessat, int, dirfd, const char *, path, u32, mode)
{
    return access_at(dirfd, path, mode, 0);
}

SYSCALL4(faccessat2, int, dirfd, const char *, path, u32, mode, int, flags)
{
    return access_at(dirfd, path, mode, flags);
}

SYSCALL1(umask, u32, mask)
{
    return __atomic_exchange_n(&current_process->paths->umask, mask & 0777, __ATOMIC_RELAXED);
}
