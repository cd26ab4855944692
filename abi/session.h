/* SPDX-License-Identifier: Apache-2.0 */
/* What travels on a world's socket (AF_UNIX, SOCK_SEQPACKET, in the world's directory): invocations
 * of a client on the host. The client's messages lie in memory that it shares with the kernel, as a
 * cell's do in its window; the socket carries what a cell has in registers.
 *
 *   kernel -> client   struct rf_hello, with a descriptor of RF_MSG_BUFFERS * RF_MSG_STRIDE bytes
 *   client -> kernel   struct rf_call, perhaps with a descriptor (WORLD_IMPORT)
 *   kernel -> client   struct rf_answer, perhaps with a descriptor (then result is 0); in any order
 *
 * The client's table has the slots RF_SLOT_BANK, RF_SLOT_METER, RF_SLOT_PLACE (the first cell of
 * the world), RF_SLOT_CLOCK, RF_SLOT_DISCRIM and RF_SLOT_WORLD filled. All that it holds ends with
 * the connection. */
#ifndef ABI_SESSION_H
#define ABI_SESSION_H

#include "base/types.h"

#define RF_SESSION_MAGIC   0x646c7277u
#define RF_SESSION_VERSION 1
#define RF_WORLD_SOCKET    "socket" /* in the world's directory */

/* In place of an operation: interrupts the call that has that id, which is then answered with EINTR
 * if it still waits. Not answered itself. */
#define RF_SESSION_CANCEL 0xffffffffu

struct rf_hello {
    u32 magic, version;
};

struct rf_call {
    u64 id; /* chosen by the client; not one that waits */
    u32 slot, op;
    u32 msg; /* index of the message buffer, or RF_MSG_NONE */
    u32 reserved;
    u64 w[4];
};
_Static_assert(sizeof(struct rf_call) == 56, "wire layout");

struct rf_answer {
    u64 id;
    s64 result;
};
_Static_assert(sizeof(struct rf_answer) == 16, "wire layout");

#endif
