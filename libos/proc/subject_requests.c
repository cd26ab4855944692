/* SPDX-License-Identifier: Apache-2.0 */
/* Serving operations on the cell's processes, in the prepared process. */
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/errand.h"
#include "libos/proc/signal_queue.h"
#include "libos/proc/subject.h"
#include "libos/proc/tree.h"

#define PATIENCE_NS  1000000000ull
#define SHORT_NS     1000000ull
#define THREADS_MOST 1024u

/* Lies in the heap. */
struct request {
    struct errand errand;
    u64 token;
    int pid;
    u32 op;
    u64 w0, w1;
    u32 length; /* of data: that came, then that goes back */
    u8 *data;   /* heap, room for a message's; NULL: for none */
    long result;
};

/* With the_cell->lock held: a process that can be asked, with its subject, or NULL. */
static struct process *find(int pid)
{
    struct process *p = find_process(pid);

    if (!p || p == the_cell->init || p->exiting || p->state == PROCESS_ZOMBIE || !subject_of(p))
        return NULL;
    return p;
}

/* ---- what the process does itself ---- */

/* the_cell->lock held. */
static struct thread *find_still(u64 tid)
{
    list_for_each(l, &current_process->threads) {
        struct thread *t = list_entry(l, struct thread, siblings);

        if (!tid || (u64)t->tid == tid)
            return t->still_regs ? t : NULL;
    }
    return NULL;
}

static long take_registers(struct request *q)
{
    const struct thread *t;

    lock_take(&the_cell->lock);
    t = find_still(q->w0);
    if (t) {
        subject_registers(t, t->still_regs, (struct rf_registers *)q->data);
        q->length = sizeof(struct rf_registers);
    }
    lock_release(&the_cell->lock);
    return t ? (long)q->length : -EBUSY;
}

static long put_registers(const struct request *q)
{
    long r = -EBUSY;
    struct thread *t;

    lock_take(&the_cell->lock);
    t = find_still(q->w0);
    if (t)
        r = subject_set_registers(t, t->still_regs, (const struct rf_registers *)q->data);
    lock_release(&the_cell->lock);
    return r;
}

static long read_memory(struct request *q)
{
    long r = copy_from_user(q->data, (const void *)q->w0, q->w1);

    q->length = r ? 0 : (u32)q->w1;
    return r ? r : (long)q->w1;
}

static long run_in_process(struct request *q)
{
    switch (q->op) {
    case RF_OP_PROCESS_REGISTERS: return take_registers(q);
    case RF_OP_PROCESS_SET_REGISTERS: return put_registers(q);
    case RF_OP_PROCESS_READ: return read_memory(q);
    case RF_OP_PROCESS_WRITE:
        return copy_to_user((void *)q->w0, q->data, q->length) ? -EFAULT : (long)q->length;
    case RF_OP_PROCESS_SET_SPACE:
        mm_show(current_process->subject, q->pid, (const struct rf_space_mapping *)q->data,
                q->length / sizeof(struct rf_space_mapping));
        return 0;
    default: return -EINVAL;
    }
}

static void run(struct errand *e)
{
    struct request *q = container_of(e, struct request, errand);

    q->result = current_process->pid == q->pid ? run_in_process(q) : -ETIMEDOUT;
}

static long send(struct request *q)
{
    struct process *p;

    lock_take(&the_cell->lock);
    p = find(q->pid);
    lock_release(&the_cell->lock);
    if (!p)
        return -ESRCH;
    q->errand.run = run;
    return errand_send(q->pid, &q->errand) ? q->result : -ETIMEDOUT;
}

/* ---- what can be done from here ---- */

/* 1: all its threads stand still; 0: not yet; -ESRCH. */
static long is_still(int pid)
{
    struct process *p;
    long r = 1;

    lock_take(&the_cell->lock);
    p = find(pid);
    if (!p || !p->subject->still)
        r = -ESRCH;
    else
        list_for_each(l, &p->threads)
            r = r && __atomic_load_n(&list_entry(l, struct thread, siblings)->still_regs,
                                     __ATOMIC_ACQUIRE);
    lock_release(&the_cell->lock);
    return r;
}

/* The fault for which it stands still is over. */
static long set_still(int pid, bool still, u64 start)
{
    struct process *p;

    lock_take(&the_cell->lock);
    p = find(pid);
    if (p) {
        lock_take(&p->lock);
        if (!still) {
            p->subject->fault.signal = 0;
            p->subject->start = (u32)start;
        }
        subject_set_still(p, still);
        lock_release(&p->lock);
    }
    lock_release(&the_cell->lock);
    return p ? 0 : -ESRCH;
}

static long stop(int pid)
{
    u64 begun = host_now();
    long r = set_still(pid, true, 0);

    while (r == 0 && (r = is_still(pid)) == 0 && host_now() - begun < PATIENCE_NS)
        sleep_until_woken(wake_ticket(), host_now() + SHORT_NS);
    if (r == 0) {
        set_still(pid, false, RF_START_DELIVER);
        return -ETIMEDOUT;
    }
    return MIN(r, 0);
}

static long kill(int pid)
{
    struct process *p;

    lock_take(&the_cell->lock);
    p = find(pid);
    if (p)
        send_signal_to_process(p, SIG_KILL, NULL);
    lock_release(&the_cell->lock);
    return p ? 0 : -ESRCH;
}

static long list_threads(struct request *q)
{
    u32 *out = (u32 *)q->data, count = 0;
    const struct process *p;

    lock_take(&the_cell->lock);
    p = find(q->pid);
    if (p) {
        list_for_each(l, &p->threads) {
            if (count < THREADS_MOST)
                out[count++] = (u32)list_entry(l, struct thread, siblings)->tid;
        }
    }
    lock_release(&the_cell->lock);
    q->length = count * sizeof(u32);
    return p ? (long)q->length : -ESRCH;
}

static long take_fault(struct request *q)
{
    long r = -ESRCH;
    struct process *p;

    lock_take(&the_cell->lock);
    p = find(q->pid);
    if (p) {
        lock_take(&p->lock);
        r = p->subject->fault.signal ? (long)sizeof(struct rf_fault) : -ENOENT;
        if (r > 0) {
            memcpy(q->data, &p->subject->fault, sizeof(struct rf_fault));
            q->length = (u32)r;
        }
        lock_release(&p->lock);
    }
    lock_release(&the_cell->lock);
    return r;
}

/* All of the list, by pieces, into the request's data, which is replaced. */
static long take_space(struct request *q)
{
    u64 room = RF_SPACE_MOST * sizeof(struct rf_space_mapping), at = 0;
    long n = 1;

    heap_free(q->data);
    q->length = 0;
    q->data = heap_alloc(room);
    while (q->data && n > 0) {
        struct rf_msg *m = message_get();

        n = invoke_message_retry(RF_SLOT_CELL, RF_OP_SHOWN_LIST, m, (u64)q->pid, at, 0, 0);
        if (n > 0 && q->length + (u64)n <= room) {
            const struct rf_space_mapping *last;

            memcpy(q->data + q->length, m->data, (size_t)n);
            q->length += (u32)n;
            last = (const struct rf_space_mapping *)(q->data + q->length) - 1;
            at = last->address + last->length;
        }
        message_put(m);
    }
    return q->data ? MIN(n, 0) : -ENOMEM;
}

static long show(struct request *q)
{
    long r = take_space(q);

    return r ? r : send(q);
}

static long serve(struct request *q)
{
    switch (q->op) {
    case RF_OP_PROCESS_STOP: return stop(q->pid);
    case RF_OP_PROCESS_START:
        if (q->w0 == RF_START_KILL)
            kill(q->pid);
        return set_still(q->pid, false, q->w0);
    case RF_OP_PROCESS_THREADS: return list_threads(q);
    case RF_OP_PROCESS_FAULT: return take_fault(q);
    case RF_OP_PROCESS_SET_SPACE: return show(q);
    default: return send(q);
    }
}

static bool take(struct request *q)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(RF_SLOT_CELL, RF_OP_REQUEST_TAKE, m, 0, 0, 0, 0);

    if (r >= 0) {
        *q = (struct request){.token = (u64)r,
                              .pid = (int)m->words[0],
                              .op = m->op,
                              .w0 = m->words[1],
                              .w1 = m->words[2],
                              .length = MIN(m->data_length, RF_MSG_DATA)};
        q->data = heap_alloc(RF_MSG_DATA);
        if (q->data)
            memcpy(q->data, m->data, q->length);
    }
    message_put(m);
    return r >= 0;
}

static void answer(const struct request *q, u32 given)
{
    struct rf_msg *m = message_get();
    bool data = q->result > 0 && q->op != RF_OP_PROCESS_WRITE;

    m->data_length = data ? MIN(given, RF_MSG_DATA) : 0;
    memcpy(m->data, q->data, m->data_length);
    invoke_message_retry(RF_SLOT_CELL, RF_OP_REQUEST_DONE, m, q->token, (u64)q->result, 0, 0);
    message_put(m);
}

void subject_requests_serve(void)
{
    struct request *q = heap_alloc(sizeof(*q));

    if (!q)
        return; /* they wait until memory is there and another one comes */
    while (take(q)) {
        q->result = q->data ? serve(q) : -ENOMEM;
        if (q->token)
            answer(q, q->length);
        heap_free(q->data);
    }
    heap_free(q);
}
