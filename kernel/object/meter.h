/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: processor time, divided. */
#ifndef KERNEL_OBJECT_METER_H
#define KERNEL_OBJECT_METER_H

#include "kernel/object/object.h"

struct meter {
    struct object object;
    struct meter *parent; /* NULL: the first meter; a reference */
    struct rf_meter_terms terms;
};

/* The first meter of a world. NULL: no memory. */
struct meter *meter_make_first(void);

/* The least that the quotas on the way up allow, in percent of one processor; 0: no limit. */
u32 meter_percent(const struct meter *meter);

#endif
