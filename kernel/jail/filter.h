/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a cell, generated from filter_table.h. */
#ifndef KERNEL_JAIL_FILTER_H
#define KERNEL_JAIL_FILTER_H

#include <linux/filter.h>

#include "base/types.h"

enum filter_action { FILTER_ALLOW, FILTER_NOTIFY };
enum filter_check_kind { CHECK_ANY, CHECK_ONE_OF, CHECK_NO_BITS };

struct filter_check {
    enum filter_check_kind kind;
    u32 arg, mask; /* ONE_OF: bits to ignore; NO_BITS: bits that must be clear */
    const u32 *set;
    u32 count;
};

struct filter_row {
    const char *name, *reason;
    u32 nr;
    enum filter_action action;
    struct filter_check check;
};

extern const struct filter_row filter_rows[];
extern const u32 filter_row_count;

#define FILTER_MAX 400

/* Writes the program; its length in instructions. */
u32 filter_build(struct sock_filter program[FILTER_MAX]);

#endif
