/* SPDX-License-Identifier: Apache-2.0 */
/* The host's vdso: its clocks without a call. The library OS moves it, with its data pages, to
 * RF_HOST_VDSO: it is out of the programs' way there, and pointers into it are good in every
 * process that a cell ever has. Programs do not see it but by the library OS's own (vdso/). */
#ifndef LIBOS_HOST_VDSO_H
#define LIBOS_HOST_VDSO_H

#include "abi/layout.h"

/* In the first process of a cell, before anything is unmapped. Where the host refuses (system
 * mappings may be sealed), what stays in its place is left there and not used. */
void vdso_move(void);

/* Finds the function; after vdso_move, and when SIGSYS is handled. */
void vdso_init(void);

/* What could not be moved, and must not be unmapped or mapped over. start == end: nothing. */
struct vdso_left {
    u64 start, end;
};
extern struct vdso_left vdso_left;

/* Whether that instruction is the host's. A thread cannot be restored from there elsewhere: on
 * another host the vdso is another. It gets out by itself in a moment. */
static inline bool in_host_vdso(u64 rip)
{
    return rip >= RF_HOST_VDSO && rip < RF_HOST_VDSO + RF_HOST_VDSO_SIZE;
}

/* The host's time. now: seconds, nanoseconds. 0, or not 0 if the vdso cannot read this clock
 * without a host call. */
long vdso_clock(int clock, u64 now[2]);

#endif
