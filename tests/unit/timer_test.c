/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "abi/layout.h"
#include "kernel/event.h"

#define MANY 1000

static struct timer timers[MANY];
static u64 last;
static u32 expired;

static void check_order(struct timer *timer)
{
    assert_true(timer->when_ns >= last);
    last = timer->when_ns;
    assert_int_equal(timer->position, 0);
    if (++expired == MANY / 2)
        event_stop();
}

/* Half of them are cancelled, the others expire in their order. */
static void test_order(void **state)
{
    u64 start = now_ns();

    (void)state;
    srand(1);
    for (u32 i = 0; i < MANY; i++) {
        timers[i].expired = check_order;
        assert_int_equal(timer_set(&timers[i], start + (u64)(rand() % 20000000)), 0);
    }
    for (u32 i = 0; i < MANY; i += 4) /* moved */
        assert_int_equal(timer_set(&timers[i], start + (u64)(rand() % 20000000)), 0);
    for (u32 i = 0; i < MANY; i += 2) {
        timer_cancel(&timers[i]);
        timer_cancel(&timers[i]);
    }
    event_loop();
    assert_int_equal(expired, MANY / 2);
}

/* Nobody's timers are in the way of anybody else's, however many they are. */
static void test_capacity(void **state)
{
    u32 many = RF_MAX_THREADS * 16;
    struct timer *all = calloc(many, sizeof(*all));

    (void)state;
    for (u32 i = 0; i < many; i++)
        assert_int_equal(timer_set(&all[i], ~0ul >> 1), 0);
    for (u32 i = 0; i < many; i++)
        timer_cancel(&all[i]);
    free(all);
}

static int set_up(void **state)
{
    (void)state;
    return event_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
