/* SPDX-License-Identifier: Apache-2.0 */
/* The bound of what all cells of a world hold of memory, kept by putting idle ones to sleep.
 *
 * Above 7/8 of the bound, cells that did nothing for REST_NS are put to sleep, those that did
 * nothing for longest first, until the others hold 3/4 of it. So that the world does not thrash, a
 * cell is passed over until it has been awake for AWAKE_NS: however much is wanted, none is written
 * and made again more often than that. Above the bound itself all that are idle for REST_NS go.
 * When there is none, and none is on its way, the cell that grew last ends, as with any limit that
 * cells share: not before the bound was exceeded for OVER_NS, or by a quarter, since who has just
 * begun may be idle soon. What is taken in the time that this needs is held meanwhile.
 *
 * A cell that was made to stay awake does not go to sleep by itself. */
#ifndef KERNEL_ACCOUNT_PRESSURE_H
#define KERNEL_ACCOUNT_PRESSURE_H

#include "base/types.h"

struct cell;

#define REST_NS  1000000000u
#define AWAKE_NS 10000000000u
#define OVER_NS  2000000000u

/* Bytes; 0: no bound. */
void pressure_set_bound(u64 bytes);
u64 pressure_bound(void);

/* The figures of cells are new. */
void pressure_look(void);

#endif
