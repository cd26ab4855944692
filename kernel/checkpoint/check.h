/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying what is stored of a world beyond the store's own order: that every object, capability
 * and cell could be made again. Nothing runs, and nothing changes. */
#ifndef KERNEL_CHECKPOINT_CHECK_H
#define KERNEL_CHECKPOINT_CHECK_H

#include "kernel/checkpoint/objects.h"

struct store_config;
struct store_why;

/* Makes the objects in this process, which can do nothing else afterwards. Each fault is told. 0,
 * whatever was found; a negative errno with `why`: it could not be looked at. */
int world_check(const struct store_config *config, objects_fault *tell, void *context,
                struct store_why *why);

#endif
