/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: processor time, divided. What terms say is kept by a control group (account/groups.h) or
 * by stopping (account/throttle.h). Rates are in nanoseconds of processor time per second. */
#ifndef KERNEL_OBJECT_METER_H
#define KERNEL_OBJECT_METER_H

#include "kernel/account/groups.h"
#include "kernel/account/throttle.h"
#include "kernel/object/keeper.h"

struct cell;

/* Meters that may lie above each other: charging walks all of them. */
#define METER_DEPTH 64

struct meter {
    struct object object;
    struct meter *parent;       /* NULL: the first meter, or destroyed; a reference */
    struct list below, sibling; /* meters */
    struct list cells;          /* struct cell.metered: those that run on it itself */
    struct rf_meter_terms terms;
    u64 given;                          /* rate guaranteed to meters below */
    u64 used_ns, missing_ns, exhausted; /* with all below */
    u64 judged_ns, judged_used_ns;      /* see meter_miss */
    s64 room_ns;
    struct keeper keeper;
    struct meter_group group;
    struct throttle throttle;
};

extern const struct object_class meter_class;

/* The first meter of a world. NULL: no memory. */
struct meter *meter_make_first(void);

/* One below `parent`, charged to the bank (NULL: to nobody), its terms valid. NULL: no memory, or a
 * limit of the bank. */
struct meter *meter_make(struct meter *parent, struct bank *bank,
                         const struct rf_meter_terms *terms);

/* Its own quota's rate, 0: none; and its guarantee's. */
u64 meter_rate(const struct meter *meter);
u64 meter_guarantee(const struct meter *meter);

/* The processors that it may use: those of all meters above, as a mask. */
u64 meter_processors(const struct meter *meter);

/* The rate that is promised: the least quota on the way up, at most all its processors. */
u64 meter_promised(const struct meter *meter);

/* The least that the quotas on the way up allow, in percent of one processor; 0: no limit. */
u32 meter_percent(const struct meter *meter);

/* Against the meters beside it, 1 or more, 1000 is usual: by its share, or where there are
 * guarantees, by what it gets of the meter above when all want all: its guarantee, and its share of
 * what is not guaranteed. */
u64 meter_weight(const struct meter *meter);

/* Whether a control group keeps its terms. */
bool meter_is_grouped(const struct meter *meter);

/* Processor time was used on it. */
void meter_charge(struct meter *meter, u64 ns);

/* What runs on it missed that much. Of this, at each meter above counts what was promised there and
 * not used. */
void meter_miss(struct meter *meter, u64 ns, u64 now);

/* A promise's balance: `rate` for `since_ns`, less what was used; a fifth of a second's promise is
 * kept at most. */
void meter_room(s64 *room_ns, u64 rate, u64 since_ns, u64 used_ns);

/* Its quota was used up in so many more periods: tells the keeper. */
void meter_exhausted(struct meter *meter, u64 periods);

/* Looks at what the control groups of the meter and those above say of that. */
void meter_look(struct meter *meter);

/* Puts the cell on the meter, or takes it off (NULL). */
void meter_join(struct cell *cell, struct meter *meter);

#endif
