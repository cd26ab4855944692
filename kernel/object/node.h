/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: small arrays of capabilities. */
#ifndef KERNEL_OBJECT_NODE_H
#define KERNEL_OBJECT_NODE_H

#include "kernel/object/object.h"

extern const struct object_class node_class;

/* An empty node of 1 to RF_NODE_MOST slots. NULL: a limit of the bank, or no memory. */
struct object *node_make(struct bank *bank, u64 size);

#endif
