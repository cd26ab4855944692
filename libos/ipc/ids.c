/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/ipc/ids.h"
#include "libos/ipc/kinds.h"
#include "base/string.h"
#include "libos/fs/access.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define SEQUENCE_STEP 32768 /* an identifier is the slot's index + its sequence number * this */
#define SEQUENCES     (0x7fffffff / SEQUENCE_STEP)
#define FIRST_SIZE    16u

struct ipc *ipc_tables(void)
{
    struct ipc *seen = __atomic_load_n((struct ipc **)&the_cell->ipc, __ATOMIC_ACQUIRE);
    if (likely(seen))
        return seen;
    struct ipc *made = heap_alloc(sizeof(*made));
    if (!made)
        return NULL;
    list_init(&made->queues);
    made->shm.destroy = shm_destroy;
    made->sem.destroy = sem_destroy;
    made->msg.destroy = msg_destroy;
    if (__atomic_compare_exchange_n((struct ipc **)&the_cell->ipc, &seen, made, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    heap_free(made);
    return seen;
}

bool ipc_in_use(void)
{
    return the_cell->ipc != NULL;
}

struct ipc_object *ipc_at(const struct ipc_table *t, int index)
{
    return index >= 0 && (u32)index < t->size ? t->slots[index] : NULL;
}

struct ipc_object *ipc_find(const struct ipc_table *t, int id)
{
    struct ipc_object *o = id < 0 ? NULL : ipc_at(t, id % SEQUENCE_STEP);
    return o && o->id == id ? o : NULL;
}

int ipc_highest_index(const struct ipc_table *t)
{
    u32 n = t->size;
    while (n > 0 && !t->slots[n - 1])
        n--;
    return n > 0 ? (int)n - 1 : 0;
}

struct ipc_object *ipc_find_key(const struct ipc_table *t, int key, int flags, long *error)
{
    *error = 0;
    if (key == IPC_PRIVATE)
        return NULL;
    for (u32 n = 0; n < t->size; n++) {
        struct ipc_object *o = t->slots[n];
        if (!o || o->key != key)
            continue;
        if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
            *error = -EEXIST;
        else
            *error = ipc_may(o, (u32)flags & 0777);
        return *error ? NULL : o;
    }
    if (!(flags & IPC_CREAT))
        *error = -ENOENT;
    return NULL;
}

static bool grow(struct ipc_table *t)
{
    u32 size = t->size ? MIN(t->size * 2, IPC_SLOTS_MOST) : FIRST_SIZE;
    struct ipc_object **bigger = heap_alloc(size * sizeof(*bigger));
    if (!bigger)
        return false;
    if (t->slots)
        memcpy(bigger, t->slots, t->size * sizeof(*bigger));
    heap_free(t->slots);
    t->slots = bigger;
    t->size = size;
    return true;
}

long ipc_add(struct ipc_table *t, struct ipc_object *o, int key, int flags)
{
    const struct process *p = current_process;
    u32 n = 0;
    if (t->used == IPC_SLOTS_MOST)
        return -ENOSPC;
    if (t->used == t->size && !grow(t))
        return -ENOMEM;
    while (t->slots[n])
        n++;
    t->slots[n] = o;
    t->used++;
    o->sequence = t->sequence;
    t->sequence = (u16)((t->sequence + 1) % SEQUENCES);
    o->id = (int)n + o->sequence * SEQUENCE_STEP;
    o->key = key;
    o->uid = o->cuid = p->euid;
    o->gid = o->cgid = p->egid;
    o->mode = (u32)flags & 0777;
    o->references = 1;
    o->changed = ipc_now();
    return o->id;
}

void ipc_put(struct ipc_table *t, struct ipc_object *o)
{
    if (--o->references == 0)
        t->destroy(o);
}

void ipc_remove(struct ipc_table *t, struct ipc_object *o)
{
    t->slots[o->id % SEQUENCE_STEP] = NULL;
    t->used--;
    o->removed = true;
    ipc_put(t, o);
}

static u32 access_of_caller(const struct ipc_object *o)
{
    const struct process *p = current_process;
    if (p->euid == 0)
        return 0666;
    if (p->euid == o->uid || p->euid == o->cuid)
        return o->mode;
    return in_group(p, o->gid) || in_group(p, o->cgid) ? o->mode << 3 : o->mode << 6;
}

long ipc_may(const struct ipc_object *o, u32 access)
{
    u32 wanted = (access | access << 3 | access << 6) & 0600;
    return wanted & ~access_of_caller(o) ? -EACCES : 0;
}

long ipc_may_change(const struct ipc_object *o)
{
    u32 uid = current_process->euid;
    return uid == 0 || uid == o->uid || uid == o->cuid ? 0 : -EPERM;
}

void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *perm)
{
    perm->key = o->key;
    perm->uid = o->uid;
    perm->gid = o->gid;
    perm->cuid = o->cuid;
    perm->cgid = o->cgid;
    perm->mode = o->mode;
    perm->seq = o->sequence;
}

void ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *perm)
{
    o->uid = perm->uid;
    o->gid = perm->gid;
    o->mode = (o->mode & ~0777u) | (perm->mode & 0777);
    o->changed = ipc_now();
}

s64 ipc_now(void)
{
    return time_now().seconds;
}
