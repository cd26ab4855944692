/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and sleeping. */
#ifndef ABI_INTERFACE_CLOCK_H
#define ABI_INTERFACE_CLOCK_H

#define RF_OPS_CLOCK(OP)                                                                           \
    OP(clock, CLOCK_NOW, 96, 0, "w0: clockid_t", "0; w0: seconds, w1: ns",                         \
       "EINVAL: no such clock", "")                                                                \
    OP(clock, CLOCK_SLEEP, 97, 0, "w0: CLOCK_MONOTONIC ns", "0", "EINTR", "")

#endif
