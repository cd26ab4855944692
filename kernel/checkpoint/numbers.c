/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/numbers.h"

#include <stdlib.h>

bool numbers_reserve(struct numbers *numbers, u32 count)
{
    u32 room = MAX(count, numbers->room * 2);
    u64 *more;

    if (count <= numbers->room)
        return true;
    more = realloc(numbers->at, room * sizeof(*more));
    if (!more)
        return false;
    numbers->at = more;
    numbers->room = room;
    return true;
}

bool numbers_add(struct numbers *numbers, u64 number)
{
    if (!numbers_reserve(numbers, numbers->count + 1))
        return false;
    numbers->at[numbers->count++] = number;
    return true;
}

static int compare(const void *a, const void *b)
{
    u64 x = *(const u64 *)a, y = *(const u64 *)b;

    return x < y ? -1 : x > y;
}

void numbers_sort(struct numbers *numbers)
{
    if (numbers->count)
        qsort(numbers->at, numbers->count, sizeof(*numbers->at), compare);
}

bool numbers_have(const struct numbers *numbers, u64 number)
{
    return numbers->count &&
           bsearch(&number, numbers->at, numbers->count, sizeof(*numbers->at), compare);
}

void numbers_finish(struct numbers *numbers)
{
    free(numbers->at);
    *numbers = (struct numbers){0};
}
