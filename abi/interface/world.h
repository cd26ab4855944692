/* SPDX-License-Identifier: Apache-2.0 */
/* The world itself, for its owner's clients. */
#ifndef ABI_INTERFACE_WORLD_H
#define ABI_INTERFACE_WORLD_H

#include "base/types.h"

#define RF_OPS_WORLD(OP)                                                                           \
    OP(world, WORLD_IMPORT, 608, RF_RIGHT_WRITE,                                                   \
       "w0: RF_KIND_DIR or RF_KIND_CONSOLE, w1: RF_RIGHT_*; a host descriptor; data: for a dir, "  \
       "names (each ending in NUL) if only they are granted, or nothing",                          \
       "slot",                                                                                     \
       "a host object that the client has opened. EINVAL: not such an object. EBADF: no "          \
       "descriptor came",                                                                          \
       "1 record, 1 file of the client's bank")                                                    \
    OP(world, WORLD_STAT, 609, RF_RIGHT_READ, "", "0; data out: struct rf_world_stat", "", "")     \
    OP(world, WORLD_STOP, 610, RF_RIGHT_MANAGE, "w0: 1 to end all cells", "0",                     \
       "ends the kernel as of a last checkpoint, after which no cell goes on before the world is " \
       "started again. Without a store all cells end. EAGAIN: a cell did not stand still; "        \
       "ENOSPC, "                                                                                  \
       "EIO and the like: it could not be written; then the world goes on",                        \
       "")                                                                                         \
    OP(world, WORLD_CHECKPOINT, 611, RF_RIGHT_WRITE,                                               \
       "w0: 1 to wait until it is durable; w1: 0, or what an earlier call returned, to wait for "  \
       "that one",                                                                                 \
       "number of the generation",                                                                 \
       "a cut that is not older than this call. EOPNOTSUPP: the world is not durable. ERANGE: w1 " \
       "was never returned. Waiting: "                                                             \
       "EINTR; ENOSPC, EIO and the like: it was not written, and the last one stands",             \
       "")

struct rf_world_stat {
    u32 version, process; /* the kernel's host process */
    u64 age_ns;
    u32 cells, sessions;
    u64 invocations;
    u64 generation; /* of the last checkpoint; 0: the world is not durable */
    u64 checkpoint_age_ns;
    u64 pause_ns, bytes;  /* of the last cut: how long cells stood still, what was written */
    s64 checkpoint_error; /* 0, or a negative errno: why there is no newer one */
    u32 volumes, volumes_missing; /* that hold what is kept; of these */
    u32 cpu_level; /* its cells may rely on x86-64-v1 to v4 only; 0: on all there is */
    u32 sleeping;  /* of the cells */
    u64 restarts;  /* since this kernel process began: 1 if it went on from a checkpoint */
    u64 memory_held, memory_limit; /* bytes, of all cells; limit 0: none */
};
_Static_assert(sizeof(struct rf_world_stat) == 112, "shared layout");

#endif
