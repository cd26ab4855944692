/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/figures.h"

#include <stdio.h>

const char *rf_size_text(u64 bytes, char text[16])
{
    static const char units[] = "BKMGTP";
    double size = (double)bytes;
    u32 unit = 0;

    while (size >= 1024 && unit < sizeof(units) - 2) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 16, size < 10 && unit ? "%.1f%c" : "%.0f%c", size, units[unit]);
    return text;
}

double rf_byte_seconds(const struct rf_cell_stat *stat)
{
    return ((double)stat->byte_ns_high * 18446744073709551616.0 + (double)stat->byte_ns_low) / 1e9;
}

const char *rf_state_name(u32 state)
{
    static const char *const names[] = {"new", "running", "paused", "ended", "sleeping"};

    return state < ARRAY_SIZE(names) ? names[state] : "?";
}
