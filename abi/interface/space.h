/* SPDX-License-Identifier: Apache-2.0 */
/* A space: a list of mappings of segments at addresses. It stands for a part of an address space,
 * not for all of it: a process shows a space (PROCESS_SET_SPACE), and then its ranges appear in the
 * process's memory, and go and change there as the list does, whoever changes it. One space may be
 * shown by many processes, in several cells. It lasts as long as its bank lets it.
 *
 * A mapping holds the segment. When the segment is destroyed the mapping stays in the list, and
 * touching the range is SIGBUS; with a keeper, the keeper's business.
 *
 * Changing the list is at once; processes follow within their next moments. An operation on a
 * process (PROCESS_*) that begins after a change finds it done there. */
#ifndef ABI_INTERFACE_SPACE_H
#define ABI_INTERFACE_SPACE_H

#include "base/types.h"

#define RF_SPACE_MOST 4096u /* mappings */

#define RF_OPS_SPACE(OP)                                                                           \
    OP(space, SPACE_MAP, 640, RF_RIGHT_WRITE,                                                      \
       "w0: address, w1: bytes, w2: offset in the segment, w3: RF_RIGHT_READ, with or without "    \
       "RF_RIGHT_WRITE; caps: a segment",                                                          \
       "0",                                                                                        \
       "EINVAL: not whole pages, none, beyond the addresses of programs, other rights. EEXIST: a " \
       "mapping lies there. EFBIG: beyond the segment's end. EBADF: no segment. EACCES: it has "   \
       "not these rights, or is weak. ENODEV: a slice, since who maps a part could reach all. "    \
       "ENOSPC: a limit, or RF_SPACE_MOST",                                                        \
       "1 record of the space's bank")                                                             \
    OP(space, SPACE_UNMAP, 641, RF_RIGHT_WRITE, "w0: address", "0",                                \
       "of a mapping's start; takes it off the list. ENOENT", "")                                  \
    OP(space, SPACE_PROTECT, 642, RF_RIGHT_WRITE, "w0: address, w1: rights, as SPACE_MAP", "0",    \
       "ENOENT. EINVAL: other rights. EACCES: more than the segment's capability had", "")         \
    OP(space, SPACE_LIST, 643, RF_RIGHT_READ, "w0: address to start from",                         \
       "bytes; data out: struct rf_space_mapping records, by address", "0: the end", "")           \
    OP(space, SPACE_OPEN, 644, RF_RIGHT_READ, "w0: address",                                       \
       "a descriptor of the calling process",                                                      \
       "of the mapping's segment, to map it as the list says; read-only unless the mapping and "   \
       "this capability have RF_RIGHT_WRITE. ENOENT. ESTALE: the segment was destroyed",           \
       "pages that are touched, to the segment's bank")                                            \
    OP(space, SPACE_SET_KEEPER, 645, RF_RIGHT_MANAGE, "caps: a notification, or none; w0: bits",   \
       "0",                                                                                        \
       "signalled each time a process faults in a range that it shows of this space; that "        \
       "process "                                                                                  \
       "stands still until PROCESS_START. EBADF. EACCES: a notification without RF_RIGHT_WRITE",   \
       "")

struct rf_space_mapping {
    u64 address, length, offset;
    u64 serial; /* never used again: tells a mapping from a later one at the same address */
    u32 rights;
    u32 stale; /* 1: its segment was destroyed */
};
_Static_assert(sizeof(struct rf_space_mapping) == 40, "shared layout");

#endif
