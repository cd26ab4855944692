/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that users write. Each fails (fail()) with a line that says what was expected. */
#ifndef CLI_NUMBERS_H
#define CLI_NUMBERS_H

#include "base/types.h"
#include "kernel/account/cgroup.h"

u64 number_parse(const char *option, const char *value, u64 least, u64 most);

/* Bytes: 512M, 2G, 1.5G, 64MiB, 1048576. At least `least`. */
u64 size_parse(const char *option, const char *value, u64 least);

/* A percentage of one processor, 1 to 100,000, with or without %. */
u32 percent_parse(const char *option, const char *value);

/* Seconds, such as 2 or 0.5, in nanoseconds. More than 0. */
u64 seconds_parse(const char *option, const char *value);

/* The way named by --limit-by. */
enum limit_by limit_by_parse(const char *value);

#endif
