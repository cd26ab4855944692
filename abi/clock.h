/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a cell. It is that of a clock capability over base time, and base time is the host's
 * but for a shift: so that CLOCK_MONOTONIC and CLOCK_BOOTTIME go on where they stood when a cell is
 * restored, on whatever boot of whatever host. Real time is never shifted. The arithmetic is in
 * base/clock.h. */
#ifndef ABI_CLOCK_H
#define ABI_CLOCK_H

#include "base/types.h"

/* Clocks that move together. CLOCK_MONOTONIC_RAW and the coarse ones follow their families. */
enum rf_clock_family {
    RF_CLOCK_REAL,
    RF_CLOCK_MONOTONIC,
    RF_CLOCK_BOOT,
    RF_CLOCK_FAMILIES,
};

/* Rates are fixed-point numbers with 32 binary places. */
#define RF_CLOCK_RATE_ONE   (1ul << 32)
#define RF_CLOCK_RATE_LEAST (RF_CLOCK_RATE_ONE >> 10)
#define RF_CLOCK_RATE_MOST  (RF_CLOCK_RATE_ONE << 10)

/* How a clock runs: when base time was `origin` it stood at `base`, and it moves by `rate` ns in
 * each ns. All in ns. It costs the same however many clocks it was derived through. */
struct rf_clock {
    u64 rate;
    struct {
        u64 origin, base;
    } family[RF_CLOCK_FAMILIES];
};
_Static_assert(sizeof(struct rf_clock) == 56, "a message's data, and stored");

/* Clocks, by number, that the host's vdso reads from its data page; for others it would make a host
 * call. */
#define RF_CLOCKS_OF_VDSO (1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 11)

enum {
    RF_CLOCK_PLAIN = 1,  /* every clock is the host's: nothing is to be computed */
    RF_CLOCK_SERVED = 2, /* a program serves the clock: the library OS asks it how it runs */
};

/* In the cell page. The kernel writes it while the cell does not run; the library OS, what a
 * program that serves the clock says. Who writes makes `sequence` odd meanwhile: a reader begins
 * again when it is, or has changed. */
struct rf_clock_page {
    u32 sequence;
    u32 state; /* RF_CLOCK_PLAIN, RF_CLOCK_SERVED */
    struct rf_clock clock;
    u64 shift[RF_CLOCK_FAMILIES]; /* base time less the host's */
    u64 host_clock_gettime; /* the host's function, at RF_HOST_VDSO; 0: none. The library OS's */
    u64 reserved[4];
};
_Static_assert(sizeof(struct rf_clock_page) == 128, "shared layout");

#endif
