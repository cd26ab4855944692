/* SPDX-License-Identifier: Apache-2.0 */
/* A cell as others see it. The cells of a world are a tree: who holds a cell can make cells below
 * it, and its end is the end of all below. The first cell of a world is nobody's program: only a
 * place in the tree.
 *
 * A new cell is filled, then started: CELL_CREATE, CELL_LOAD (the boot record of abi/boot.h, which
 * is the business of the library OS), CELL_GIVE, CELL_START. One that is dropped before it was
 * started is gone. */
#ifndef ABI_INTERFACE_CELL_H
#define ABI_INTERFACE_CELL_H

#include "base/types.h"

#define RF_CELL_NAME 32

#define RF_OPS_CELL(OP)                                                                            \
    OP(cell, CELL_CREATE, 352, RF_RIGHT_WRITE,                                                     \
       "caps: bank, meter; w0: nanoseconds until it ends, 0: none; w1: RF_CELL_*; data: name",     \
       "slot of the new cell, all rights",                                                         \
       "EEXIST: a cell has that name. EINVAL: a name is 1 to 31 letters, digits, dots, dashes, "   \
       "not a number. ENOSPC: the bank's limit. ELOOP: 64 cells above each other",                 \
       "8 records of that bank")                                                                   \
    OP(cell, CELL_LOAD, 353, RF_RIGHT_MANAGE, "w0: offset; data", "0",                             \
       "writes into the boot record. EBUSY: it was started. EFBIG", "")                            \
    OP(cell, CELL_GIVE, 354, RF_RIGHT_MANAGE, "w0: slot; caps: one capability", "0",               \
       "puts a copy into a slot below RF_SLOT_LIMIT. EBUSY: it was started, or the slot is "       \
       "filled. ERANGE",                                                                           \
       "")                                                                                         \
    OP(cell, CELL_START, 355, RF_RIGHT_MANAGE, "", "0",                                            \
       "EBUSY: it was started. EAGAIN: the host has no more processes. ENOEXEC: its image was "    \
       "made by another version of ringfence. EPROTO: its image makes no sense",                   \
       "its processes and memory, as they are used")                                               \
    OP(cell, CELL_PAUSE, 356, RF_RIGHT_WRITE, "", "0",                                             \
       "with all below; nothing of it runs until CELL_RESUME", "")                                 \
    OP(cell, CELL_RESUME, 357, RF_RIGHT_WRITE, "", "0", "also after CELL_HIBERNATE", "")           \
    OP(cell, CELL_KILL, 358, RF_RIGHT_WRITE, "", "0",                                              \
       "ends it and all below. EPERM: the first cell of the world", "")                            \
    OP(cell, CELL_SIGNAL, 359, RF_RIGHT_WRITE, "w0: signal number", "0",                           \
       "for the cell's foreground job, or its main program without a terminal. EINVAL. ESRCH: it " \
       "has ended",                                                                                \
       "")                                                                                         \
    OP(cell, CELL_WAIT, 360, RF_RIGHT_READ, "w0: 1 to not wait",                                   \
       "wait status as of waitpid(2) of its main program",                                         \
       "EAGAIN: it runs. ENOTSUP: the first cell of the world", "")                                \
    OP(cell, CELL_STAT, 361, RF_RIGHT_READ, "", "0; data out: struct rf_cell_stat", "", "")        \
    OP(cell, CELL_LIST, 362, RF_RIGHT_READ, "w0: number to start behind, 0 first",                 \
       "bytes; data out: struct rf_cell_stat of each cell below, in order of their numbers",       \
       "0: the end", "")                                                                           \
    OP(cell, CELL_FIND, 363, RF_RIGHT_READ, "data: name or number",                                \
       "slot of a cell below, with the rights of this capability", "ENOENT", "")                   \
    OP(cell, CELL_CAPS, 364, RF_RIGHT_READ, "w0: slot to start behind, 0 first",                   \
       "bytes; data out: struct rf_cap_info records", "0: the end", "")                            \
    OP(cell, CELL_REVOKE, 365, RF_RIGHT_WRITE, "w0: slot", "0",                                    \
       "empties a slot of its table. EBADF: it is empty", "")                                      \
    OP(cell, CELL_EXEC, 366, RF_RIGHT_WRITE,                                                       \
       "caps: three consoles; data: program, arguments and environment as abi/boot.h says",        \
       "wait status as of waitpid(2)",                                                             \
       "runs a further program in the cell and waits for its end. ESRCH: the cell has ended",      \
       "3 slots of the cell")                                                                      \
    OP(cell, CELL_VIEW, 367, RF_RIGHT_WRITE, "", "slot of the viewer of its standard console",     \
       "ENOENT: it has none", "")                                                                  \
    OP(cell, CELL_SET_METER, 368, RF_RIGHT_MANAGE, "caps: a meter", "0",                           \
       "it runs on that meter from now on, also when its own was destroyed. ESTALE: it has ended", \
       "")                                                                                         \
    OP(cell, CELL_SET_KEEPER, 369, RF_RIGHT_MANAGE,                                                \
       "caps: a notification, or none; w0: bits at its end, w1: bits at a fault", "0",             \
       "signalled when it has ended, and each time one of its programs faults without a keeper "   \
       "of its own. EBADF. EACCES: a notification without RF_RIGHT_WRITE. ESTALE: it has ended",   \
       "")                                                                                         \
    OP(cell, CELL_PROCESS, 370, RF_RIGHT_WRITE, "w0: number of a process, as in the cell",         \
       "slot of the process, with READ and WRITE as this capability, and MANAGE",                  \
       "whether there is such a process shows when it is used. EINVAL: no such number. ESRCH: "    \
       "the cell does not run. ENOSPC",                                                            \
       "1 record of the caller's bank")                                                            \
    OP(cell, CELL_HIBERNATE, 371, RF_RIGHT_WRITE, "", "0",                                         \
       "as of a checkpoint it is in the world's store alone, without memory and processes; "       \
       "whatever happens for it, or CELL_RESUME, makes them again. EBUSY: it sleeps. EAGAIN: the " \
       "world did not stand still. ESRCH: it has no processes. EOPNOTSUPP: the world is not "      \
       "durable. ENOSPC, EIO and the like: no checkpoint could be written",                        \
       "")                                                                                         \
    OP(cell, CELL_BRANCH, 372, RF_RIGHT_WRITE,                                                     \
       "caps: bank, meter, a cell; w2: 1: that one is paused from then on; data: name",            \
       "slot of the new cell, all rights",                                                         \
       "a cell like that one at one instant, below this one, that was not started yet: "           \
       "CELL_START "                                                                               \
       "has it go on from there. It has the other's capabilities, but is its own place and has "   \
       "its own bank, meter and consoles, and calls that were under way are interrupted. A cell "  \
       "that was not started can be branched if it is itself a branch, or its image was written. " \
       "As CELL_CREATE; EACCES: no RF_RIGHT_WRITE to the other. EDEADLK: it is the caller. "       \
       "EAGAIN: it did not stand still, or sleeps and is woken now. ESRCH: it has no processes, "  \
       "and no image",                                                                             \
       "8 records of that bank, and pages for the image until it starts")                          \
    OP(cell, CELL_IMAGE_READ, 373, RF_RIGHT_MANAGE, "w0: position, 0 first",                       \
       "bytes; w0: next position; data out: a piece (abi/image.h)",                                \
       "the image of a branch that was not started. 0: the end. ENODATA: it has none", "")         \
    OP(cell, CELL_IMAGE_WRITE, 374, RF_RIGHT_MANAGE, "data: a piece (abi/image.h)", "0",           \
       "gives an image to a new cell, which CELL_START then has go on from it, with what it was "  \
       "given by CELL_GIVE; what reached outside is not in it, or is looked for below the "        \
       "directories that it was given. EBUSY: it was started, or is a branch. EINVAL: no such "    \
       "piece. ENOSPC",                                                                            \
       "pages for the image until it starts")

/* Of CELL_CREATE. */
#define RF_CELL_SAMPLED     1u /* figures are wanted, though nothing is limited */
#define RF_CELL_STAYS_AWAKE 2u /* does not go to sleep when the world needs memory */

enum rf_cell_state {
    RF_CELL_NEW,
    RF_CELL_RUNNING,
    RF_CELL_PAUSED,
    RF_CELL_ENDED,
    RF_CELL_SLEEPING
};

struct rf_cell_stat {
    u32 number, parent; /* parent 0: the first cell */
    u32 state;          /* enum rf_cell_state */
    s32 status;         /* ended: as of waitpid(2) */
    u32 tasks, slots;   /* host processes and threads; capabilities held */
    u64 age_ns;
    u64 used_ns, missing_ns, memory_held, memory_peak, memory_limit;
    u64 byte_ns_high, byte_ns_low;
    u64 invocations, system_calls;
    u32 cpu_percent; /* promised: 100 per processor; 0: no limit */
    u32 depth;       /* below the cell that was asked */
    char name[RF_CELL_NAME];
};
_Static_assert(sizeof(struct rf_cell_stat) == 144, "shared layout");

struct rf_cap_info {
    u32 slot, kind, rights, cell; /* cell: number of the cell that serves or is it; 0: the kernel */
    u64 object;                   /* the same for all capabilities to one object */
    u64 badge;
};
_Static_assert(sizeof(struct rf_cap_info) == 32, "shared layout");

#endif
