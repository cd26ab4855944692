/* SPDX-License-Identifier: Apache-2.0 */
/* The prepared process: no program ever runs in it, so what is forked from it is as clean as a new
 * cell. It starts the first program and then serves spawns. Its thread counts as init's. */
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/fs/async.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/proc/exec.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/exit.h"
#include "libos/proc/fork.h"
#include "libos/proc/start.h"
#include "libos/proc/tree.h"
#include "libos/time/clock.h"
#include "libos/tty/session.h"

#define SIGINT_  2
#define SIGQUIT_ 3
#define SIGCONT_ 18

#define SIGKILL_      9
#define DEFAULT_SLACK 50000u

static void run_forked_image(void *argument)
{
    exec_image_run(argument);
}

/* Ends a process for which the host gave no process of its own. */
static void spawn_failed(struct thread *t)
{
    exec_image_free(t->image);
    t->image = NULL;
    end_unstarted(t, SIGKILL_);
}

static void serve_spawn(u32 token)
{
    struct thread *t = token < RF_MAX_THREADS ? the_cell->threads[token] : NULL;

    if (!t || !t->image)
        return;
    if (host_fork(t, run_forked_image, t->image))
        spawn_failed(t);
}

static void serve_signal(int signo)
{
    if (console_signal && console_signal(signo))
        return;
    lock_take(&the_cell->lock);
    if (the_cell->main_process &&
        (signo == SIGCONT_ || signo == SIGINT_ || signo == SIGQUIT_)) /* as from a keyboard */
        send_signal_to_group(the_cell->main_process->pgid, signo, NULL);
    else if (the_cell->main_process && signo)
        send_signal_to_process(the_cell->main_process, signo, NULL);
    lock_release(&the_cell->lock);
}

static _Noreturn void serve(void)
{
    for (;;) {
        long r = invoke(RF_SLOT_CELL, RF_OP_PREPARED, 0, 0, 0, 0);

        if (r >= (long)RF_PREPARED_SIGNAL)
            serve_signal((int)(r - RF_PREPARED_SIGNAL));
        else if (r >= 0)
            serve_spawn((u32)r);
        timers_run();
        async_send();
        hostfs_keep_popular();
    }
}

static void become_init(void)
{
    struct thread *t = current();

    t->process = the_cell->init;
    t->affinity = ~0ull;
    t->timer_slack = DEFAULT_SLACK;
    the_cell->threads[0] = t;
    the_cell->init->files = fdtable_new();
    the_cell->init->paths = fs_context_new();
    if (!the_cell->init->files || !the_cell->init->paths)
        panic("no memory to start with");
}

/* The first program's process, linked and with its descriptors, and its image on its thread. */
static struct thread *first_process(struct exec_image *image)
{
    struct process *init = the_cell->init, *p = process_copy(init);
    struct thread *t = p ? thread_copy(p, current()) : NULL;

    if (!t)
        panic("no memory for the first process");
    p->files = fdtable_new();
    p->paths = fs_context_copy(init->paths);
    p->session = heap_alloc(sizeof(*p->session));
    if (!p->files || !p->paths || !p->session)
        panic("no memory for the first process");
    p->exit_signal = 0;
    lock_take(&the_cell->lock);
    p->pid = p->pgid = p->session->sid = t->tid = id_take();
    process_link(p, init);
    thread_link(t);
    the_cell->main_process = p;
    lock_release(&the_cell->lock);
    if (console_give && console_give(p, p->files))
        panic("no memory for the console");
    t->image = image;
    return t;
}

_Noreturn void prepared_process_main(void)
{
    struct exec_image *image;
    struct thread *t;
    long r;

    processes_init();
    become_init();
    image = first_image();
    t = first_process(image);
    r = host_fork(t, run_forked_image, image);
    if (r)
        start_failed(126, "the cell's first process cannot be made: error %ld", -r);
    serve();
}
