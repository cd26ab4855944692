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
    OP(world, WORLD_STOP, 610, RF_RIGHT_MANAGE, "", "0", "ends all cells, then the kernel", "")

struct rf_world_stat {
    u32 version, process; /* the kernel's host process */
    u64 age_ns;
    u32 cells, sessions;
    u64 invocations;
};

#endif
