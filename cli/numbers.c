/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/numbers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kernel/report.h"

u64 number_parse(const char *option, const char *value, u64 least, u64 most)
{
    char *end;
    u64 n;

    errno = 0;
    n = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end || errno || n < least || n > most)
        fail("%s %s: a number from %lu to %lu", option, value, least, most);
    return n;
}

/* A decimal fraction of at least 0 at the start of value; -1 when there is none. No locale, no
 * exponents, no "inf". */
static double decimal(const char *value, const char **end)
{
    size_t digits = strspn(value, "0123456789"), fraction = 0;
    double n = 0, scale = 1;

    if (value[digits] == '.')
        fraction = strspn(value + digits + 1, "0123456789");
    if (digits + fraction == 0 || digits > 18)
        return -1;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (value[i] - '0');
    for (size_t i = 0; i < fraction; i++)
        n += (value[digits + 1 + i] - '0') * (scale /= 10);
    *end = value + digits + (value[digits] == '.' ? 1 + fraction : 0);
    return n;
}

u64 size_parse(const char *option, const char *value, u64 least)
{
    static const char units[] = "kmgt";
    const char *end = value, *unit;
    double n = decimal(value, &end);
    u64 scale = 1;

    if (n >= 0 && *end && (unit = strchr(units, tolower((unsigned char)*end)))) {
        scale = 1ul << (10 * (unit - units + 1));
        end++;
        if (!strcasecmp(end, "ib") || !strcasecmp(end, "b"))
            end += strlen(end);
    }
    if (n < 0 || *end || n * (double)scale > (double)(1ul << 50))
        fail("%s %s: a size such as 512M or 2G", option, value);
    if (n * (double)scale < (double)least)
        fail("%s %s is too little to run anything: at least %luM", option, value, least >> 20);
    return (u64)(n * (double)scale);
}

u32 percent_parse(const char *option, const char *value)
{
    const char *end = value;
    double n = decimal(value, &end);

    if (n >= 1 && *end == '%')
        end++;
    if (n < 1 || *end || n > 100000)
        fail("%s %s: a percentage of one processor, such as 50 or 200", option, value);
    return (u32)n;
}

u64 seconds_parse(const char *option, const char *value)
{
    const char *end = value;
    double n = decimal(value, &end);

    if (n >= 0 && *end == 's')
        end++;
    if (n < 1e-9 || *end || n > 1e9)
        fail("%s %s: seconds, such as 10 or 0.5", option, value);
    return (u64)(n * 1e9);
}

enum limit_by limit_by_parse(const char *value)
{
    static const char *const names[] = {"any", "cgroup2", "cgroup1", "poll"};

    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(value, names[i]))
            return (enum limit_by)i;
    }
    fail("--limit-by %s: one of any, cgroup2, cgroup1, poll", value);
}
