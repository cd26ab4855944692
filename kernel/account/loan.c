/* SPDX-License-Identifier: Apache-2.0 */
/* The thread waits for an answer of ours when it receives and when it replies, so the host's figure
 * of its time is exact then. */
#include "kernel/account/loan.h"

#include <stdlib.h>

#include "kernel/account/tasks.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"

static struct list loans = {&loans, &loans};

/* The first number of a thread's schedstat: what it ran. 0: it is gone. */
static u64 clock_of(pid_t tid)
{
    char text[128];

    return tasks_read(tid, "schedstat", text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : 0;
}

static struct loan *latest_of(pid_t tid)
{
    list_for_each(node, &loans) {
        struct loan *loan = list_entry(node, struct loan, link);

        if (loan->tid == tid)
            return loan;
    }
    return NULL;
}

static void settle(struct loan *loan, u64 now)
{
    struct cell *cell = world_cell(loan->cell_number);
    u64 used = now - MIN(now, loan->since_ns);

    loan->since_ns = now;
    if (!used || !cell)
        return;
    cell->activity.credit_ns += used;
    meter_charge(loan->meter, used);
}

/* Clients of the socket run on nobody's meter. */
void loan_begin(struct loan *loan, const struct domain *server, u32 tid, struct meter *meter)
{
    struct loan *before = latest_of((pid_t)tid);
    u64 now;

    if (!server->cell_number)
        return;
    now = clock_of((pid_t)tid);
    if (before)
        settle(before, now);
    object_hold(&meter->object);
    *loan = (struct loan){
        .meter = meter, .cell_number = server->cell_number, .tid = (pid_t)tid, .since_ns = now};
    list_add(&loans, &loan->link);
}

void loan_end(struct loan *loan)
{
    struct loan *before;
    u64 now;

    if (!loan->meter)
        return;
    now = clock_of(loan->tid);
    if (latest_of(loan->tid) == loan)
        settle(loan, now);
    list_del(&loan->link);
    before = latest_of(loan->tid);
    if (before && before->since_ns < now)
        before->since_ns = now;
    object_release(&loan->meter->object);
    loan->meter = NULL;
}
