/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's time, from the host's by the clock page (abi/clock.h). Everything in the library OS,
 * and whatever programs say, is in this time; the host's appears in host/clock.c and host/vdso.c
 * alone. */
#ifndef LIBOS_HOST_CLOCK_H
#define LIBOS_HOST_CLOCK_H

#include "base/types.h"

/* Once, in the prepared process, when it can invoke; and again in the first process of a cell that
 * is restored: if a program serves the clock, asks it how it runs. */
void clock_begin(void);

/* CLOCK_MONOTONIC in ns. */
u64 host_now(void);

/* Any clock; those of processor time are the host's. 0 or -EINVAL. */
long host_clock(int clock, u64 *seconds, u64 *nanoseconds);

/* now: seconds, nanoseconds. Not 0: this clock cannot be read without a host call. */
long quick_clock(int clock, u64 now[2]);

/* The host's CLOCK_MONOTONIC when host_now() will be `deadline` or more, never 0: for whatever is
 * told to the host or to the kernel. UINT64_MAX stays. */
u64 deadline_of_host(u64 deadline);

/* How long, in the cell's time, the host's `ns` are: for what the library OS waits for on its own
 * account, such as to look again, and must not take longer because programs have a slow clock. */
u64 clock_span_of_host(u64 ns);

/* Changes whenever the relation to the host's time did: deadlines that the host was told are to be
 * told again. */
u32 clock_version(void);

#endif
