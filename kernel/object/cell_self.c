/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's own object: starting processes, interrupting threads, timers, the cell's end. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/object/call.h"
#include "kernel/object/console.h"
#include "kernel/report.h"

#define MESSAGE_MOST 1000u

s64 op_PREPARED(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (cell->signals) {
        u32 bit = (u32)__builtin_ctzl(cell->signals);

        call_commit(call);
        cell->signals &= ~(1ul << bit);
        return RF_PREPARED_SIGNAL | (bit + 1);
    }
    if (cell->token_count) {
        u32 token = cell->tokens[0];

        call_commit(call);
        memmove(cell->tokens, cell->tokens + 1, --cell->token_count * sizeof(token));
        return token;
    }
    return call_wait(call, &cell->prepared, NULL);
}

s64 op_SPAWN(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (call->w[0] >= RF_PREPARED_SIGNAL)
        return -EINVAL;
    while (!list_empty(&cell->prepared)) {
        struct pending *pending = list_first(&cell->prepared, struct pending, link);

        if (pending_answer(pending, (s64)call->w[0]))
            return call_done(call, 0);
    }
    if (cell->token_count == SPAWN_TOKENS)
        return -EAGAIN;
    call_commit(call);
    cell->tokens[cell->token_count++] = (u32)call->w[0];
    return 0;
}

/* Through the signal file, so that the answer comes before the stop. Only for somebody at a
 * terminal, who can go on: a cell must not be able to hold up a script. */
s64 op_STOPPED(struct call *call)
{
    if (!consoles_may_stop())
        return -EPERM;
    if (!cell_of(call->cap)->job_control)
        return -EPERM;
    call_commit(call);
    cell_of(call->cap)->main_stopped = true;
    kill(getpid(), SIGTSTP);
    return 0;
}

s64 op_KICK(struct call *call)
{
    return call_done(call, cell_kick(cell_of(call->cap), call->w[0], call->w[1]));
}

s64 op_EXIT(struct call *call)
{
    int status = (int)call->w[0];

    if (!WIFEXITED(status) && !WIFSIGNALED(status))
        return -EINVAL;
    call_commit(call);
    cell_end(cell_of(call->cap), status, -1);
    return 0;
}

s64 op_START_FAILED(struct call *call)
{
    int status = (int)call->w[0];
    char text[MESSAGE_MOST];
    s64 length;

    if (!WIFEXITED(status) ||
        (WEXITSTATUS(status) != STATUS_NOT_EXECUTABLE && WEXITSTATUS(status) != STATUS_NOT_FOUND))
        return -EINVAL;
    length = call_data(call, text, 1, sizeof(text));
    if (length < 0)
        return length;
    call_commit(call);
    if (!cell_of(call->cap)->ending)
        report_foreign(cell_of(call->cap), "", text, (unsigned long)length);
    cell_end(cell_of(call->cap), status, -1);
    return 0;
}

s64 op_PANIC(struct call *call)
{
    char text[MESSAGE_MOST];
    s64 length = call_data(call, text, 0, sizeof(text));

    if (length < 0)
        return length;
    call_commit(call);
    if (!cell_of(call->cap)->ending)
        report_foreign(cell_of(call->cap), "the library OS stopped: ", text, (unsigned long)length);
    cell_end(cell_of(call->cap), 0, STATUS_OWN_FAILURE);
    return 0;
}

static void timer_expired(struct timer *base)
{
    struct thread_timer *timer = container_of(base, struct thread_timer, timer);

    cell_wake(timer->cell, timer->index);
    cell_kick(timer->cell, (u64)timer->pid, (u64)timer->tid);
}

s64 op_TIMER(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct thread_timer *timer;

    if (call->w[0] >= RF_MAX_THREADS)
        return -EINVAL;
    timer = &cell->timers[call->w[0]];
    cell->timers_used = MAX(cell->timers_used, (u32)call->w[0] + 1);
    if (call->w[1] == 0) {
        call_commit(call);
        timer_cancel(&timer->timer);
        return 0;
    }
    timer->timer.expired = timer_expired;
    timer->cell = cell;
    timer->index = (u32)call->w[0];
    timer->pid = (pid_t)call->w[2];
    timer->tid = (pid_t)call->w[3];
    return call_done(call, timer_set(&timer->timer, call->w[1]));
}

s64 op_RANDOM(struct call *call)
{
    u8 bytes[256];
    int error = call_needs_message(call);
    ssize_t n;

    if (error)
        return error;
    if (call->w[0] > sizeof(bytes))
        return -EINVAL;
    n = getrandom(bytes, call->w[0], 0);
    if (n < 0)
        return -errno;
    call_out(call, 0, bytes, (u32)n);
    return n;
}

static void too_late(struct timer *timer)
{
    pending_answer(container_of(timer, struct pending, timer), -EINTR);
}

/* A wait that is interrupted here ends as it would have if the caller had not been let go. */
s64 op_ATTACH(struct call *call)
{
    struct pending *pending = call_is_own(call) ? domain_detached(call->domain, call->w[0]) : NULL;
    s64 result;

    if (!pending)
        return (s64)RF_DETACHED;
    if (!pending->finished && call->kicked && pending->patient)
        return (s64)(RF_DETACHED | call->w[0]);
    if (!pending->finished && call->kicked)
        pending_answer(pending, -EINTR);
    if (!pending->finished && call->w[1]) {
        pending->timer.expired = too_late;
        if (timer_set(&pending->timer, call->w[1]) < 0)
            pending_answer(pending, -EINTR);
    }
    if (!pending->finished) {
        pending->detached = 0;
        pending->id = call->id;
        pending->tid = call->tid;
        return CALL_WAITS;
    }
    result = pending->result;
    pending->detached = 0;
    pending->finished = false;
    list_del(&pending->all);
    list_add(&call->domain->free_pending, &pending->all);
    return result;
}

s64 op_TIMES(struct call *call)
{
    struct process_times times;
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!cell_has_process(cell_of(call->cap), call->w[0]))
        return -ESRCH;
    stats_process((pid_t)call->w[0], &times);
    call->msg->words[0] = times.user_ns;
    call->msg->words[1] = times.system_ns;
    call->msg->words[2] = times.peak_bytes;
    call->msg->words[3] = times.missing_ns;
    return 0;
}

s64 op_AFFINITY(struct call *call)
{
    cpu_set_t set;
    int error = call_needs_message(call);

    if (error)
        return error;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return -errno;
    call_out(call, 0, &set, sizeof(set));
    return CPU_COUNT(&set);
}

s64 op_CPU_INFO(struct call *call)
{
    static int fd = -1;
    int error = call_needs_message(call);
    ssize_t n;

    if (error)
        return error;
    if (fd < 0)
        fd = tasks_open("cpuinfo");
    n = pread(fd, call->msg->data, RF_MSG_DATA, (off_t)call->w[0]);
    if (n < 0)
        return -errno;
    call->msg->data_length = (u32)n;
    return n;
}
