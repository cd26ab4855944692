/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own because search.h knows another struct entry. */
#include "kernel/object/badges.h"

#include <search.h>

static int compare(const void *a, const void *b)
{
    u64 x = *(const u64 *)a, y = *(const u64 *)b;

    return x < y ? -1 : x > y;
}

u64 *badges_find(const struct badges *badges, u64 badge)
{
    u64 **found = tfind(&badge, &badges->root, compare);

    return found ? *found : NULL;
}

bool badges_add(struct badges *badges, u64 *badge)
{
    return tsearch(badge, &badges->root, compare) != NULL;
}

void badges_remove(struct badges *badges, u64 *badge)
{
    if (badges_find(badges, *badge) == badge)
        tdelete(badge, &badges->root, compare);
}
