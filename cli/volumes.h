/* SPDX-License-Identifier: Apache-2.0 */
/* --volume DIR: directories beside the world's own for its pages. */
#ifndef CLI_VOLUMES_H
#define CLI_VOLUMES_H

#include "base/types.h"

#define VOLUMES_MOST 16

struct volume_list {
    const char *paths[VOLUMES_MOST]; /* absolute, without symbolic links */
    u32 count;
};

/* The directory's real path, which is the caller's. Fails (fail()) when there is none. */
char *volume_path(const char *value);

/* Fails (fail()) when there are too many. */
void volumes_add(struct volume_list *list, const char *value);

#endif
