/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: what they show, what is derived from them, and a cell's time across a cut. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <time.h>

#include "kernel/cell_clock.h"
#include "kernel/object/common.h"
#include "kernel/object/call.h"
#include "kernel/world.h"
#include "tests/unit/fake_cell.h"
#include "tests/unit/fake_domain.h"

#define SECOND 1000000000ul
#define DEEP   10

static struct bank *bank;
static struct fake_domain *fake;
static u32 host;

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(DEEP + 2);
    fake = fake_domain(bank);
    host = fake_put(fake, clock_object(), RF_RIGHT_READ);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(fake);
    fake_bank_end(bank);
    return 0;
}

static u64 shown(u32 slot, u64 clock)
{
    assert_int_equal(FAKE(fake, .slot = slot, .op = RF_OP_CLOCK_NOW, .w = {clock}), 0);
    return fake_buffer(fake, 0)->words[0] * SECOND + fake_buffer(fake, 0)->words[1];
}

static s64 derive(u32 slot, s64 ahead, u64 rate)
{
    return FAKE(fake, .slot = slot, .op = RF_OP_CLOCK_DERIVE, .w = {(u64)ahead, rate});
}

static struct rf_clock relation(u32 slot)
{
    struct rf_clock clock;

    assert_int_equal(FAKE(fake, .slot = slot, .op = RF_OP_CLOCK_RELATION), sizeof(clock));
    memcpy(&clock, fake_buffer(fake, 0)->data, sizeof(clock));
    assert_true(clock_is_valid(&clock));
    return clock;
}

static u64 random_below(u64 limit)
{
    return ((u64)rand() << 42 ^ (u64)rand() << 21 ^ (u64)rand()) % limit;
}

/* When a clock is said to show a time, it does, and did not a moment before. */
static void test_there_and_back(void **state)
{
    (void)state;
    srand(1);
    for (u32 i = 0; i < 1000000; i++) {
        struct rf_clock c = {.rate = RF_CLOCK_RATE_LEAST +
                                     random_below(RF_CLOCK_RATE_MOST - RF_CLOCK_RATE_LEAST)};
        u64 step, then, at;

        if (i % 3 == 0) /* as many slow ones as fast ones */
            c.rate = RF_CLOCK_RATE_LEAST + random_below(RF_CLOCK_RATE_ONE);
        step = RF_CLOCK_RATE_ONE / c.rate + 2;
        c.family[0].origin = random_below(1ul << 61);
        c.family[0].base = random_below(1ul << 61);
        then = c.family[0].base + random_below(1ul << 50);
        at = clock_when(&c, 0, then);
        assert_true(clock_at(&c, 0, at) >= then);
        assert_true(clock_at(&c, 0, at - step) <= then);
    }
}

static void test_bounds(void **state)
{
    struct rf_clock c = {.rate = RF_CLOCK_RATE_MOST}, slow = {.rate = RF_CLOCK_RATE_LEAST};

    (void)state;
    assert_true(clock_at(&c, 0, CLOCK_TIME_MOST) == CLOCK_TIME_MOST);
    assert_true(clock_when(&slow, 0, CLOCK_TIME_MOST) == CLOCK_TIME_MOST);
    slow.family[0].base = CLOCK_TIME_MOST; /* long before its origin */
    assert_true(clock_when(&slow, 0, 0) == 0);
    c.family[0].origin = CLOCK_TIME_MOST;
    assert_true(clock_at(&c, 0, 0) == 0);
    assert_false(clock_is_plain(&c));
    assert_int_equal(clock_family(CLOCK_THREAD_CPUTIME_ID), -1);
    assert_int_equal(clock_family(~0ul), -1);
}

static void test_derived(void **state)
{
    u64 before = shown(host, CLOCK_MONOTONIC);
    u32 fast = (u32)derive(host, -1000 * (s64)SECOND, 2 * RF_CLOCK_RATE_ONE);
    struct rf_clock c = relation(fast);

    (void)state;
    assert_true(c.rate == 2 * RF_CLOCK_RATE_ONE);
    assert_true(c.family[RF_CLOCK_MONOTONIC].base == c.family[RF_CLOCK_MONOTONIC].origin);
    assert_true(c.family[RF_CLOCK_BOOT].base == c.family[RF_CLOCK_BOOT].origin);
    assert_true(c.family[RF_CLOCK_REAL].origin - c.family[RF_CLOCK_REAL].base == 1000 * SECOND);
    assert_true(shown(fast, CLOCK_MONOTONIC) >= before);
    assert_true(shown(fast, CLOCK_REALTIME) < shown(host, CLOCK_REALTIME));
    assert_true(shown(fast, CLOCK_TAI) < shown(host, CLOCK_TAI));
    assert_true(clock_is_plain(clock_relation(table_get(&fake->domain.caps, host))));
}

/* Ten of them cost what one costs: each is its own relation to the host's time. */
static void test_folded(void **state)
{
    u32 slot = host;
    struct rf_clock c;

    (void)state;
    for (u32 i = 0; i < DEEP; i++) {
        slot = (u32)derive(slot, 100 * (s64)SECOND,
                           i % 2 ? 2 * RF_CLOCK_RATE_ONE : RF_CLOCK_RATE_ONE / 2);
        assert_true((s32)slot > 0);
    }
    c = relation(slot);
    assert_true(c.rate == RF_CLOCK_RATE_ONE);
    assert_true(c.family[RF_CLOCK_REAL].base - c.family[RF_CLOCK_REAL].origin < 1001 * SECOND);
    assert_true(c.family[RF_CLOCK_REAL].base - c.family[RF_CLOCK_REAL].origin > 990 * SECOND);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], DEEP);
}

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(derive(host, 0, 0), -EINVAL);
    assert_int_equal(derive(host, 0, RF_CLOCK_RATE_LEAST - 1), -EINVAL);
    assert_int_equal(derive(host, 0, RF_CLOCK_RATE_MOST + 1), -EINVAL);
    assert_int_equal(derive(host, 0, ~0ul), -EINVAL);
    assert_int_equal(derive(host, INT64_MIN, RF_CLOCK_RATE_ONE), -EINVAL);
    assert_int_equal(derive(host, INT64_MAX, RF_CLOCK_RATE_ONE), -EINVAL);
    assert_int_equal(derive((u32)derive(host, 0, RF_CLOCK_RATE_MOST), 0, RF_CLOCK_RATE_ONE * 2),
                     -EINVAL);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], 1);
    while (derive(host, 0, RF_CLOCK_RATE_ONE) > 0)
        ;
    assert_int_equal(derive(host, 0, RF_CLOCK_RATE_ONE), -ENOSPC);
    assert_int_equal(FAKE(fake, .slot = host, .op = RF_OP_CLOCK_RELATION, .buffer = RF_MSG_NONE),
                     -EINVAL);
    assert_int_equal(FAKE(fake, .slot = host, .op = RF_OP_CLOCK_NOW, .w = {CLOCK_TAI + 1}),
                     -EINVAL);
    assert_int_equal(
        FAKE(fake, .slot = host, .op = RF_OP_CLOCK_NOW, .w = {CLOCK_PROCESS_CPUTIME_ID}), -EINVAL);
}

/* A hundred seconds of a clock that is a thousand times as fast. */
static void test_sleep(void **state)
{
    u32 fast = (u32)derive(host, 0, 1000 * RF_CLOCK_RATE_ONE);
    u64 until = shown(fast, CLOCK_MONOTONIC) + 100 * SECOND;
    u64 id =
        fake_send(fake, &(struct fake_args){.slot = fast, .op = RF_OP_CLOCK_SLEEP, .w = {until}});

    (void)state;
    assert_int_equal(fake_await(fake, id), 0);
    assert_true(shown(fast, CLOCK_MONOTONIC) >= until);
    assert_int_equal(FAKE(fake, .slot = fast, .op = RF_OP_CLOCK_SLEEP, .w = {until}), 0);
}

static u64 cell_shows(struct cell *cell, u64 clock)
{
    struct call call = {.domain = &cell->domain,
                        .slot = RF_SLOT_CLOCK,
                        .op = RF_OP_CLOCK_NOW,
                        .w = {clock},
                        .fd = -1};

    assert_int_equal(call_dispatch(&call), 0);
    return fake_message(cell)->words[0] * SECOND + fake_message(cell)->words[1];
}

static u64 page_shows(const struct cell *cell, int family)
{
    const struct rf_clock_page *page = &cell->window->cell.clock;
    u64 now[RF_CLOCK_FAMILIES];

    clock_host_now(now);
    return clock_at(&page->clock, family, now[family] + page->shift[family]);
}

/* As if the host had been started anew meanwhile, and had run much longer before. */
static void test_restored(void **state)
{
    struct cell *cell = NULL, *below = NULL;
    const struct rf_clock_page *page;
    struct cell_clock saved;
    u64 real, sequence;

    (void)state;
    assert_int_equal(cell_make(world.first, world.bank, world.meter, "fake", &cell), 0);
    cell_put_own(cell);
    cell_clock_begin(cell);
    page = &cell->window->cell.clock;
    assert_int_equal(page->state, RF_CLOCK_PLAIN);
    sequence = page->sequence;
    cell_clock_save(cell, &saved);
    for (int i = RF_CLOCK_MONOTONIC; i < RF_CLOCK_FAMILIES; i++)
        saved.now[i] = (u64)i * 5 * SECOND;
    real = cell_shows(cell, CLOCK_REALTIME);
    cell_clock_restore(cell, &saved);
    assert_int_equal(page->state, 0);
    assert_true(page->sequence != sequence && page->sequence % 2 == 0);
    assert_true(cell_shows(cell, CLOCK_REALTIME) >= real);
    for (int i = 0; i < 2; i++) {
        assert_true(page_shows(cell, RF_CLOCK_MONOTONIC) - 5 * SECOND < 4 * SECOND);
        assert_true(page_shows(cell, RF_CLOCK_BOOT) - 10 * SECOND < 4 * SECOND);
        assert_true(cell_shows(cell, CLOCK_MONOTONIC) - 5 * SECOND < 4 * SECOND);
        assert_true(cell_shows(cell, CLOCK_BOOTTIME) - 10 * SECOND < 4 * SECOND);
        cell_clock_save(cell, &saved);
        assert_true(saved.now[RF_CLOCK_MONOTONIC] - 5 * SECOND < 4 * SECOND);
        cell_clock_restore(cell, &saved);
    }
    assert_int_equal(cell_make(cell, world.bank, world.meter, "below", &below), 0);
    cell_put_own(below);
    assert_true(cell_shows(below, CLOCK_MONOTONIC) - 5 * SECOND < 4 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_there_and_back), CASE(test_bounds), CASE(test_derived),  CASE(test_folded),
        CASE(test_refused),        CASE(test_sleep),  CASE(test_restored),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
