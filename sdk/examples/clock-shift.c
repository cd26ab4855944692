/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that starts at a given date, is ahead or behind, runs faster or slower:
 *
 *     clock-shift [--at YYYY-MM-DD[THH:MM:SS]] [--ahead SECONDS] [--rate R]
 *
 * It is a wrapper (rf_offer in sdk/ringfence.h). It computes nothing itself: it offers a clock that
 * the kernel derives, which costs who runs on it nothing, and lives as long as that is to. The date
 * is in UTC; what R is 2 for is twice as fast. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/ringfence.h"

#define NS_PER_SECOND 1000000000.0

_Noreturn static void fail(const char *text)
{
    fprintf(stderr, "clock-shift: %s\n", text);
    exit(1);
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (*end || end == text)
        fail("that is not a number");
    return value;
}

/* How far ahead of the target that date is, in seconds. */
static double until(const char *date, u32 target)
{
    struct rf_message message = {.words = {CLOCK_REALTIME}, .descriptor = -1};
    struct tm tm = {.tm_mday = 1};
    char *end = strptime(date, "%Y-%m-%d", &tm);

    if (end && *end)
        end = strptime(end, "T%H:%M:%S", &tm);
    if (!end || *end)
        fail("a date is YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS");
    if (rf_invoke(target, RF_OP_CLOCK_NOW, &message) < 0)
        fail("the clock that is wrapped does not answer");
    return (double)timegm(&tm) - (double)message.words[0] -
           (double)message.words[1] / NS_PER_SECOND;
}

int main(int argc, char **argv)
{
    double ahead = 0, rate = 1;
    s64 target, clock;

    if (rf_open(NULL) || (target = rf_named("target")) < 0)
        fail("there is nothing to wrap");
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (value && strcmp(argv[i], "--at") == 0)
            ahead += until(value, (u32)target);
        else if (value && strcmp(argv[i], "--ahead") == 0)
            ahead += number(value);
        else if (value && strcmp(argv[i], "--rate") == 0)
            rate = number(value);
        else
            fail("usage: clock-shift [--at DATE] [--ahead SECONDS] [--rate R]");
    }
    if (!(rate > 0 && rate < 1e6 && ahead > -1e10 && ahead < 1e10))
        fail("that is no time");
    clock = rf_call((u32)target, RF_OP_CLOCK_DERIVE, (u64)(s64)(ahead * NS_PER_SECOND),
                    (u64)(rate * (double)RF_CLOCK_RATE_ONE), 0, 0);
    if (clock < 0)
        fail("such a clock cannot be had: it would be before 1970 or after 2262, or a thousand "
             "times as fast or as slow as the host's");
    if (rf_offer((u32)clock) < 0)
        return 1;
    for (;;)
        pause();
}
