/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/console_ops.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "kernel/cell.h"
#include "kernel/object/viewer.h"

/* The cell's end ends it: it holds the cell. */
struct console_watch {
    struct list link;
    struct cell *cell;
    u32 events; /* poll(2) */
};

static void drop_watch(struct console_watch *watch)
{
    list_del(&watch->link);
    object_release(&watch->cell->object);
    free(watch);
}

static struct console_watch *find_watch(const struct list *watches, const struct cell *cell)
{
    list_for_each(node, watches) {
        struct console_watch *watch = list_entry(node, struct console_watch, link);

        if (watch->cell == cell)
            return watch;
    }
    return NULL;
}

int watches_add(struct list *watches, struct cell *cell, u32 events)
{
    struct console_watch *watch = find_watch(watches, cell);

    if (!watch) {
        watch = calloc(1, sizeof(*watch));
        if (!watch)
            return -ENOMEM;
        object_hold(&cell->object);
        watch->cell = cell;
        list_add(watches, &watch->link);
    }
    watch->events |= events;
    return 0;
}

u32 watches_events(const struct list *watches)
{
    u32 events = 0;

    list_for_each(node, watches)
        events |= list_entry(node, struct console_watch, link)->events;
    return events;
}

void watches_wake(struct list *watches, u32 events)
{
    list_for_each_safe(node, watches) {
        struct console_watch *watch = list_entry(node, struct console_watch, link);

        if (!(events & (watch->events | POLLHUP | POLLERR)))
            continue;
        cell_console_event(watch->cell);
        drop_watch(watch);
    }
}

void watches_drop(struct list *watches)
{
    list_for_each_safe(node, watches)
        drop_watch(list_entry(node, struct console_watch, link));
}

static const struct console_ops *ops_of(const struct call *call)
{
    return viewer_of_console(call->cap) ? &viewer_console_ops : &host_console_ops;
}

s64 op_CONSOLE_READ(struct call *call)
{
    if (call_needs_message(call) || call->w[0] > RF_MSG_DATA)
        return -EINVAL;
    if (!(call->cap->rights & RF_RIGHT_READ))
        return -EACCES;
    return call_done(call, ops_of(call)->read(call));
}

s64 op_CONSOLE_WRITE(struct call *call)
{
    s64 length = call_data_length(call);

    if (length < 0)
        return length;
    if (!(call->cap->rights & RF_RIGHT_WRITE))
        return -EACCES;
    return call_done(call, ops_of(call)->write(call, (u32)length));
}

s64 op_CONSOLE_INFO(struct call *call)
{
    struct console_state state = {0};
    int error = call_needs_message(call);

    if (!error)
        error = ops_of(call)->info(call, &state);
    if (error)
        return error;
    call->msg->words[0] = state.attr.mode;
    call->msg->words[1] = state.is_terminal;
    call->msg->words[2] = state.columns | (u64)state.rows << 32;
    call->msg->words[3] = call->cap->rights;
    call_out(call, 0, &state.attr, sizeof(state.attr));
    return 0;
}

s64 op_CONSOLE_ARM(struct call *call)
{
    struct cell *cell = cell_of_domain(call->domain);
    u32 wanted = call->w[1] & (POLLIN | POLLOUT | POLLPRI | POLLRDHUP), now;
    int error;

    if (call->w[0] >= RF_MAX_THREADS || !cell)
        return -EINVAL;
    now = ops_of(call)->events(call, wanted);
    if (now || !wanted)
        return call_done(call, now);
    error = watches_add(ops_of(call)->watches(call), cell, wanted);
    if (error)
        return error;
    call_commit(call);
    cell->armed[call->w[0] / 64] |= 1ul << call->w[0] % 64;
    cell->any_armed = true;
    ops_of(call)->watched(call);
    return 0;
}

s64 op_CONSOLE_SUSPEND(struct call *call)
{
    return call_done(call, ops_of(call)->suspend(call));
}

s64 op_CONSOLE_MODE(struct call *call)
{
    return call_done(call, ops_of(call)->mode(call));
}
