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
#include "libos/proc/subject.h"
#include "libos/proc/tree.h"
#include "libos/time/clock.h"
#include "libos/tty/session.h"

#define SIGINT_  2
#define SIGQUIT_ 3
#define SIGCONT_ 18

#define SIGKILL_      9
#define DEFAULT_SLACK 50000u

#define CONSOLE_STREAMS_GIVEN 3

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

/* A process for a program that no process of the cell started: a session of its own, not yet
 * linked. NULL: no memory. */
static struct thread *unborn_process(struct exec_image *image)
{
    struct process *init = the_cell->init, *p = process_copy(init);
    struct thread *t = p ? thread_copy(p, current()) : NULL;

    if (!t)
        return NULL;
    p->files = fdtable_new();
    p->paths = fs_context_copy(init->paths);
    p->session = heap_alloc(sizeof(*p->session));
    if (!p->files || !p->paths || !p->session)
        return NULL;
    p->exit_signal = 0;
    t->image = image;
    return t;
}

static void link_process(struct thread *t)
{
    struct process *p = t->process;

    lock_take(&the_cell->lock);
    p->pid = p->pgid = p->session->sid = t->tid = id_take();
    process_link(p, the_cell->init);
    thread_link(t);
    lock_release(&the_cell->lock);
}

/* The first program's process, linked and with its descriptors, and its image on its thread. */
static struct thread *first_process(struct exec_image *image)
{
    struct thread *t = unborn_process(image);

    if (!t)
        panic("no memory for the first process");
    link_process(t);
    the_cell->main_process = t->process;
    if (console_give && console_give(t->process, t->process->files))
        panic("no memory for the console");
    return t;
}

/* What a request brought: its record, and the slots of its streams. */
struct request {
    u32 token;
    u32 stream_count, streams[RF_MSG_CAPS];
    struct rf_boot *record; /* heap */
};

/* Every string and array must lie in the record: it came from outside of the cell. */
static bool is_sound(const struct rf_boot *boot, u64 length)
{
    u64 most = length / sizeof(u32);

    return length >= sizeof(*boot) && boot->magic == RF_BOOT_MAGIC && boot->argc &&
           boot->argc <= most && boot->envc <= most && boot->program < length &&
           boot->argv <= length - boot->argc * sizeof(u32) &&
           boot->envp <= length - boot->envc * sizeof(u32) && ((const char *)boot)[length - 1] == 0;
}

static bool strings_are_sound(const struct rf_boot *boot, u32 array, u32 count, u64 length)
{
    const u32 *offsets = (const u32 *)((const char *)boot + array);

    for (u32 i = 0; i < count; i++) {
        if (offsets[i] >= length)
            return false;
    }
    return true;
}

/* 0; -ENOENT: there is none (any more). */
static long take_request(struct request *request)
{
    struct rf_msg *m = message_get();
    long n = invoke_message_retry(RF_SLOT_CELL, RF_OP_EXEC_TAKE, m, 0, 0, 0, 0);

    if (n >= 0) {
        request->token = (u32)m->words[0];
        request->stream_count = MIN(m->cap_count, RF_MSG_CAPS);
        memcpy(request->streams, m->caps, sizeof(request->streams));
        request->record = heap_alloc((size_t)n + 1);
        if (request->record) {
            memcpy(request->record, m->data, (size_t)n);
            ((char *)request->record)[n] = 0;
        }
    }
    message_put(m);
    if (n < 0)
        return n;
    n++;
    if (request->record && !(is_sound(request->record, (u64)n) &&
                             strings_are_sound(request->record, request->record->argv,
                                               request->record->argc, (u64)n) &&
                             strings_are_sound(request->record, request->record->envp,
                                               request->record->envc, (u64)n))) {
        heap_free(request->record);
        request->record = NULL;
    }
    return 0;
}

static void refuse(const struct request *request, const char *format, long error)
{
    struct rf_msg *m = message_get();
    const char *name =
        request->record ? (const char *)request->record + request->record->program : "request";

    m->data_length = (u32)format_text((char *)m->data, 4096, format, name, -error);
    if (request->stream_count == CONSOLE_STREAMS_GIVEN)
        invoke_message_retry(request->streams[CONSOLE_STREAMS_GIVEN - 1], RF_OP_CONSOLE_WRITE, m, 0,
                             1, 0, 0);
    message_put(m);
    for (u32 i = 0; i < request->stream_count; i++)
        invoke_surely(request->streams[i], RF_OP_DROP, 0, 0, 0, 0);
    invoke_surely(RF_SLOT_CELL, RF_OP_EXEC_DONE, request->token, 127 << 8, 0, 0);
}

/* Somebody outside asked for a further program. */
static void serve_request(void)
{
    struct request request = {0};
    struct exec_image *image = NULL;
    enum elf_kind kind = ELF_NONE;
    struct thread *t;
    long r = take_request(&request);

    if (r)
        return;
    r = request.record ? find_image(request.record, &image, &kind) : -EINVAL;
    if (r) {
        refuse(&request, "ringfence: %s: cannot be run: error %ld\n", r);
        heap_free(request.record);
        return;
    }
    heap_free(request.record);
    request.record = NULL;
    t = unborn_process(image);
    if (!t) {
        exec_image_free(image);
        refuse(&request, "ringfence: %s: error %ld\n", -ENOMEM);
        return;
    }
    link_process(t);
    t->process->request = request.token;
    r = console_give_slots ? console_give_slots(t->process, request.streams, request.stream_count)
                           : 0;
    if (r || host_fork(t, run_forked_image, image))
        spawn_failed(t);
}

static _Noreturn void serve(void)
{
    for (;;) {
        long r = invoke(RF_SLOT_CELL, RF_OP_PREPARED, 0, 0, 0, 0);

        if (r == (long)(RF_PREPARED_SIGNAL | RF_PREPARED_EXEC))
            serve_request();
        else if (r == (long)(RF_PREPARED_SIGNAL | RF_PREPARED_REQUEST))
            subject_requests_serve();
        else if (r >= (long)RF_PREPARED_SIGNAL)
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
