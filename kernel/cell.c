/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/objects.h"
#include "kernel/account/affinity.h"
#include "kernel/account/tasks.h"
#include "kernel/checkpoint/branch.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/jail/notify.h"
#include "kernel/jail/start.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/common.h"
#include "kernel/object/process.h"
#include "kernel/object/meter.h"
#include "kernel/object/viewer.h"
#include "kernel/signals.h"
#include "kernel/world.h"

static void cell_destroy(struct object *object);
static void cell_forget(struct object *object);
static void cell_recharged(struct object *object, struct bank *bank);
static bool cell_is_kept(const struct object *object);

const struct object_class cell_class = {.kind = RF_KIND_CELL,
                                        .records = 8,
                                        .size = sizeof(struct cell),
                                        .destroy = cell_destroy,
                                        .forget = cell_forget,
                                        .recharged = cell_recharged,
                                        .rests = true,
                                        .stored = STORED_CELL,
                                        .kept = cell_is_kept,
                                        .save = cell_save,
                                        .load = cell_load,
                                        .link = cell_link};

static void init_fields(struct cell *cell, struct cell *parent, const char *name)
{
    list_init(&cell->below);
    list_init(&cell->sibling);
    list_init(&cell->prepared);
    list_init(&cell->execs);
    list_init(&cell->requests);
    list_init(&cell->programs);
    list_init(&cell->waiters);
    list_init(&cell->ended);
    list_init(&cell->metered);
    list_init(&cell->host_processes);
    list_init(&cell->awake);
    activity_init(cell);
    cell->window_fd = cell->heap_fd = cell->start.fd = cell->listener.fd = -1;
    cell->limits.group = (struct cgroup){.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
    cell->own_status = -1;
    cell->number = world.next_number++;
    world.cell_count += parent != NULL;
    snprintf(cell->name, sizeof(cell->name), "%s", name);
    list_add_tail(&world.cells, &cell->all);
    if (parent) {
        object_hold(&parent->object);
        cell->parent = parent;
        memcpy(cell->clock_shift, parent->clock_shift, sizeof(cell->clock_shift));
        list_add_tail(&parent->below, &cell->sibling);
    }
}

int cell_make(struct cell *parent, struct bank *bank, struct meter *meter, const char *name,
              struct cell **result)
{
    struct object *object = object_new(&cell_class, parent ? bank : NULL);
    struct cell *cell;
    int error = 0;

    if (!object)
        return -ENOSPC;
    cell = container_of(object, struct cell, object);
    object_hold(&bank->object);
    cell->bank = bank;
    init_fields(cell, parent, name);
    meter_join(cell, meter);
    if (parent) {
        error = domain_init(&cell->domain, &notify_transport, bank, meter, TABLE_RESERVE);
        cell->domain.heap_fd = -1;
        cell->domain.cell_number = cell->number;
        if (!error)
            error = cell_memory_make(cell);
    }
    if (error) {
        object_release(object);
        return error;
    }
    *result = cell;
    return 0;
}

static void put(struct cell *cell, u32 slot, struct object *object, u32 kind, u32 rights)
{
    struct cap cap = {.object = object, .kind = (u8)kind, .rights = (u8)rights};

    if (table_get(&cell->domain.caps, slot))
        return; /* its maker gave it another */
    object_hold(object);
    table_put(&cell->domain.caps, slot, cap);
}

/* The parent's, unless its maker gave it another: no cell gets from under the clock that it runs
 * on. */
static void put_clock(struct cell *cell)
{
    const struct cap *above =
        cell->parent->parent ? table_get(&cell->parent->domain.caps, RF_SLOT_CLOCK) : NULL;

    if (above)
        put(cell, RF_SLOT_CLOCK, above->object, above->kind, above->rights);
    else
        put(cell, RF_SLOT_CLOCK, clock_object(), RF_KIND_CLOCK, RF_RIGHT_READ);
}

/* Not before it is started, since a cell that refers to itself does not go when its maker drops it.
 */
void cell_put_own(struct cell *cell)
{
    put(cell, RF_SLOT_CELL, &cell->object, RF_KIND_CELL_SELF, RF_RIGHT_ALL);
    put(cell, RF_SLOT_PLACE, &cell->object, RF_KIND_CELL, RF_RIGHT_READ | RF_RIGHT_WRITE);
    put(cell, RF_SLOT_BANK, &cell->bank->object, RF_KIND_BANK, RF_RIGHT_READ | RF_RIGHT_WRITE);
    put(cell, RF_SLOT_METER, &cell->meter->object, RF_KIND_METER, RF_RIGHT_READ | RF_RIGHT_WRITE);
    put_clock(cell);
    put(cell, RF_SLOT_DISCRIM, discrim_object(), RF_KIND_DISCRIM, RF_RIGHT_READ);
}

/* Destroyed, or nobody holds it any more: which for a running cell cannot be, since the kernel
 * does. */
static void cell_destroy(struct object *object)
{
    struct cell *cell = container_of(object, struct cell, object);

    cell_end(cell, SIGKILL, -1);
    pending_answer_all(&cell->waiters, -ESTALE);
    object_release(cell->log);
    cell->log = NULL;
    world_forget(cell);
    if (object->bank) {
        bank_uncharge(object->bank, RF_RESOURCE_PAGES, cell->pages_charged);
        cell->pages_charged = 0;
        if (cell->tasks > 1)
            bank_uncharge(object->bank, RF_RESOURCE_TASKS, cell->tasks - 1);
    }
    if (!cell->leader && cell->start.fd < 0 && !cell->over && !hibernate_is_apart(cell))
        cell_over(cell);
}

static void cell_forget(struct object *object)
{
    struct cell *cell = container_of(object, struct cell, object);

    list_del(&cell->all);
    list_del(&cell->sibling);
    list_del(&cell->awake);
    if (cell->parent)
        object_release(&cell->parent->object);
    object_release(&cell->bank->object);
    object_release(cell->maker);
    meter_join(cell, NULL);
    free(cell);
}

/* The host has one thread of each process stop the others. It may be one that waits in an
 * invocation, which does nothing before it has an answer. */
void cell_halt(struct cell *cell)
{
    kill(-cell->leader, SIGSTOP);
    domain_detach(&cell->domain);
}

void cell_stop(struct cell *cell, u32 reason)
{
    if (!cell->stops && cell->leader && !cell->over)
        cell_halt(cell);
    cell->stops |= reason;
}

void cell_continue(struct cell *cell, u32 reason)
{
    u32 before = cell->stops;

    cell->stops &= ~reason;
    if (before && !cell->stops && cell->leader && !cell->over)
        kill(-cell->leader, SIGCONT);
}

void cell_told_terms(struct cell *cell)
{
    if (!cell->window)
        return;
    cell->limits.config.cpu_percent = meter_percent(cell->meter);
    cell->window->cell.cpu_percent = cell->limits.config.cpu_percent;
    affinity_apply(cell);
}

/* An image is not kept. */
static bool cell_is_kept(const struct object *object)
{
    const struct cell *cell = container_of(object, const struct cell, object);

    return !cell->origin || cell->started_ns;
}

static void cell_recharged(struct object *object, struct bank *bank)
{
    struct cell *cell = container_of(object, struct cell, object);

    object_hold(&bank->object);
    object_release(&cell->bank->object);
    cell->bank = cell->domain.bank = bank;
}

void cell_end(struct cell *cell, int wait_status, int own_status)
{
    if (cell->ending)
        return;
    cell->ending = true;
    cell->wait_status = wait_status;
    cell->own_status = own_status;
    list_for_each(node, &cell->below)
        cell_end(list_entry(node, struct cell, sibling), SIGKILL, -1);
    if (cell->window)
        cell->window->cell.ending = 1;
    if (cell->leader > 1)
        kill(-cell->leader, SIGKILL);
    hibernate_wake(cell); /* to its end */
    signals_hurry();
}

struct object *cell_viewer(struct cell *cell)
{
    const struct cap *output = cell->over ? NULL : table_get(&cell->domain.caps, RF_SLOT_STDOUT);

    return output ? viewer_of_console(output) : cell->log;
}

/* Its capabilities go now. What it last wrote stays with the cell. */
static void keep_log(struct cell *cell)
{
    cell->log = cell_viewer(cell);
    if (cell->log)
        object_hold(cell->log);
}

/* All that it used on the host is given back; what is known of it stays while somebody refers to
 * it. */
void cell_over(struct cell *cell)
{
    if (cell->over)
        return;
    keep_log(cell);
    cell->over = true;
    list_del(&cell->awake);
    restore_drop(cell);
    hibernate_over(cell);
    branch_drop(cell);
    cell->ended_ns = now_ns();
    limits_finish(cell);
    tasks_all_ended(cell);
    start_forget(cell);
    if (cell->listener.fd >= 0)
        event_watch(&cell->listener, 0);
    pending_answer_all(&cell->execs, -ESRCH);
    pending_answer_all(&cell->requests, -ESRCH);
    processes_over(cell);
    domain_finish(&cell->domain);
    if (cell->listener.fd >= 0)
        close(cell->listener.fd);
    cell->listener.fd = -1;
    cell_memory_drop(cell);
    cell_answer_waiters(cell);
    keeper_tell(&cell->keeper, 0);
    keeper_drop(&cell->keeper);
    if (cell->started_ns)
        world_remember(cell);
    world.cell_count--;
    if ((world.stopping || (world.only && world.only->over)) && !world.cell_count)
        event_stop();
}

bool cell_is_below(const struct cell *cell, const struct cell *above)
{
    while (cell && cell != above)
        cell = cell->parent;
    return cell != NULL;
}

struct cell *cell_of_domain(struct domain *domain)
{
    return domain->cell_number ? container_of(domain, struct cell, domain) : NULL;
}

void cell_wake(struct cell *cell, u32 thread_index)
{
    u32 *word;

    hibernate_wake(cell);
    if (thread_index >= RF_MAX_THREADS || !cell->window)
        return;
    word = &cell->window->wake[thread_index];
    __atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void cell_console_event(struct cell *cell)
{
    if (!cell->any_armed)
        return;
    hibernate_wake(cell);
    if (!cell->window)
        return;
    cell->any_armed = false;
    __atomic_add_fetch(&cell->window->cell.console_events, 1, __ATOMIC_RELEASE);
    for (u32 word = 0; word < ARRAY_SIZE(cell->armed); word++) {
        while (cell->armed[word]) {
            u32 bit = (u32)__builtin_ctzl(cell->armed[word]);

            cell->armed[word] &= cell->armed[word] - 1;
            cell_wake(cell, word * 64 + bit);
            if (word == 0 && bit == 0)
                signals_forward(cell, RF_PREPARED_CONSOLE);
        }
    }
}

/* Session numbers stay reserved while a member lives, and jailed code cannot leave its session. */
bool cell_has_process(const struct cell *cell, u64 pid)
{
    return pid > 1 && pid <= INT_MAX && cell->leader && getsid((pid_t)pid) == cell->leader;
}

/* A caller whose answer waits is told -EINTR. Where the host knows WAIT_KILLABLE_RECV it would
 * sleep on until then; elsewhere the signal has already ended its wait, and the answer goes
 * nowhere. */
int cell_kick(struct cell *cell, u64 pid, u64 tid)
{
    if (!cell_has_process(cell, pid) || tid == 0 || tid > INT_MAX)
        return -ESRCH;
    if (syscall(SYS_tgkill, (pid_t)pid, (pid_t)tid, RF_KICK_SIGNAL) < 0)
        return -errno;
    domain_interrupt(&cell->domain, (u32)tid);
    return 0;
}
