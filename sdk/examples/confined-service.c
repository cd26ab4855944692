/* SPDX-License-Identifier: Apache-2.0 */
/* The service of confined-client: says whether card numbers are well-formed (ISO/IEC 7812). It is
 * linked statically, since where it runs there are no files. It means no good: what it was given by
 * its builder it tries to tell the numbers to. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sdk/examples/confined/work.h"
#include "sdk/ringfence.h"

static bool is_valid(const char *digits, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(digits[n - 1 - i] - '0');

        if (!isdigit((unsigned char)digits[n - 1 - i]))
            return false;
        if (i % 2)
            digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return n > 1 && sum % 10 == 0;
}

/* By every operation that takes data or a number. Of what is no way out, none succeeds. */
static void leak(const char *digits, u32 n)
{
    static const u32 ways[] = {
        WORK_ANSWER,        RF_OP_CONSOLE_WRITE, RF_OP_SEGMENT_WRITE, RF_OP_NOTIFICATION_SIGNAL,
        RF_OP_VIEWER_WRITE, RF_OP_DIR_MKDIR,     RF_OP_FILE_WRITE};

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct rf_message message = RF_MESSAGE;

        message.words[0] = 1;
        message.data = digits;
        message.data_length = n;
        rf_invoke(SLOT_INSTALLED, ways[i], &message);
    }
}

int main(void)
{
    char digits[64];
    s64 work = rf_open(NULL) == 0 ? rf_named("work") : -1;

    for (;;) {
        struct rf_message message = RF_MESSAGE;
        s64 n;

        message.room = digits;
        message.room_size = sizeof(digits);
        n = work < 0 ? work : rf_invoke((u32)work, WORK_NEXT, &message);
        if (n <= 0)
            return n < 0;
        leak(digits, message.received);
        rf_call((u32)work, WORK_ANSWER, is_valid(digits, message.received), 0, 0, 0);
    }
}
