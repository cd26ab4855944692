/* SPDX-License-Identifier: Apache-2.0 */
/* The one world that this kernel process runs. */
#ifndef KERNEL_WORLD_H
#define KERNEL_WORLD_H

#include "kernel/cell.h"
#include "kernel/checkpoint/cpu.h"
#include "kernel/jail/image.h"

struct world {
    struct object object;
    struct list cells; /* struct cell.all, in order of their numbers; the first cell is the first */
    struct list awake; /* struct cell.awake: what a cut has to look at */
    struct cell *first;
    struct bank *bank;   /* the first bank: what the world may use */
    struct meter *meter; /* the first meter */
    u32 next_number;
    u32 cell_count;    /* that are not over */
    struct list ended; /* struct cell.ended: those that are over and kept for who asks later, oldest
                          first */
    u32 ended_count;
    int dir_fd;             /* the world's directory; -1: a throw-away world */
    u32 owner, owner_group; /* host ids of whose world it is */
    bool stopping;
    bool until_left;   /* ends when its last client leaves */
    struct cell *only; /* a throw-away world: the cell that it is for; NULL: the world stays */
    u64 began_ns;
    u64 invocations;         /* of all cells and clients */
    struct cpu_features cpu; /* what its cells may rely on */
    u32 cpu_level;           /* as world_config has it */
};

extern struct world world;
extern const struct object_class world_class;

/* Makes the first bank, meter and cell. Fails (fail()) without memory. */
void world_init(void);

/* For how long it has run, in all its kernel processes. */
u64 world_age(void);

/* Ends all cells, then the event loop. */
void world_stop(void);

/* Ends the event loop as of a last cut: when the world is started again, its cells go on. Without
 * a store as world_stop. `done`, unless it is NULL, is told 0 before that, or why there could be no
 * such cut, and then the world goes on; with NULL it ends all the same, as of the cut before. */
void world_leave(void (*done)(s64 result));

/* The cell with that number, of that host session, or NULL. */
struct cell *world_cell(u32 number);
struct cell *world_cell_of_session(pid_t session);

/* The cell of that name or number below `above`, or NULL: one that is not over if there is one. */
struct cell *world_find(const struct cell *above, const char *name);

/* Keeps a cell that is over, until others take its place. */
void world_remember(struct cell *cell);
void world_forget(struct cell *cell); /* harmless when it is not kept */

#endif
