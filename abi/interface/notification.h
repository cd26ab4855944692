/* SPDX-License-Identifier: Apache-2.0 */
/* A notification: 64 event bits, set without blocking, taken by who waits: each bit by the first
 * who waits for it. It carries no data. */
#ifndef ABI_INTERFACE_NOTIFICATION_H
#define ABI_INTERFACE_NOTIFICATION_H

#define RF_OPS_NOTIFICATION(OP)                                                                    \
    OP(notification, NOTIFICATION_SIGNAL, 448, RF_RIGHT_WRITE, "w0: bits", "0", "never waits", "") \
    OP(notification, NOTIFICATION_WAIT, 449, RF_RIGHT_READ,                                        \
       "w0: bits of interest, w1: 1 to not wait, w2: CLOCK_MONOTONIC ns or 0: no deadline "        \
       "(the host's; a library OS takes its own from programs, and translates); a message",        \
       "0; w0: bits that were set",                                                                \
       "and clears them. EAGAIN: none is and w1 was 1, or too many wait. ETIMEDOUT. EINVAL: no "   \
       "bits of interest, or no message",                                                          \
       "")

#endif
