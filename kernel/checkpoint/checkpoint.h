/* SPDX-License-Identifier: Apache-2.0 */
/* A durable world: cuts, now and then or when asked for, and going on from the last one.
 *
 * A cut: all cells stand still, what changed is copied, they go on; a thread of its own writes it
 * to the store and commits. Until that is done there is no other cut. */
#ifndef KERNEL_CHECKPOINT_CHECKPOINT_H
#define KERNEL_CHECKPOINT_CHECKPOINT_H

#include "base/types.h"

struct call;
struct source;

struct checkpoint_config {
    const char *path; /* the world's directory; NULL: the world is not durable */
    const char *const *volumes;
    u32 volume_count;
    u64 every_ns; /* 0: only when asked for */
    bool hold;    /* output is held until it is durable */
};

/* Opens the store, or makes it, before the kernel confines itself. Fails (fail()) with one line
 * when it cannot be used. */
void checkpoint_open(const struct checkpoint_config *config);

/* Makes the world's objects again, and its cells, from what is committed; then cuts begin. Fails
 * (fail()) when what is there makes no sense: a world must not go on from half of itself. */
void checkpoint_restart(void);

/* A last cut, after which no cell goes on. Then `done` is told its generation; or a negative errno,
 * -EAGAIN if a cell did not stand still in time, and the cells go on. The world has a store. */
void checkpoint_last(void (*done)(s64 result));

/* The event loop is over: closes the store. Without a last cut, what there is now is committed. */
void checkpoint_close(void);

/* A cut is wanted now. */
void checkpoint_soon(void);

/* What the last generation holds; NULL: the world has no store. */
struct source *checkpoint_source(void);

/* What the store has under that object's number stays there, though no cut puts it, until it is
 * renewed: then it goes with the next cut, but for what that puts. 0 or -ENOMEM. */
int checkpoint_leave(u64 number);
void checkpoint_renew(u64 number);

/* What WORLD_STAT tells. All 0 in a world without a store. */
struct checkpoint_figures {
    u64 generation; /* committed */
    u64 age_ns;     /* of that cut */
    u64 pause_ns;   /* for which cells stood still at the last cut */
    u64 bytes;      /* that it wrote */
    s64 error;      /* why the last one was not committed; 0: it was */
    u32 volumes, volumes_missing;
    u64 restarts; /* times that this world went on from a cut */
};
void checkpoint_figures(struct checkpoint_figures *figures);

#endif
