/* SPDX-License-Identifier: Apache-2.0 */
/* A tree whose names and contents are kept encrypted in another tree. */
#ifndef SDK_EXAMPLES_ENCRYPT_TREE_H
#define SDK_EXAMPLES_ENCRYPT_TREE_H

#include "sdk/examples/encrypt/format.h"
#include "sdk/serve/tree.h"

struct encrypted_tree {
    struct keys keys;
    const struct rf_tree *next;
    void *tree; /* of `next` */
    bool writable;
};

/* The `tree` of these operations is a struct encrypted_tree. */
extern const struct rf_tree encrypted_ops;

#endif
