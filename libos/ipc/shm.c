/* SPDX-License-Identifier: Apache-2.0 */
/* System V shared memory. A segment is a run of heap pages behind a file; attaching it maps the
 * file. The object holds one reference to its file and each mapping holds one; the pages go with
 * the file. */
#include "libos/ipc/shm.h"
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/ipc/ids.h"
#include "libos/ipc/kinds.h"
#include "libos/mm/heap.h"
#include "libos/mm/space.h"
#include "libos/proc/process.h"
#include <asm/shmbuf.h>
#include <linux/fcntl.h>

/* Of <linux/shm.h>, which wants a C library. */
#define SHM_RDONLY   010000
#define SHM_RND      020000
#define SHM_REMAP    040000
#define SHM_EXEC     0100000
#define SHM_HUGETLB  04000
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15
#define SHM_DEST     01000 /* mode bits */
#define SHM_LOCKED   02000

#define SEGMENTS_MOST 4096
#define SIZE_MOST     (RF_HEAP_SIZE / 2)

struct shm {
    struct ipc_object object;
    struct file *file;
    u8 *pages;
    u64 size, attaches;
    s64 attached, detached; /* seconds */
    int creator, last;      /* pids */
};

struct shm_info {
    s32 used_ids;
    u64 total, resident, swapped, swap_attempts, swap_successes;
};

static u64 page_count(const struct shm *s)
{
    return PAGE_ALIGN(s->size) / PAGE_SIZE;
}

static long shm_file_map(struct file *f, u64 offset, size_t length, int prot, bool shared,
                         struct map_source *out)
{
    const struct shm *s = f->data;
    u64 size = page_count(s) * PAGE_SIZE;
    (void)prot, (void)shared;
    out->kind = offset < size ? MAP_SOURCE_HEAP : MAP_SOURCE_BEYOND;
    out->heap = s->pages + offset;
    out->length = offset < size ? MIN(length, size - offset) : length;
    return 0;
}

static void shm_file_release(struct file *f)
{
    struct shm *s = f->data;
    heap_pages_free(s->pages, page_count(s));
    heap_free(s);
}

const struct file_ops shm_file_ops = {
    .name = "/SYSV00000000 (deleted)",
    .map = shm_file_map,
    .release = shm_file_release,
};

/* The object's own reference to the file goes; with no mapping left that is the segment's end. */
void shm_destroy(struct ipc_object *o)
{
    file_put(container_of(o, struct shm, object)->file);
}

void shm_count(struct file *f, int change)
{
    struct shm *s = f->data;
    struct ipc_table *t = &ipc_tables()->shm;
    lock_take(&t->lock);
    s->attaches += (u64)(s64)change;
    s->last = current_process->pid;
    if (change > 0)
        s->attached = ipc_now();
    else
        s->detached = ipc_now();
    if (s->attaches == 0 && (s->object.mode & SHM_DEST) && !s->object.removed)
        ipc_remove(t, &s->object);
    lock_release(&t->lock);
}

static struct shm *shm_new(u64 size)
{
    struct shm *s = heap_alloc(sizeof(*s));
    if (!s)
        return NULL;
    s->size = size;
    s->pages = heap_pages_alloc(page_count(s));
    s->file = s->pages ? file_new(&shm_file_ops, O_RDWR, NULL, NULL) : NULL;
    if (s->file) {
        s->file->data = s;
        s->creator = current_process->pid;
        return s;
    }
    if (s->pages)
        heap_pages_free(s->pages, page_count(s));
    heap_free(s);
    return NULL;
}

static long make(struct ipc_table *t, int key, u64 size, int flags)
{
    if (size == 0 || size > SIZE_MOST)
        return -EINVAL;
    if (t->used >= SEGMENTS_MOST)
        return -ENOSPC;
    struct shm *s = (flags & SHM_HUGETLB) ? NULL : shm_new(size);
    if (!s)
        return -ENOMEM;
    long r = ipc_add(t, &s->object, key, flags);
    if (r < 0)
        file_put(s->file);
    return r;
}

SYSCALL3(shmget, int, key, size_t, size, int, flags)
{
    struct ipc *ipc = ipc_tables();
    long r;
    if (!ipc)
        return -ENOMEM;
    lock_take(&ipc->shm.lock);
    struct ipc_object *o = ipc_find_key(&ipc->shm, key, flags, &r);
    if (o)
        r = size > container_of(o, struct shm, object)->size ? -EINVAL : o->id;
    else if (r == 0)
        r = make(&ipc->shm, key, size, flags);
    lock_release(&ipc->shm.lock);
    return r;
}

/* The segment's file with a reference, and its size; or the error. */
static long find_to_attach(int id, int flags, struct file **file, u64 *size)
{
    struct ipc *ipc = ipc_tables();
    if (!ipc)
        return -ENOMEM;
    lock_take(&ipc->shm.lock);
    struct ipc_object *o = ipc_find(&ipc->shm, id);
    long r = o ? ipc_may(o, flags & SHM_RDONLY ? 0444 : 0666) : -EINVAL;
    if (r == 0) {
        struct shm *s = container_of(o, struct shm, object);
        *file = s->file;
        *size = PAGE_ALIGN(s->size);
        file_get(s->file);
    }
    lock_release(&ipc->shm.lock);
    return r;
}

SYSCALL3(shmat, int, id, u64, addr, int, flags)
{
    int prot =
        PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    int fixed = flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    struct file *f = NULL;
    u64 size = 0;
    if (flags & SHM_RND)
        addr &= PAGE_MASK;
    if ((addr & ~PAGE_MASK) || (!addr && (flags & SHM_REMAP)))
        return -EINVAL;
    long r = find_to_attach(id, flags, &f, &size);
    if (r < 0)
        return r;
    r = mm_map(addr, size, prot, MAP_SHARED | (addr ? fixed : 0), f, 0, NULL);
    file_put(f);
    return r == -EEXIST ? -EINVAL : r;
}

/* How many bytes the segment has that is attached at addr; 0: none is. */
static u64 attached_size(u64 addr)
{
    u64 size = 0;
    space_lock();
    const struct mapping *m = space_find(addr);
    if (m && m->start == addr && m->file && m->file->ops == &shm_file_ops && m->offset == 0)
        size = page_count(m->file->data) * PAGE_SIZE;
    space_unlock();
    return size;
}

SYSCALL1(shmdt, u64, addr)
{
    u64 size = addr & ~PAGE_MASK ? 0 : attached_size(addr);
    return size ? mm_unmap(addr, size) : -EINVAL;
}

static long put_stat(const struct shm *s, void *user)
{
    struct shmid64_ds d = {
        .shm_segsz = s->size,
        .shm_atime = s->attached,
        .shm_dtime = s->detached,
        .shm_ctime = s->object.changed,
        .shm_cpid = s->creator,
        .shm_lpid = s->last,
        .shm_nattch = s->attaches,
    };
    ipc_fill_perm(&s->object, &d.shm_perm);
    return copy_to_user(user, &d, sizeof(d));
}

/* The last identifier goes at once if nothing is attached, else with the last attachment. */
static void mark_removed(struct ipc_table *t, struct shm *s)
{
    if (s->attaches == 0) {
        ipc_remove(t, &s->object);
        return;
    }
    s->object.key = IPC_PRIVATE;
    s->object.mode |= SHM_DEST;
}

static long change(struct ipc_table *t, struct shm *s, int command, const struct shmid64_ds *d)
{
    long r = ipc_may_change(&s->object);
    if (r < 0)
        return r;
    switch (command) {
    case IPC_SET: ipc_set_perm(&s->object, &d->shm_perm); break;
    case IPC_RMID: mark_removed(t, s); break;
    case SHM_LOCK: s->object.mode |= SHM_LOCKED; break;
    default: s->object.mode &= ~(u32)SHM_LOCKED; break;
    }
    return 0;
}

static long control(struct ipc_table *t, int id, int command, void *user,
                    const struct shmid64_ds *d)
{
    bool by_index = command == SHM_STAT || command == SHM_STAT_ANY;
    struct ipc_object *o = by_index ? ipc_at(t, id) : ipc_find(t, id);
    if (!o)
        return -EINVAL;
    struct shm *s = container_of(o, struct shm, object);
    if (!by_index && command != IPC_STAT)
        return change(t, s, command, d);
    long r = command == SHM_STAT_ANY ? 0 : ipc_may(o, 0444);
    if (r == 0)
        r = put_stat(s, user);
    return r == 0 && by_index ? o->id : r;
}

static long put_limits(const struct ipc_table *t, void *user)
{
    struct shminfo64 info = {.shmmax = SIZE_MOST,
                             .shmmin = 1,
                             .shmmni = SEGMENTS_MOST,
                             .shmseg = SEGMENTS_MOST,
                             .shmall = SIZE_MOST / PAGE_SIZE};
    return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : ipc_highest_index(t);
}

static long put_usage(const struct ipc_table *t, void *user)
{
    struct shm_info info = {.used_ids = (s32)t->used};
    for (u32 n = 0; n < t->size; n++)
        if (t->slots[n])
            info.total += page_count(container_of(t->slots[n], struct shm, object));
    info.resident = info.total;
    return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : ipc_highest_index(t);
}

SYSCALL3(shmctl, int, id, int, command, void *, user)
{
    struct ipc *ipc = ipc_tables();
    struct shmid64_ds d = {0};
    long r;
    if (!ipc)
        return -ENOMEM;
    if (command == IPC_SET && get_user(d, (const struct shmid64_ds *)user))
        return -EFAULT;
    lock_take(&ipc->shm.lock);
    switch (command) {
    case IPC_INFO: r = put_limits(&ipc->shm, user); break;
    case SHM_INFO: r = put_usage(&ipc->shm, user); break;
    case IPC_STAT:
    case IPC_SET:
    case IPC_RMID:
    case SHM_LOCK:
    case SHM_UNLOCK:
    case SHM_STAT:
    case SHM_STAT_ANY: r = control(&ipc->shm, id, command, user, &d); break;
    default: r = -EINVAL;
    }
    lock_release(&ipc->shm.lock);
    return r;
}
