/* SPDX-License-Identifier: Apache-2.0 */
/* Layers as one tree: what is changed is first copied into the upper one.
 *
 * As with overlayfs: a file that is copied up becomes another one (its inode number, its other hard
 * links, what was open before stay those below); a directory that lower layers have a part in
 * cannot be renamed (EXDEV, on which mv copies). A crash leaves at worst a copy that nobody sees,
 * or, of a directory that is replaced by another one, neither. */
#ifndef SDK_EXAMPLES_UNION_TREE_H
#define SDK_EXAMPLES_UNION_TREE_H

#include "sdk/examples/union/layers.h"

/* The `tree` of these operations is a struct layers, whose `next` has all operations. */
extern const struct rf_tree union_ops;

#endif
