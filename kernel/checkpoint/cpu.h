/* SPDX-License-Identifier: Apache-2.0 */
/* What a world's programs may rely on of the processor: they looked when they began, and go on with
 * what they found, on whatever machine the world goes on. */
#ifndef KERNEL_CHECKPOINT_CPU_H
#define KERNEL_CHECKPOINT_CPU_H

#include "base/types.h"

/* A bit for each feature that we know of, in an order that is stored: new ones come last. */
struct cpu_features {
    u64 bits;
};

/* Of this machine, as far as the host lets programs use it. */
struct cpu_features cpu_host(void);

/* Of a level of the psABI: 1 to 4 for x86-64-v1 to x86-64-v4. */
struct cpu_features cpu_level(u32 level);

/* The first few names of what `has` lacks of `needs`; false: nothing. */
bool cpu_lacks(struct cpu_features needs, struct cpu_features has, char names[96]);

#endif
