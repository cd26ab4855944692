/* SPDX-License-Identifier: Apache-2.0 */
/* What fork needs of the arena; the rest is in mm.h. */
#ifndef LIBOS_MM_ARENA_H
#define LIBOS_MM_ARENA_H

/* Held over a host fork, so that the child finds the arena whole, and released in the child too. */
void arena_lock(void);
void arena_unlock(void);

#endif
