/* SPDX-License-Identifier: Apache-2.0 */
/* Processor sets: kept by the host's affinities, which processes inherit and cells cannot change.
 * Masks of the host's first 64 processors. */
#ifndef KERNEL_ACCOUNT_AFFINITY_H
#define KERNEL_ACCOUNT_AFFINITY_H

#include "base/types.h"

struct cell;

/* The processors that this process may use. */
u64 affinity_host(void);

/* Sets those of the calling process. False: the host refuses. */
bool affinity_set_own(u64 mask);

/* Sets those of a running cell to what its meter says. */
void affinity_apply(struct cell *cell);

#endif
