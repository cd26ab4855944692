/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/volumes.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/report.h"

char *volume_path(const char *value)
{
    char *path = realpath(value, NULL);

    if (!path)
        fail_errno(errno, "cannot find %s", value);
    return path;
}

void volumes_add(struct volume_list *list, const char *value)
{
    if (list->count == VOLUMES_MOST)
        fail("a world can have %d volumes", VOLUMES_MOST);
    list->paths[list->count++] = volume_path(value);
}
