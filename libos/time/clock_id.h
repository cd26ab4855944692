/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks by number, within time/. */
#ifndef LIBOS_TIME_CLOCK_ID_H
#define LIBOS_TIME_CLOCK_ID_H

#include "libos/time/clock.h"

bool clock_exists(int clock);
long clock_read(int clock, u64 *ns); /* 0 or -EINVAL */
/* The CLOCK_MONOTONIC instant at which a host clock (not a cpu clock) will be `ns`; never 0. */
u64 deadline_of_clock(int clock, u64 ns);
struct timespec_abi timespec_from_ns(u64 ns);

#endif
