/* SPDX-License-Identifier: Apache-2.0 */
/* System V semaphores. A set's operations are tried as a whole; who cannot go on sleeps until
 * something in the set changed and tries again. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/ipc/ids.h"
#include "libos/ipc/kinds.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"
#include <asm/sembuf.h>
#include <linux/sem.h>

struct semaphore {
    u16 value;
    u16 waiting_more, waiting_zero; /* sleepers that the value holds up */
    int last;                       /* pid of the last operation */
};

/* What a process's end takes back. */
struct sem_undo {
    struct list link; /* sem_set.undo */
    struct process *process;
    s16 adjust[];
};

struct sem_set {
    struct ipc_object object;
    u32 count;
    s64 operated; /* seconds */
    struct waitq changes;
    struct list undo;
    struct semaphore semaphores[];
};

static struct sem_set *set_of(struct ipc_object *o)
{
    return o ? container_of(o, struct sem_set, object) : NULL;
}

void sem_destroy(struct ipc_object *o)
{
    heap_free(set_of(o));
}

static void free_undo(struct sem_set *s)
{
    list_for_each_safe(l, &s->undo) {
        list_del(l);
        heap_free(list_entry(l, struct sem_undo, link));
    }
}

static long make(struct ipc_table *t, int key, int count, int flags)
{
    if (count <= 0 || count > SEMMSL)
        return -EINVAL;
    struct sem_set *s = heap_alloc(sizeof(*s) + (u32)count * sizeof(s->semaphores[0]));
    if (!s)
        return -ENOMEM;
    s->count = (u32)count;
    waitq_init(&s->changes);
    list_init(&s->undo);
    long r = ipc_add(t, &s->object, key, flags);
    if (r < 0)
        heap_free(s);
    return r;
}

SYSCALL3(semget, int, key, int, count, int, flags)
{
    struct ipc *ipc = ipc_tables();
    long r;
    if (!ipc)
        return -ENOMEM;
    if (count < 0 || count > SEMMSL)
        return -EINVAL;
    lock_take(&ipc->sem.lock);
    struct ipc_object *o = ipc_find_key(&ipc->sem, key, flags, &r);
    if (o)
        r = (u32)count > set_of(o)->count ? -EINVAL : o->id;
    else if (r == 0)
        r = make(&ipc->sem, key, count, flags);
    lock_release(&ipc->sem.lock);
    return r;
}

/* ---- undo ---- */

static struct sem_undo *undo_of(const struct sem_set *s, const struct process *p)
{
    list_for_each(l, &s->undo) {
        struct sem_undo *u = list_entry(l, struct sem_undo, link);
        if (u->process == p)
            return u;
    }
    return NULL;
}

/* Makes the caller's undo entry if the operations need one. */
static long prepare_undo(struct sem_set *s, const struct sembuf *ops, u32 count)
{
    bool wanted = false;
    for (u32 i = 0; i < count; i++)
        wanted |= (ops[i].sem_flg & SEM_UNDO) != 0;
    if (!wanted || undo_of(s, current_process))
        return 0;
    struct sem_undo *u = heap_alloc(sizeof(*u) + s->count * sizeof(u->adjust[0]));
    if (!u)
        return -ENOMEM;
    u->process = current_process;
    list_add(&s->undo, &u->link);
    return 0;
}

static void apply_undo(struct sem_set *s, const struct sem_undo *u)
{
    for (u32 i = 0; i < s->count; i++) {
        if (!u->adjust[i])
            continue;
        int value = s->semaphores[i].value + u->adjust[i];
        s->semaphores[i].value = (u16)MIN(MAX(value, 0), SEMVMX);
        s->semaphores[i].last = u->process->pid;
    }
    s->operated = ipc_now();
    waitq_wake(&s->changes, ~0u);
}

void sem_process_end(struct process *p)
{
    struct ipc_table *t = &ipc_tables()->sem;
    lock_take(&t->lock);
    for (u32 n = 0; n < t->size; n++) {
        struct sem_set *s = set_of(t->slots[n]);
        struct sem_undo *u = s ? undo_of(s, p) : NULL;
        if (!u)
            continue;
        apply_undo(s, u);
        list_del(&u->link);
        heap_free(u);
    }
    lock_release(&t->lock);
}

void ipc_process_end(struct process *p)
{
    if (ipc_in_use())
        sem_process_end(p);
}

/* ---- semop ---- */

static long adjust_check(const struct sem_undo *u, const struct sembuf *op)
{
    int adjust = u->adjust[op->sem_num] - op->sem_op;
    return adjust < -SEMAEM - 1 || adjust > SEMAEM ? -ERANGE : 0;
}

/* Does one operation. 0; 1: it must wait; -ERANGE. */
static long step(struct sem_set *s, const struct sembuf *op, struct sem_undo *u)
{
    struct semaphore *m = &s->semaphores[op->sem_num];
    int value = m->value + op->sem_op;
    if (op->sem_op == 0)
        return m->value ? 1 : 0;
    if (value < 0)
        return 1;
    if (value > SEMVMX)
        return -ERANGE;
    if (op->sem_flg & SEM_UNDO) {
        long r = adjust_check(u, op);
        if (r < 0)
            return r;
        u->adjust[op->sem_num] -= op->sem_op;
    }
    m->value = (u16)value;
    return 0;
}

static void step_back(struct sem_set *s, const struct sembuf *op, struct sem_undo *u)
{
    s->semaphores[op->sem_num].value -= (u16)op->sem_op;
    if (op->sem_flg & SEM_UNDO)
        u->adjust[op->sem_num] += op->sem_op;
}

/* Does all of the operations or none. 0, 1 and *stuck the one that must wait, or -ERANGE. */
static long try_all(struct sem_set *s, const struct sembuf *ops, u32 count,
                    const struct sembuf **stuck)
{
    struct sem_undo *u = undo_of(s, current_process);
    bool changed = false;
    for (u32 i = 0; i < count; i++) {
        long r = step(s, &ops[i], u);
        if (r == 0) {
            changed |= ops[i].sem_op != 0;
            continue;
        }
        *stuck = &ops[i];
        while (i-- > 0)
            step_back(s, &ops[i], u);
        return r;
    }
    for (u32 i = 0; i < count; i++)
        s->semaphores[ops[i].sem_num].last = current_process->pid;
    s->operated = ipc_now();
    if (changed)
        waitq_wake(&s->changes, ~0u);
    return 0;
}

static long sleep_for(struct ipc_table *t, struct sem_set *s, const struct sembuf *stuck,
                      u64 deadline)
{
    struct semaphore *m = &s->semaphores[stuck->sem_num];
    u16 *waiting = stuck->sem_op ? &m->waiting_more : &m->waiting_zero;
    ++*waiting;
    long r = wait_on(&s->changes, &t->lock, deadline);
    --*waiting;
    if (s->object.removed)
        return -EIDRM;
    return r == -ETIMEDOUT ? -EAGAIN : r;
}

static long operate(struct ipc_table *t, struct sem_set *s, const struct sembuf *ops, u32 count,
                    u64 deadline)
{
    const struct sembuf *stuck;
    long r = prepare_undo(s, ops, count);
    s->object.references++;
    while (r == 0 && (r = try_all(s, ops, count, &stuck)) == 1)
        r = stuck->sem_flg & IPC_NOWAIT ? -EAGAIN : sleep_for(t, s, stuck, deadline);
    ipc_put(t, &s->object);
    return r;
}

static long check_ops(const struct sem_set *s, const struct sembuf *ops, u32 count)
{
    bool alters = false;
    for (u32 i = 0; i < count; i++) {
        if (ops[i].sem_num >= s->count)
            return -EFBIG;
        alters |= ops[i].sem_op != 0;
    }
    return ipc_may(&s->object, alters ? 0222 : 0444);
}

static long semop_until(int id, const struct sembuf *user, u32 count, u64 deadline)
{
    struct sembuf ops[SEMOPM];
    struct ipc *ipc = ipc_tables();
    if (!ipc)
        return -ENOMEM;
    if (count == 0 || id < 0)
        return -EINVAL;
    if (count > SEMOPM)
        return -E2BIG;
    if (copy_from_user(ops, user, count * sizeof(*ops)))
        return -EFAULT;
    lock_take(&ipc->sem.lock);
    struct sem_set *s = set_of(ipc_find(&ipc->sem, id));
    long r = s ? check_ops(s, ops, count) : -EINVAL;
    if (r == 0)
        r = operate(&ipc->sem, s, ops, count, deadline);
    lock_release(&ipc->sem.lock);
    return r;
}

SYSCALL3(semop, int, id, const struct sembuf *, ops, u32, count)
{
    return semop_until(id, ops, count, FOREVER);
}

SYSCALL4(semtimedop, int, id, const struct sembuf *, ops, u32, count, const struct timespec_abi *,
         timeout)
{
    u64 deadline;
    long r = deadline_from_user(timeout, &deadline);
    return r < 0 ? r : semop_until(id, ops, count, deadline);
}

/* ---- semctl ---- */

static void set_value(struct sem_set *s, u32 n, u16 value)
{
    s->semaphores[n].value = value;
    s->semaphores[n].last = current_process->pid;
    list_for_each(l, &s->undo)
        list_entry(l, struct sem_undo, link)->adjust[n] = 0;
}

static long get_all(const struct sem_set *s, u16 *user)
{
    for (u32 i = 0; i < s->count; i++)
        if (put_user(&user[i], s->semaphores[i].value))
            return -EFAULT;
    return 0;
}

static long set_all(struct sem_set *s, const u16 *user)
{
    u16 value;
    for (u32 i = 0; i < s->count; i++) {
        if (get_user(value, &user[i]))
            return -EFAULT;
        if (value > SEMVMX)
            return -ERANGE;
    }
    for (u32 i = 0; i < s->count && get_user(value, &user[i]) == 0; i++)
        set_value(s, i, MIN(value, (u16)SEMVMX));
    s->object.changed = ipc_now();
    waitq_wake(&s->changes, ~0u);
    return 0;
}

static long put_stat(const struct sem_set *s, void *user)
{
    struct semid64_ds d = {
        .sem_otime = s->operated, .sem_ctime = s->object.changed, .sem_nsems = s->count};
    ipc_fill_perm(&s->object, &d.sem_perm);
    return copy_to_user(user, &d, sizeof(d));
}

static long control_one(struct sem_set *s, u32 n, int command, int value)
{
    const struct semaphore *m = &s->semaphores[n];
    switch (command) {
    case GETVAL: return m->value;
    case GETPID: return m->last;
    case GETNCNT: return m->waiting_more;
    case GETZCNT: return m->waiting_zero;
    default: break;
    }
    if (value < 0 || value > SEMVMX)
        return -ERANGE;
    set_value(s, n, (u16)value);
    s->object.changed = ipc_now();
    waitq_wake(&s->changes, ~0u);
    return 0;
}

static long change(struct ipc_table *t, struct sem_set *s, int command, const struct semid64_ds *d)
{
    long r = ipc_may_change(&s->object);
    if (r < 0)
        return r;
    if (command == IPC_SET) {
        ipc_set_perm(&s->object, &d->sem_perm);
        return 0;
    }
    free_undo(s);
    s->object.references++;
    ipc_remove(t, &s->object);
    waitq_wake(&s->changes, ~0u);
    ipc_put(t, &s->object);
    return 0;
}

static long control(struct ipc_table *t, int id, int n, int command, u64 argument,
                    const struct semid64_ds *d)
{
    bool by_index = command == SEM_STAT || command == SEM_STAT_ANY;
    struct sem_set *s = set_of(by_index ? ipc_at(t, id) : ipc_find(t, id));
    if (!s)
        return -EINVAL;
    if (command == IPC_RMID || command == IPC_SET)
        return change(t, s, command, d);
    bool writes = command == SETVAL || command == SETALL;
    long r = command == SEM_STAT_ANY ? 0 : ipc_may(&s->object, writes ? 0222 : 0444);
    if (r < 0)
        return r;
    switch (command) {
    case GETALL: return get_all(s, (u16 *)argument);
    case SETALL: return set_all(s, (const u16 *)argument);
    case IPC_STAT: return put_stat(s, (void *)argument);
    case SEM_STAT:
    case SEM_STAT_ANY: r = put_stat(s, (void *)argument); return r < 0 ? r : s->object.id;
    default: break;
    }
    return n < 0 || (u32)n >= s->count ? -EINVAL : control_one(s, (u32)n, command, (int)argument);
}

static long put_info(const struct ipc_table *t, int command, void *user)
{
    struct seminfo info = {.semmap = SEMMAP,
                           .semmni = SEMMNI,
                           .semmns = SEMMNS,
                           .semmnu = SEMMNU,
                           .semmsl = SEMMSL,
                           .semopm = SEMOPM,
                           .semume = SEMUME,
                           .semusz = SEMUSZ,
                           .semvmx = SEMVMX,
                           .semaem = SEMAEM};
    if (command == SEM_INFO) {
        info.semusz = (int)t->used;
        info.semaem = 0;
        for (u32 n = 0; n < t->size; n++)
            info.semaem += t->slots[n] ? (int)set_of(t->slots[n])->count : 0;
    }
    return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : ipc_highest_index(t);
}

SYSCALL4(semctl, int, id, int, n, int, command, u64, argument)
{
    struct ipc *ipc = ipc_tables();
    struct semid64_ds d = {0};
    long r;
    if (!ipc)
        return -ENOMEM;
    if (command < 0 || (command > IPC_INFO && command < GETPID) || command > SEM_STAT_ANY)
        return -EINVAL;
    if (command == IPC_SET && get_user(d, (const struct semid64_ds *)argument))
        return -EFAULT;
    lock_take(&ipc->sem.lock);
    if (command == IPC_INFO || command == SEM_INFO)
        r = put_info(&ipc->sem, command, (void *)argument);
    else
        r = control(&ipc->sem, id, n, command, argument, &d);
    lock_release(&ipc->sem.lock);
    return r;
}
