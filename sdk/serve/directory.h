/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the program's own view as a tree, to be served or to put another tree on. */
#ifndef SDK_SERVE_DIRECTORY_H
#define SDK_SERVE_DIRECTORY_H

#include "sdk/serve/tree.h"

extern const struct rf_tree rf_directory_ops;

/* The `tree` of those operations: all that openat(2) and the like can do below the directory, and
 * nothing above. It takes over the descriptor, and stays for good. NULL: no memory. */
void *rf_directory(int directory);

/* In a wrapper: what it wraps ("target"), mounted on a place of its own. A descriptor of its top,
 * or -errno. */
int rf_target_directory(void);

#endif
