/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint's entries by their badges: a server may mint as many as its bank pays for, and
 * finding one must not take long. */
#ifndef KERNEL_OBJECT_BADGES_H
#define KERNEL_OBJECT_BADGES_H

#include "base/types.h"

struct badges {
    void *root;
};

/* The badge of that value that was added, or NULL. */
u64 *badges_find(const struct badges *badges, u64 badge);

/* Adds one that is not there, and stays until it is removed. False: no memory. */
bool badges_add(struct badges *badges, u64 *badge);

/* Harmless for one that is not there. */
void badges_remove(struct badges *badges, u64 *badge);

#endif
