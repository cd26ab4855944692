/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/figures.h"

#include <stdio.h>
#include <unistd.h>

/* 1234567 as 1,234,567. */
static const char *grouped(u64 n, char text[32])
{
    char digits[24], *out = text;
    int length = snprintf(digits, sizeof(digits), "%lu", n);

    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return text;
}

void figures_show(const struct rf_cell_stat *stat, enum stats_format format)
{
    char text[1024], calls[32], invocations[32];
    int n = 0;

    if (format == STATS_JSON)
        n = snprintf(text, sizeof(text),
                     "{\"cell\":\"%s\",\"processor_ns\":%lu,\"missing_ns\":%lu,"
                     "\"peak_bytes\":%lu,\"system_calls\":%lu,\"invocations\":%lu,"
                     "\"wall_ns\":%lu}\n",
                     stat->name, stat->used_ns, stat->missing_ns, stat->memory_peak,
                     stat->system_calls, stat->invocations, stat->age_ns);
    else if (format == STATS_TABLE)
        n = snprintf(
            text, sizeof(text),
            "%-16s %12s %12s %12s %14s %12s\n%-16s %10.3f s %10.3f s %8.1f MiB %14s %12s\n", "cell",
            "processor", "missing", "peak memory", "system calls", "invocations", stat->name,
            (double)stat->used_ns / 1e9, (double)stat->missing_ns / 1e9,
            (double)stat->memory_peak / 1048576, grouped(stat->system_calls, calls),
            grouped(stat->invocations, invocations));
    if (n && write(STDERR_FILENO, text, (size_t)n) < 0)
        return; /* nobody is left to tell */
}
