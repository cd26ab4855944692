/* SPDX-License-Identifier: Apache-2.0 */
/* The host's vdso, which stays mapped: clocks without a call. */
#ifndef LIBOS_HOST_VDSO_H
#define LIBOS_HOST_VDSO_H

#include "base/types.h"

void vdso_init(
    void); /* finds the function; once, in the prepared process, after SIGSYS is handled */

/* now: seconds, nanoseconds. 0, or not 0 if the vdso cannot read this clock without a host call. */
long vdso_clock(int clock, u64 now[2]);

#endif
