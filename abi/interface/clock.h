/* SPDX-License-Identifier: Apache-2.0 */
/* A clock: the host's time, or one that was derived from another and is ahead of it or runs at
 * another rate. It never changes once it is made, and a clock of a clock costs what one costs. A
 * cell runs on the one in RF_SLOT_CLOCK, by its clock page and without a message: all that its
 * programs see of time, their sleeps and timers included. If a program serves that clock, the
 * library OS asks it by CLOCK_RELATION how it runs, at the start and when the cell is restored, and
 * is not told of changes between; a cell whose clock gives no answer does not start.
 *
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME are those of the asking cell: they go on where they stood when
 * it is restored. Processor time is nobody's clock. */
#ifndef ABI_INTERFACE_CLOCK_H
#define ABI_INTERFACE_CLOCK_H

#define RF_OPS_CLOCK(OP)                                                                           \
    OP(clock, CLOCK_NOW, 96, 0, "w0: clockid_t", "0; w0: seconds, w1: ns",                         \
       "EINVAL: no such clock, or one of processor time", "")                                      \
    OP(clock, CLOCK_SLEEP, 97, 0, "w0: ns of its CLOCK_MONOTONIC", "0", "EINTR", "")               \
    OP(clock, CLOCK_DERIVE, 98, 0,                                                                 \
       "w0: ns by which its real time is ahead, a signed number; w1: rate, RF_CLOCK_RATE_ONE is "  \
       "this clock's",                                                                             \
       "slot of a new clock",                                                                      \
       "its CLOCK_MONOTONIC and CLOCK_BOOTTIME begin where those of this one stand. EINVAL: real " \
       "time would be before 1970 or after 2262, or the rate to the host's time below "            \
       "RF_CLOCK_RATE_LEAST or above RF_CLOCK_RATE_MOST",                                          \
       "1 record of the caller's bank")                                                            \
    OP(clock, CLOCK_RELATION, 99, 0, "", "bytes; data out: struct rf_clock",                       \
       "how it runs over base time (abi/clock.h)", "")

#endif
