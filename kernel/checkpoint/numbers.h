/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of objects' numbers: filled, then sorted, then asked. */
#ifndef KERNEL_CHECKPOINT_NUMBERS_H
#define KERNEL_CHECKPOINT_NUMBERS_H

#include "base/types.h"

struct numbers {
    u64 *at; /* owned */
    u32 count, room;
};

/* Makes room for so many in all. False: no memory. */
bool numbers_reserve(struct numbers *numbers, u32 count);

/* False: no memory. */
bool numbers_add(struct numbers *numbers, u64 number);

void numbers_sort(struct numbers *numbers);
bool numbers_have(const struct numbers *numbers, u64 number); /* of a sorted set */

/* Gives up the memory. */
void numbers_finish(struct numbers *numbers);

#endif
