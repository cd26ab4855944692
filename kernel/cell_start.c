/* SPDX-License-Identifier: Apache-2.0 */
/* From a cell that was described to one that runs. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/boot.h"
#include "kernel/cell.h"
#include "kernel/cell_clock.h"
#include "kernel/checkpoint/branch.h"
#include "kernel/jail/notify.h"
#include "kernel/jail/start.h"
#include "kernel/report.h"
#include "kernel/world.h"

/* The first process will not come. */
static void give_up(struct cell *cell, int error, const char *step)
{
    if (error == -ECHILD)
        report_of(cell, "the cell's first process ended before it was in the jail");
    else
        report_of(cell, "the host refuses a part of the jail (see: ringfence doctor): %s: %s", step,
                  strerror(-error));
    cell_end(cell, 0, STATUS_OWN_FAILURE);
    if (cell->leader)
        return; /* its end is yet to be seen */
    cell_over(cell);
    object_release(&cell->object);
}

static void first_process_ready(struct event *event, u32 events)
{
    struct cell *cell = container_of(event, struct cell, start);
    char step[40] = "";
    int fd = start_take_listener(cell, &cell->leader, step), error;

    (void)events;
    if (fd == -EAGAIN)
        return;
    event_watch(&cell->start, 0);
    close(cell->start.fd);
    cell->start.fd = -1;
    if (fd < 0) {
        give_up(cell, fd, step);
        return;
    }
    cell->tasks = cell->processes = 1;
    tasks_add(cell, cell->leader);
    error = notify_start(cell, fd);
    if (error) {
        give_up(cell, error, "epoll");
        return;
    }
    if (cell->ending)
        kill(-cell->leader, SIGKILL);
    else if (cell->stops && !cell->restore)
        kill(-cell->leader, SIGSTOP);
    limits_start(cell);
}

int cell_start_processes(struct cell *cell)
{
    int error = start_cell(cell);

    if (error)
        return error;
    cell->start.ready = first_process_ready;
    error = event_watch(&cell->start, EPOLLIN);
    if (error) {
        close(cell->start.fd);
        cell->start.fd = -1;
    }
    return error;
}

static int begin(struct cell *cell)
{
    int error = boot_finish(cell);

    cell_put_own(cell);
    cell_clock_begin(cell);
    return error ? error : cell_start_processes(cell);
}

int cell_start(struct cell *cell)
{
    int error;

    if (cell->started_ns || cell->ending)
        return -EBUSY;
    error = cell->origin ? branch_start(cell) : begin(cell);
    if (error)
        return error;
    cell->started_ns = now_ns();
    list_add_tail(&world.awake, &cell->awake);
    object_hold(&cell->object); /* for its processes */
    return 0;
}
