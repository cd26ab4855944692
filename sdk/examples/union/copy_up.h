/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_EXAMPLES_UNION_COPY_UP_H
#define SDK_EXAMPLES_UNION_COPY_UP_H

#include "sdk/examples/union/layers.h"

/* Makes the upper layer have the path, as it is now, and all directories on the way. `contents`:
 * false if a file shall be empty. 0, or -errno; of a file, nothing half-copied ever shows. */
int copy_up(const struct layers *layers, const char *path, bool contents);

/* The same for the directory that the path is in. */
int copy_up_parent(const struct layers *layers, const char *path);

#endif
