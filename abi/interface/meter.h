/* SPDX-License-Identifier: Apache-2.0 */
/* A meter: processor time, divided. What runs on a meter is charged to it and to all meters above
 * it. Promises may exceed what there is: when those below a meter want more than it has, each gets
 * its guarantee, and of the rest its share; what was promised (the least quota on the way up, at
 * most all its processors), wanted and not got is missing. */
#ifndef ABI_INTERFACE_METER_H
#define ABI_INTERFACE_METER_H

#include "base/types.h"

#define RF_OPS_METER(OP)                                                                           \
    OP(meter, METER_SPLIT, 480, RF_RIGHT_WRITE, "data: struct rf_meter_terms",                     \
       "slot of a new meter below this one",                                                       \
       "ENOSPC: guarantees beyond what this meter guarantees. EINVAL: terms that cannot be, "      \
       "none of its processors. ELOOP: 64 meters above each other",                                \
       "1 record of the caller's bank")                                                            \
    OP(meter, METER_TERMS, 481, RF_RIGHT_READ, "", "0; data out: struct rf_meter_terms, twice",    \
       "its own, then those in effect", "")                                                        \
    OP(meter, METER_SET_TERMS, 482, RF_RIGHT_MANAGE, "data: struct rf_meter_terms", "0",           \
       "in effect at once. As METER_SPLIT, and ENOSPC: less than is guaranteed below. EPERM: the " \
       "first meter of the world",                                                                 \
       "")                                                                                         \
    OP(meter, METER_USAGE, 483, RF_RIGHT_READ, "", "0; data out: struct rf_meter_usage",           \
       "with all meters below", "")                                                                \
    OP(meter, METER_SET_KEEPER, 484, RF_RIGHT_MANAGE, "caps: a notification, or none; w0: bits",   \
       "0", "signalled each time the quota of a period is used up", "")                            \
    OP(meter, METER_DESTROY, 485, RF_RIGHT_MANAGE, "", "0",                                        \
       "with all meters below. What ran on them runs no more until it is given another meter "     \
       "(CELL_SET_METER). EPERM: the first meter of the world",                                    \
       "")

struct rf_meter_terms {
    u64 quota_ns, period_ns; /* at most quota in each period; quota 0: no limit of its own */
    u64 guaranteed_ns; /* of each period, whatever others want; at most quota if there is one */
    u64 processors;    /* mask of host processors; those of the meter above limit it; 0: all */
    u32 share;         /* weight against others below the same meter, 1 to 10,000; 0: 100 */
    u32 reserved;
};

struct rf_meter_usage {
    u64 used_ns;
    u64 wanted_ns;  /* used and missing */
    u64 missing_ns; /* wanted to run, was promised to run, did not */
    u64 exhausted;  /* periods whose quota was used up */
};
_Static_assert(sizeof(struct rf_meter_terms) == 40, "shared layout");
_Static_assert(sizeof(struct rf_meter_usage) == 32, "shared layout");

#endif
