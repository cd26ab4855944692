/* SPDX-License-Identifier: Apache-2.0 */
/* From the host's time to a cell's and back (abi/clock.h). Times are ns. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "abi/clock.h"

#define CLOCK_TIME_MOST ((u64)INT64_MAX)

/* The family of a Linux clock number, or -1: no clock that can be set against the host's. */
static inline int clock_family(u64 clock)
{
    /* By number: real, monotonic, two of processor time, raw, coarse real and monotonic, boot time,
     * the alarms of real and boot time, none, and TAI. */
    static const s8 families[] = {RF_CLOCK_REAL,
                                  RF_CLOCK_MONOTONIC,
                                  -1,
                                  -1,
                                  RF_CLOCK_MONOTONIC,
                                  RF_CLOCK_REAL,
                                  RF_CLOCK_MONOTONIC,
                                  RF_CLOCK_BOOT,
                                  RF_CLOCK_REAL,
                                  RF_CLOCK_BOOT,
                                  -1,
                                  RF_CLOCK_REAL};

    return clock < ARRAY_SIZE(families) ? families[clock] : -1;
}

static inline bool clock_is_plain(const struct rf_clock *c)
{
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++) {
        if (c->family[i].origin != c->family[i].base)
            return false;
    }
    return c->rate == RF_CLOCK_RATE_ONE;
}

/* Whether it is within the bounds that the arithmetic relies on. */
static inline bool clock_is_valid(const struct rf_clock *c)
{
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++) {
        if (c->family[i].origin > CLOCK_TIME_MOST || c->family[i].base > CLOCK_TIME_MOST)
            return false;
    }
    return c->rate >= RF_CLOCK_RATE_LEAST && c->rate <= RF_CLOCK_RATE_MOST;
}

/* What a valid clock shows at base time `at`: 0 to CLOCK_TIME_MOST. */
static inline u64 clock_at(const struct rf_clock *c, int family, u64 at)
{
    s64 passed = (s64)(at - c->family[family].origin);
    __int128 now = ((__int128)passed * (s64)c->rate >> 32) + (s64)c->family[family].base;

    if (now < 0)
        return 0;
    return now > (__int128)CLOCK_TIME_MOST ? CLOCK_TIME_MOST : (u64)now;
}

/* `ns` of a clock of that rate in base time, rounded up; at most CLOCK_TIME_MOST. The division by
 * hand is for where no library divides 128 bits. */
static inline u64 clock_span(u64 rate, u64 ns)
{
    u64 whole = ns / rate, rest = (ns % rate) << 16, high = rest / rate;
    u64 low = (rest % rate << 16) / rate;

    if (rate == RF_CLOCK_RATE_ONE)
        return ns;
    return whole >> 30 ? CLOCK_TIME_MOST : (whole << 32 | high << 16 | low) + 1;
}

/* The base time at which a valid clock shows `then` or more; at most CLOCK_TIME_MOST. */
static inline u64 clock_when(const struct rf_clock *c, int family, u64 then)
{
    u64 origin = c->family[family].origin, base = c->family[family].base, span;

    if (then < base) {
        span = clock_span(c->rate, base - then);
        return span < origin ? origin - span : 0;
    }
    span = clock_span(c->rate, then - base);
    return span < CLOCK_TIME_MOST - origin ? origin + span : CLOCK_TIME_MOST;
}

/* Derives from *c, at the base times `at`, a clock whose real time is `ahead` ns ahead of it (a
 * signed number) and that runs `rate` times as fast. False: out of bounds. */
static inline bool clock_derive(const struct rf_clock *c, const u64 at[RF_CLOCK_FAMILIES],
                                u64 ahead, u64 rate, struct rf_clock *derived)
{
    unsigned __int128 product = (unsigned __int128)c->rate * rate >> 32;

    if (product > RF_CLOCK_RATE_MOST)
        return false;
    derived->rate = (u64)product;
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++) {
        derived->family[i].origin = at[i];
        derived->family[i].base = clock_at(c, i, at[i]) + (i == RF_CLOCK_REAL ? ahead : 0);
    }
    return clock_is_valid(derived);
}

#endif
