/* SPDX-License-Identifier: Apache-2.0 */
/* A space bank: makes objects, is charged for them, reclaims them all at once. Banks nest; an
 * allocation counts in its bank and in every bank above it, and fails where the first limit is
 * reached. Whoever holds a bank can allocate and reclaim, and sees nothing of what others allocated
 * from it: there is no way from a bank to its objects. */
#ifndef ABI_INTERFACE_BANK_H
#define ABI_INTERFACE_BANK_H

#include "base/types.h"

#define RF_OPS_BANK(OP)                                                                            \
    OP(bank, BANK_ALLOCATE, 192, RF_RIGHT_WRITE,                                                   \
       "w0: RF_KIND_*, w1: its size (node: slots; segment: bytes)",                                \
       "slot of a new object, all rights",                                                         \
       "node, segment, endpoint, notification, constructor, viewer, space. ENOSPC: a limit is "    \
       "reached. "                                                                                 \
       "EINVAL: not a kind that banks make. ERANGE, EFBIG: no such size of a node, a segment",     \
       "1 record; a node: 1 more for 256 slots; a segment: 1 file, and pages when touched; a "     \
       "constructor: 4 more; a viewer: 32 pages")                                                  \
    OP(bank, BANK_FREE, 193, RF_RIGHT_WRITE, "caps: an object", "0",                               \
       "destroys an object that this bank or one below it paid for; every capability to it gives " \
       "ESTALE from now on. EPERM: another bank's",                                                \
       "")                                                                                         \
    OP(bank, BANK_SPLIT, 194, RF_RIGHT_WRITE, "data: struct rf_bank_limits",                       \
       "slot of a new bank below this one",                                                        \
       "ENOSPC: guarantees beyond what is left here or above. EINVAL: more guaranteed than "       \
       "allowed. ELOOP: 64 banks above each other",                                                \
       "1 record")                                                                                 \
    OP(bank, BANK_LIMITS, 195, RF_RIGHT_READ, "", "0; data out: struct rf_bank_limits, twice",     \
       "the bank's own, then those in effect: the least on the way up", "")                        \
    OP(bank, BANK_SET_LIMITS, 196, RF_RIGHT_MANAGE, "data: struct rf_bank_limits", "0",            \
       "may be below what is used: then nothing more is given. ENOSPC: as BANK_SPLIT", "")         \
    OP(bank, BANK_USAGE, 197, RF_RIGHT_READ, "", "0; data out: struct rf_bank_usage",              \
       "with all banks below", "")                                                                 \
    OP(bank, BANK_DESTROY, 198, RF_RIGHT_MANAGE, "w0: 1 to dissolve", "0",                         \
       "destroys the bank, the banks below it, and every object and cell that they pay for. "      \
       "Dissolved, all that passes to the bank above instead. EPERM: the first bank of the world", \
       "")                                                                                         \
    OP(bank, BANK_VERIFY, 199, RF_RIGHT_READ, "caps: a capability",                                \
       "1 if it is a bank of this kernel's, else 0",                                               \
       "to know a bank before relying on it: an endpoint can only pretend", "")                    \
    OP(bank, BANK_SET_KEEPER, 200, RF_RIGHT_MANAGE, "caps: a notification, or none; w0: bits",     \
       "0",                                                                                        \
       "signalled each time something is refused because of this bank's limit, here or below. "    \
       "EBADF. EACCES: a notification without RF_RIGHT_WRITE",                                     \
       "")                                                                                         \
    OP(bank, BANK_REPLICAS, 201, RF_RIGHT_READ, "", "how many copies",                             \
       "of each page that the bank pays for are kept in the store of a durable world, on "         \
       "different volumes where there are so many",                                                \
       "")                                                                                         \
    OP(bank, BANK_SET_REPLICAS, 202, RF_RIGHT_MANAGE, "w0: 1 to 3", "0",                           \
       "for pages that are written from the next cut on; ringfence scrub brings the others to "    \
       "it. A bank that is split off begins with as many as this one. EINVAL",                     \
       "")

enum rf_resource {
    RF_RESOURCE_PAGES,   /* of PAGE_SIZE bytes: segments, and the memory of cells */
    RF_RESOURCE_RECORDS, /* what the kernel remembers: objects, tables of 256 slots */
    RF_RESOURCE_TASKS,   /* host processes and threads */
    RF_RESOURCE_FILES,   /* descriptors of the host that the kernel holds open */
    RF_RESOURCES
};

#define RF_NO_LIMIT      (~0ul)
#define RF_REPLICAS_MOST 3u

struct rf_bank_limits {
    u64 most[RF_RESOURCES];       /* RF_NO_LIMIT: only the banks above limit it */
    u64 guaranteed[RF_RESOURCES]; /* taken out of the guarantee of the bank above when it is made */
};

struct rf_bank_usage {
    u64 used[RF_RESOURCES];
    u64 peak[RF_RESOURCES];
    u64 byte_ns_high, byte_ns_low; /* memory held times time: a 128-bit number */
};
_Static_assert(sizeof(struct rf_bank_limits) == 64, "shared layout");
_Static_assert(sizeof(struct rf_bank_usage) == 80, "shared layout");

#endif
