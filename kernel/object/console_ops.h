/* SPDX-License-Identifier: Apache-2.0 */
/* There are two kinds of console, streams of the host (console.c) and those that the kernel keeps
 * itself (viewer.c), and one set of operations (console_ops.c). */
#ifndef KERNEL_OBJECT_CONSOLE_OPS_H
#define KERNEL_OBJECT_CONSOLE_OPS_H

#include "kernel/object/call.h"

struct cell;

struct console_state {
    struct rf_attr attr;
    bool is_terminal;
    u32 columns, rows;
};

/* Each gets a call of a live console of its own kind. */
struct console_ops {
    s64 (*read)(struct call *call); /* CONSOLE_READ, its arguments and rights checked */
    s64 (*write)(struct call *call, u32 length);                 /* the same for CONSOLE_WRITE */
    int (*info)(struct call *call, struct console_state *state); /* 0 or a negative errno */
    u32 (*events)(struct call *call, u32 wanted); /* those of the poll(2) events that hold now */
    struct list *(*watches)(struct call *call);   /* the cells that wait for events */
    void (*watched)(struct call *call);           /* there is a new one among them */
    s64 (*suspend)(struct call *call);
    s64 (*mode)(struct call *call);
};

extern const struct console_ops host_console_ops, viewer_console_ops;

/* A list of cells that wait for events of a console, each cell at most once. */

/* Adds events that a cell waits for: 0 or -ENOMEM. */
int watches_add(struct list *watches, struct cell *cell, u32 events);

/* All events that somebody waits for. */
u32 watches_events(const struct list *watches);

/* Tells those that wait for one of the events, or for any when it hung up, and forgets them. */
void watches_wake(struct list *watches, u32 events);

void watches_drop(struct list *watches);

#endif
