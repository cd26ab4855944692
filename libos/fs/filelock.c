/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks. One lock of the namespace guards them all: they are seldom and short. A POSIX
 * lock is owned by a descriptor table, an OFD lock and a flock by an open file. */
#include "libos/fs/filelock.h"
#include "libos/entry/syscall.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>
#include <linux/fs.h>

#define LAST_BYTE        ((u64)INT64_MAX)
#define OUTSIDE_RETRY_NS 10000000u

enum kind { POSIX, OFD, FLOCK };

struct record {
    struct list link;
    enum kind kind;
    const void *owner;
    int pid;
    bool write;
    u64 start, end; /* both included */
};

struct file_locks {
    struct list records;
    struct waitq changed;
};

/* A process that waits for a POSIX lock, for finding deadlocks. */
struct lock_wait {
    struct list link; /* namespace.lock_waits */
    const void *owner, *blocker;
};

static struct lock *guard(void)
{
    return &the_namespace->locks_lock;
}

/* flock and the ranges of fcntl do not see each other. */
static bool conflict(const struct record *a, const struct record *b)
{
    return (a->kind == FLOCK) == (b->kind == FLOCK) && a->owner != b->owner &&
           (a->write || b->write) && a->start <= b->end && b->start <= a->end;
}

static struct record *find_conflict(struct file_locks *l, const struct record *want)
{
    list_for_each(at, &l->records) {
        struct record *r = list_entry(at, struct record, link);
        if (conflict(r, want))
            return r;
    }
    return NULL;
}

static bool same_owner(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->owner == b->owner;
}

static void drop(struct record *r)
{
    list_del(&r->link);
    heap_free(r);
}

/* Cuts [want->start, want->end] out of the owner's records. `spare` is used if one must be split.
 */
static void carve(struct file_locks *l, const struct record *want, struct record **spare)
{
    list_for_each_safe(at, &l->records) {
        struct record *r = list_entry(at, struct record, link);
        if (!same_owner(r, want) || r->start > want->end || r->end < want->start)
            continue;
        bool before = r->start<want->start, behind = r->end> want->end;
        if (before && behind) {
            struct record *rest = *spare;
            *spare = NULL;
            *rest = *r;
            rest->start = want->end + 1;
            list_add(&r->link, &rest->link);
            r->end = want->start - 1;
            return;
        }
        if (before)
            r->end = want->start - 1;
        else if (behind)
            r->start = want->end + 1;
        else
            drop(r);
    }
}

/* Joins r with the owner's neighbours of the same type. */
static void join(struct file_locks *l, struct record *r)
{
    list_for_each_safe(at, &l->records) {
        struct record *o = list_entry(at, struct record, link);
        if (o == r || !same_owner(o, r) || o->write != r->write)
            continue;
        if (o->end + 1 == r->start)
            r->start = o->start;
        else if (r->end + 1 == o->start)
            r->end = o->end;
        else
            continue;
        drop(o);
    }
}

/* Would waiting for `blocker` close a circle? */
static bool deadlock(const void *owner, const void *blocker)
{
    struct list *waits = &the_namespace->lock_waits;
    for (struct list *at = waits->next; at != waits;) {
        struct lock_wait *w = list_entry(at, struct lock_wait, link);
        at = at->next;
        if (w->owner != blocker)
            continue;
        if (w->blocker == owner)
            return true;
        blocker = w->blocker;
        at = waits->next;
    }
    return false;
}

/* Waits until something changed. Guard held. */
static long wait_for(struct file_locks *l, const struct record *want, const struct record *blocker)
{
    if (want->kind == POSIX && blocker->kind == POSIX && deadlock(want->owner, blocker->owner))
        return -EDEADLK;
    struct lock_wait *w = heap_alloc(sizeof(*w));
    if (!w)
        return -ENOLCK;
    w->owner = want->owner;
    w->blocker = blocker->owner;
    if (want->kind == POSIX)
        list_add(&the_namespace->lock_waits, &w->link);
    else
        list_init(&w->link);
    long r = wait_on(&l->changed, guard(), FOREVER);
    list_del(&w->link);
    heap_free(w);
    return r == -EINTR ? -ERESTARTSYS : r;
}

/* Asks those outside the cell who see the file. -EAGAIN: they hold a lock. */
static long lock_outside(struct file *f, const struct record *want)
{
    const struct inode_ops *ops = f->inode->ops;
    if (!ops->lock || want->kind == FLOCK)
        return 0;
    return ops->lock(f->inode, f->dentry, want->write ? F_WRLCK : F_RDLCK, want->start, want->end);
}

/* Nobody tells when a lock outside the cell ends: it is tried again from time to time. */
static long wait_for_outside(struct file_locks *l)
{
    long r = wait_on(&l->changed, guard(), host_now() + clock_span_of_host(OUTSIDE_RETRY_NS));
    return r == -EINTR ? -ERESTARTSYS : 0;
}

/* The first byte from `at` on that a record lock holds (held) or that none does. LAST_BYTE + 1:
 * none. */
static u64 next_byte(const struct file_locks *l, u64 at, bool held)
{
    u64 next = held ? LAST_BYTE + 1 : at;
    for (bool again = true; again;) {
        again = false;
        list_for_each(link, &l->records) {
            const struct record *r = list_entry(link, struct record, link);
            if (r->kind == FLOCK)
                continue;
            if (held && r->end >= at && MAX(r->start, at) < next)
                next = MAX(r->start, at);
            if (!held && r->start <= next && r->end >= next) {
                next = r->end + 1;
                again = true;
            }
        }
    }
    return next;
}

/* [start, end] was unlocked within the cell: what no other owner still holds is unlocked outside
 * too. */
static void unlock_outside(struct inode *i, const struct file_locks *l, u64 start, u64 end)
{
    if (!i->ops->lock)
        return;
    for (u64 at = next_byte(l, start, false); at <= end; at = next_byte(l, at, false)) {
        u64 next = next_byte(l, at, true);
        i->ops->lock(i, NULL, F_UNLCK, at, MIN(next - 1, end));
        at = next;
    }
    if (next_byte(l, 0, true) > LAST_BYTE)
        i->ops->unlocked(i);
}

/* Takes the lock. made and spare: memory, set to NULL when used. Guard held. */
static long acquire(struct file_locks *l, struct file *f, const struct record *want, bool wait,
                    struct record **made, struct record **spare)
{
    struct record *blocker;
    long outside = 0;
    while ((blocker = find_conflict(l, want)) || (outside = lock_outside(f, want))) {
        if (!wait || (!blocker && outside != -EAGAIN))
            return blocker ? -EAGAIN : outside;
        long r = blocker ? wait_for(l, want, blocker) : wait_for_outside(l);
        if (r)
            return r;
    }
    carve(l, want, spare);
    struct record *r = *made;
    *made = NULL;
    *r = *want;
    list_add_tail(&l->records, &r->link);
    join(l, r);
    return 0;
}

static struct file_locks *locks_of(struct inode *i)
{
    if (i->locks)
        return i->locks;
    struct file_locks *l = heap_alloc(sizeof(*l));
    if (!l)
        return NULL;
    list_init(&l->records);
    waitq_init(&l->changed);
    return i->locks = l;
}

/* Applies `want` as F_RDLCK, F_WRLCK or F_UNLCK. */
static long apply(struct file *f, struct record *want, int type, bool wait)
{
    struct inode *i = f->inode;
    struct record *made = heap_alloc(sizeof(*made)), *spare = heap_alloc(sizeof(*spare));
    long r = 0;
    lock_take(guard());
    struct file_locks *l = locks_of(i);
    if (!l || !made || !spare)
        r = -ENOLCK;
    else if (type != F_UNLCK)
        r = acquire(l, f, want, wait, &made, &spare);
    else
        carve(l, want, &spare);
    if (!r && type == F_UNLCK && want->kind != FLOCK)
        unlock_outside(i, l, want->start, want->end);
    lock_release(guard());
    if (!r) /* also a change of a lock's type may let others go on */
        waitq_wake(&l->changed, ~0u);
    heap_free(made);
    heap_free(spare);
    return r;
}

static void drop_all(struct inode *i, const void *owner)
{
    lock_take(guard());
    struct file_locks *l = i->locks;
    list_for_each_safe(at, &l->records) {
        struct record *r = list_entry(at, struct record, link);
        if (r->owner != owner)
            continue;
        struct record gone = *r;
        drop(r);
        if (gone.kind != FLOCK)
            unlock_outside(i, l, gone.start, gone.end);
    }
    lock_release(guard());
    waitq_wake(&l->changed, ~0u);
}

void file_locks_end_owner(struct inode *i, const void *owner)
{
    drop_all(i, owner);
}

void file_locks_end_file(struct file *f)
{
    drop_all(f->inode, f);
}

void file_locks_free(struct inode *i)
{
    struct file_locks *l = i->locks;
    list_for_each_safe(at, &l->records)
        drop(list_entry(at, struct record, link));
    heap_free(l);
}

/* Turns l_whence, l_start, l_len into a range. */
static long range_of(struct file *f, const struct flock *lock, struct record *out)
{
    s64 base, start, end;
    switch (lock->l_whence) {
    case SEEK_SET: base = 0; break;
    case SEEK_CUR: base = (s64)f->position; break;
    case SEEK_END: base = (s64)f->inode->size; break;
    default: return -EINVAL;
    }
    if (__builtin_add_overflow(base, lock->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    if (lock->l_len == 0) {
        end = INT64_MAX;
    } else if (lock->l_len > 0) {
        if (__builtin_add_overflow(start, lock->l_len - 1, &end))
            return -EOVERFLOW;
    } else {
        end = start - 1;
        start += lock->l_len;
        if (start < 0)
            return -EINVAL;
    }
    out->start = (u64)start;
    out->end = (u64)end;
    return 0;
}

static void answer(struct flock *lock, const struct record *found)
{
    if (!found) {
        lock->l_type = F_UNLCK;
        return;
    }
    lock->l_type = found->write ? F_WRLCK : F_RDLCK;
    lock->l_whence = SEEK_SET;
    lock->l_start = (long)found->start;
    lock->l_len = found->end == LAST_BYTE ? 0 : (long)(found->end - found->start + 1);
    lock->l_pid = found->kind == OFD ? -1 : found->pid;
}

static long ask(struct inode *i, const struct record *want, struct flock *lock)
{
    if (lock->l_type == F_UNLCK)
        return -EINVAL;
    lock_take(guard());
    struct file_locks *l = i->locks;
    answer(lock, l ? find_conflict(l, want) : NULL);
    lock_release(guard());
    return 0;
}

long file_lock_command(struct file *f, u32 command, struct flock *lock)
{
    bool ofd = command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
    struct record want = {.kind = ofd ? OFD : POSIX,
                          .owner = ofd ? (const void *)f : current_process->files,
                          .pid = current_process->pid,
                          .write = lock->l_type == F_WRLCK};
    if (!f->inode || (ofd && lock->l_pid))
        return -EINVAL;
    if (lock->l_type != F_RDLCK && lock->l_type != F_WRLCK && lock->l_type != F_UNLCK)
        return -EINVAL;
    long r = range_of(f, lock, &want);
    if (r)
        return r;
    if (command == F_GETLK || command == F_OFD_GETLK)
        return ask(f->inode, &want, lock);
    if ((lock->l_type == F_RDLCK && !file_readable(f)) ||
        (lock->l_type == F_WRLCK && !file_writable(f)))
        return -EBADF;
    return apply(f, &want, lock->l_type, command == F_SETLKW || command == F_OFD_SETLKW);
}

static long flock_file(struct file *f, int operation)
{
    struct record want = {.kind = FLOCK,
                          .owner = f,
                          .pid = current_process->pid,
                          .write = (operation & ~LOCK_NB) == LOCK_EX,
                          .end = LAST_BYTE};
    if (!f->inode)
        return -EINVAL;
    switch (operation & ~LOCK_NB) {
    case LOCK_UN: return f->inode->locks ? apply(f, &want, F_UNLCK, false) : 0;
    case LOCK_SH: return apply(f, &want, F_RDLCK, !(operation & LOCK_NB));
    case LOCK_EX: return apply(f, &want, F_WRLCK, !(operation & LOCK_NB));
    default: return -EINVAL;
    }
}

SYSCALL2(flock, int, fd, int, operation)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = flock_file(ref.file, operation);
    fd_release(ref);
    return r;
}
