/* SPDX-License-Identifier: Apache-2.0 */
/* A page that does not roll back, beside one that does. In a cell of a world that stays:
 *
 *   journal new            makes a segment, says its slot, and keeps it
 *   journal put SLOT N     writes N to both of its pages, and journals the first
 *   journal show SLOT      says what both hold
 *
 * When the world was killed and started again, the first page is as it was put last, the second as
 * the last checkpoint has it. A bank's ledger, or a number that must not be given out twice, is
 * such a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/ringfence.h"

static s64 said(const char *what, s64 result)
{
    if (result >= 0)
        return result;
    fprintf(stderr, "journal: cannot %s: %s\n", what, rf_error_text(result));
    exit(1);
}

static void put(u32 segment, u64 offset, u64 number)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = offset;
    message.data = &number;
    message.data_length = sizeof(number);
    said("write", rf_invoke(segment, RF_OP_SEGMENT_WRITE, &message));
}

static u64 get(u32 segment, u64 offset)
{
    struct rf_message message = RF_MESSAGE;
    u64 number = 0;

    message.words[0] = offset;
    message.words[1] = sizeof(number);
    message.room = &number;
    message.room_size = sizeof(number);
    said("read", rf_invoke(segment, RF_OP_SEGMENT_READ, &message));
    return number;
}

_Noreturn static void make(void)
{
    printf("%ld\n", said("make a segment", rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE,
                                                   RF_KIND_SEGMENT, 2 * PAGE_SIZE, 0, 0)));
    fflush(stdout);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    u32 segment = argc > 2 ? (u32)strtoul(argv[2], NULL, 10) : 0;

    if (argc == 2 && !strcmp(argv[1], "new"))
        make();
    if (argc == 4 && !strcmp(argv[1], "put")) {
        put(segment, 0, strtoul(argv[3], NULL, 10));
        put(segment, PAGE_SIZE, strtoul(argv[3], NULL, 10));
        said("journal the page", rf_journal(segment, 0));
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "show")) {
        printf("%lu %lu\n", get(segment, 0), get(segment, PAGE_SIZE));
        return 0;
    }
    fprintf(stderr, "usage: journal new | put SLOT N | show SLOT\n");
    return 2;
}
