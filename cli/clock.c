/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "kernel/report.h"
#include "sdk/ringfence.h"

#define NS_PER_SECOND  1000000000l
#define MOST_SECONDS   9000000000.0
#define DATE_MAX       64
#define NUMBER_LETTERS "+-.0123456789"

/* A decimal number that is all of the text. */
static bool number(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return *text && strspn(text, NUMBER_LETTERS) == strlen(text) && !*end;
}

static bool date(const char *text, s64 *ns)
{
    struct tm tm = {.tm_mday = 1};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end && (*end == 'T' || *end == ' '))
        end = strptime(end + 1, "%H:%M:%S", &tm);
    *ns = timegm(&tm) * NS_PER_SECOND;
    return end && !*end && tm.tm_year >= 70 && tm.tm_year <= 361;
}

struct clock_config clock_parse(const char *value)
{
    struct clock_config config = {0};
    char start[DATE_MAX] = "";
    const char *comma = strchrnul(value, ',');
    double seconds = 0, rate = 1;
    bool good = comma - value < DATE_MAX;

    if (good)
        memcpy(start, value, (size_t)(comma - value));
    config.date = good && date(start, &config.start);
    if (good && !config.date && strcmp(start, "now") != 0)
        good = (*start == '+' || *start == '-') && number(start, &seconds) &&
               seconds > -MOST_SECONDS && seconds < MOST_SECONDS;
    if (*comma)
        good = good && number(comma + 1, &rate) && rate >= 0.001 && rate <= 1024;
    if (!good)
        fail("--clock %s: it is START[,RATE], where START is a date such as 2001-02-03 or "
             "2001-02-03T04:05:06 (UTC), +SECONDS, -SECONDS or now, and RATE is from 0.001 to 1024",
             value);
    if (!config.date)
        config.start = (s64)(seconds * (double)NS_PER_SECOND);
    config.rate = (u64)(rate * (double)RF_CLOCK_RATE_ONE);
    return config;
}

u32 clock_derived(const struct clock_config *config, u32 slot)
{
    struct rf_message message = RF_MESSAGE;
    s64 ahead = config->start, derived;

    if (config->date) {
        message.words[0] = CLOCK_REALTIME;
        client_invoke(slot, RF_OP_CLOCK_NOW, &message, "read the clock");
        ahead -= (s64)message.words[0] * NS_PER_SECOND + (s64)message.words[1];
    }
    derived = rf_call(slot, RF_OP_CLOCK_DERIVE, (u64)ahead, config->rate, 0, 0);
    if (derived == -EINVAL)
        fail("--clock: time would be before 1970 or after 2262, or more than 1024 times as fast or "
             "as slow as the host's");
    if (derived < 0)
        fail("cannot make a clock: %s", rf_error_text(derived));
    rf_drop(slot);
    return (u32)derived;
}
