/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables. Changes are made under the table's lock. Reading takes no lock: an array that
 * was replaced by a bigger one stays until the table's end, and a struct file's memory stays a
 * struct file (file.c), so a reader can take a reference first and look again afterwards. */
#include "libos/fs/fdtable.h"
#include "base/string.h"
#include "libos/fs/filelock.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include <linux/fcntl.h>
#include <linux/resource.h>

#define FIRST_SIZE 64u
#define MOST_SIZE  (1u << 20)

struct fdarray {
    struct fdarray *older;
    u32 size;                  /* a multiple of 64 */
    u64 *open, *close_on_exec; /* bits; behind files */
    struct file *files[];
};

struct fdtable {
    u32 references;
    struct lock lock;
    u32 lowest; /* no free number is below */
    struct fdarray *array;
};

static struct fdarray *array_new(u32 size)
{
    struct fdarray *a = heap_alloc_first(sizeof(*a) + size * sizeof(a->files[0]) + 2 * (size / 8));
    if (!a)
        return NULL;
    a->size = size;
    a->open = (u64 *)&a->files[size];
    a->close_on_exec = a->open + size / 64;
    return a;
}

static void array_copy(struct fdarray *to, const struct fdarray *from)
{
    memcpy(to->files, from->files, from->size * sizeof(from->files[0]));
    memcpy(to->open, from->open, from->size / 8);
    memcpy(to->close_on_exec, from->close_on_exec, from->size / 8);
}

static bool bit(const u64 *bits, u32 n)
{
    return bits[n / 64] >> (n % 64) & 1;
}

static void set_bit(u64 *bits, u32 n, bool on)
{
    if (on)
        bits[n / 64] |= 1ull << (n % 64);
    else
        bits[n / 64] &= ~(1ull << (n % 64));
}

struct fdtable *fdtable_new(void)
{
    struct fdtable *t = heap_alloc_first(sizeof(*t));
    if (t && !(t->array = array_new(FIRST_SIZE))) {
        heap_free(t);
        return NULL;
    }
    if (t)
        t->references = 1;
    return t;
}

/* Files marked FD close-on-fork do not exist here; a copy is the whole table. */
struct fdtable *fdtable_copy(struct fdtable *t)
{
    struct fdtable *n = heap_alloc_first(sizeof(*n));
    if (!n)
        return NULL;
    lock_take(&t->lock);
    n->array = array_new(t->array->size);
    if (n->array) {
        array_copy(n->array, t->array);
        n->lowest = t->lowest;
        n->references = 1;
        for (u32 fd = 0; fd < n->array->size; fd++)
            if (n->array->files[fd])
                file_get(n->array->files[fd]);
    }
    lock_release(&t->lock);
    if (!n->array) {
        heap_free(n);
        return NULL;
    }
    return n;
}

struct fdtable *fdtable_share(struct fdtable *t)
{
    __atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
    return t;
}

bool fdtable_is_shared(const struct fdtable *t)
{
    return __atomic_load_n(&t->references, __ATOMIC_RELAXED) > 1;
}

/* What close(2) does with a file that has just lost a descriptor in t. */
static long close_file(struct fdtable *t, struct file *f)
{
    long r = 0;
    if (f->ops->flush && !(f->flags & O_PATH))
        r = f->ops->flush(f);
    if (f->inode && unlikely(f->inode->locks != NULL))
        file_locks_end_owner(f->inode, t);
    file_put(f);
    return r;
}

void fdtable_put(struct fdtable *t)
{
    if (!t || __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL))
        return;
    for (u32 fd = 0; fd < t->array->size; fd++)
        if (t->array->files[fd])
            close_file(t, t->array->files[fd]);
    for (struct fdarray *a = t->array, *older; a; a = older) {
        older = a->older;
        heap_free(a);
    }
    heap_free(t);
}

/* Takes fd out of the table; NULL if it is not open. Lock held. */
static struct file *take_out(struct fdtable *t, u32 fd)
{
    struct fdarray *a = t->array;
    if (fd >= a->size)
        return NULL;
    struct file *f = a->files[fd];
    if (!f)
        return NULL;
    __atomic_store_n(&a->files[fd], NULL, __ATOMIC_RELEASE);
    set_bit(a->open, fd, false);
    set_bit(a->close_on_exec, fd, false);
    if (fd < t->lowest)
        t->lowest = fd;
    return f;
}

void fdtable_close_on_exec(struct fdtable *t)
{
    for (u32 word = 0; word < t->array->size / 64; word++) {
        u64 bits;
        while ((bits = t->array->close_on_exec[word])) {
            lock_take(&t->lock);
            struct file *f = take_out(t, word * 64 + (u32)__builtin_ctzll(bits));
            lock_release(&t->lock);
            if (f)
                close_file(t, f);
        }
    }
}

static struct file *peek(struct fdtable *t, int fd)
{
    struct fdarray *a = __atomic_load_n(&t->array, __ATOMIC_ACQUIRE);
    return (u32)fd < a->size ? __atomic_load_n(&a->files[fd], __ATOMIC_ACQUIRE) : NULL;
}

/* Raises the count unless it is 0: then the file has ended. */
static bool get_unless_ended(struct file *f)
{
    u32 n = __atomic_load_n(&f->references, __ATOMIC_RELAXED);
    while (n)
        if (__atomic_compare_exchange_n(&f->references, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

struct file *fdtable_get(struct fdtable *t, int fd)
{
    struct file *f;
    while ((f = peek(t, fd))) {
        if (!get_unless_ended(f))
            continue;
        if (likely(peek(t, fd) == f))
            return f;
        file_put(f);
    }
    return NULL;
}

struct file *fd_get_path(int fd)
{
    return fdtable_get(current_process->files, fd);
}

struct file *fd_get(int fd)
{
    struct file *f = fd_get_path(fd);
    if (f && unlikely(f->flags & O_PATH)) {
        file_put(f);
        return NULL;
    }
    return f;
}

struct fd_ref fd_borrow(int fd)
{
    struct process *p = current_process;
    struct fdtable *t = p->files;
    if (likely(p->thread_count == 1 && t->references == 1)) {
        struct file *f = (u32)fd < t->array->size ? t->array->files[fd] : NULL;
        if (f && unlikely(f->flags & O_PATH))
            f = NULL;
        return (struct fd_ref){f, false};
    }
    struct file *f = fd_get(fd);
    return (struct fd_ref){f, f != NULL};
}

/* Makes room for number fd. 0, -ENOMEM. Lock held. */
static long grow(struct fdtable *t, u32 fd)
{
    u32 size = t->array->size;
    if (fd < size)
        return 0;
    while (size <= fd)
        size *= 2;
    struct fdarray *a = array_new(size);
    if (!a)
        return -ENOMEM;
    array_copy(a, t->array);
    a->older = t->array;
    __atomic_store_n(&t->array, a, __ATOMIC_RELEASE);
    return 0;
}

static void put_in(struct fdtable *t, u32 fd, struct file *f, bool close_on_exec)
{
    set_bit(t->array->open, fd, true);
    set_bit(t->array->close_on_exec, fd, close_on_exec);
    __atomic_store_n(&t->array->files[fd], f, __ATOMIC_RELEASE);
}

static u32 lowest_free(const struct fdtable *t, u32 least)
{
    const struct fdarray *a = t->array;
    for (u32 fd = MAX(least, t->lowest); fd < a->size; fd = (fd | 63) + 1) {
        u64 taken = a->open[fd / 64] | ((1ull << (fd % 64)) - 1);
        if (~taken)
            return (fd & ~63u) + (u32)__builtin_ctzll(~taken);
    }
    return MAX(least, a->size);
}

static u64 descriptor_limit(void)
{
    return MIN(current_process->limits[RLIMIT_NOFILE].soft, MOST_SIZE);
}

long fd_install(struct file *f, int least, bool close_on_exec)
{
    struct fdtable *t = current_process->files;
    lock_take(&t->lock);
    u32 fd = lowest_free(t, (u32)least);
    long r = fd >= descriptor_limit() ? -EMFILE : grow(t, fd);
    if (!r) {
        put_in(t, fd, f, close_on_exec);
        if ((u32)least <= t->lowest)
            t->lowest = fd + 1;
    }
    lock_release(&t->lock);
    if (r) {
        file_put(f);
        return r;
    }
    return fd;
}

long fdtable_set(struct fdtable *t, int fd, struct file *f, bool close_on_exec)
{
    lock_take(&t->lock);
    long r = (u32)fd >= MOST_SIZE ? -EBADF : grow(t, (u32)fd);
    struct file *old = NULL;
    if (!r) {
        old = take_out(t, (u32)fd);
        put_in(t, (u32)fd, f, close_on_exec);
    }
    lock_release(&t->lock);
    if (old)
        close_file(t, old);
    if (r)
        file_put(f);
    return r ? r : fd;
}

long fd_replace(struct file *f, int fd, bool close_on_exec)
{
    if (fd < 0 || (u64)fd >= descriptor_limit()) {
        file_put(f);
        return -EBADF;
    }
    return fdtable_set(current_process->files, fd, f, close_on_exec);
}

long fd_close(int fd)
{
    struct fdtable *t = current_process->files;
    lock_take(&t->lock);
    struct file *f = take_out(t, (u32)fd);
    lock_release(&t->lock);
    return f ? close_file(t, f) : -EBADF;
}

long fd_flag(int fd)
{
    struct fdtable *t = current_process->files;
    if (!peek(t, fd))
        return -EBADF;
    return bit(t->array->close_on_exec, (u32)fd);
}

long fd_set_flag(int fd, bool close_on_exec)
{
    struct fdtable *t = current_process->files;
    long r = -EBADF;
    lock_take(&t->lock);
    if (peek(t, fd)) {
        set_bit(t->array->close_on_exec, (u32)fd, close_on_exec);
        r = 0;
    }
    lock_release(&t->lock);
    return r;
}

void fd_close_range(u32 first, u32 last)
{
    struct fdtable *t = current_process->files;
    for (u32 fd = first; fd <= last && fd < t->array->size; fd++)
        if (peek(t, (int)fd))
            fd_close((int)fd);
}

void fd_flag_range(u32 first, u32 last)
{
    struct fdtable *t = current_process->files;
    for (u32 fd = first; fd <= last && fd < t->array->size; fd++)
        fd_set_flag((int)fd, true);
}

void fdtable_each(struct fdtable *t, void (*each)(void *data, int fd, struct file *f), void *data)
{
    lock_take(&t->lock);
    for (u32 fd = 0; fd < t->array->size; fd++)
        if (t->array->files[fd])
            each(data, (int)fd, t->array->files[fd]);
    lock_release(&t->lock);
}
