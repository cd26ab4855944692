/* SPDX-License-Identifier: Apache-2.0 */
/* Banks, meters below each other, and discrim. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "kernel/object/common.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"
#include "tests/unit/fake_domain.h"

#define ALL RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT

static struct bank *bank;
static struct fake_domain *user;
static u32 from; /* slot of the bank */

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(1000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static s64 split(s64 slot, struct rf_bank_limits limits)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_SPLIT, .data = &limits,
                .length = sizeof(limits));
}

static s64 set_limits(s64 slot, struct rf_bank_limits limits)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_SET_LIMITS, .data = &limits,
                .length = sizeof(limits));
}

static s64 allocate(s64 slot)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, 1});
}

static s64 destroy(s64 slot, bool dissolve)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_DESTROY, .w = {dissolve});
}

static s64 with_cap(s64 slot, u32 op, s64 cap)
{
    return FAKE(user, .slot = (u32)slot, .op = op, .caps = {(u32)cap}, .cap_count = cap != 0);
}

static s64 reduced(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_COPY, .w = {rights});
}

static u64 records(void)
{
    return bank->used[RF_RESOURCE_RECORDS];
}

static u64 effective(s64 slot)
{
    struct rf_bank_limits limits[2];

    assert_int_equal(FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_LIMITS), 0);
    memcpy(limits, fake_buffer(user, 0)->data, sizeof(limits));
    return limits[1].most[RF_RESOURCE_RECORDS];
}

static void test_limits(void **state)
{
    s64 a = split(from, (struct rf_bank_limits){.most = {ALL}}),
        b = split(a, (struct rf_bank_limits){.most = {0, 2, 0, 0}}), node;

    (void)state;
    assert_int_equal(records(), 2);
    node = allocate(b);
    assert_true(allocate(b) > 0);
    assert_int_equal(allocate(b), -ENOSPC);
    assert_int_equal(records(), 4);
    assert_int_equal(with_cap(from, RF_OP_BANK_FREE, node), 0);
    assert_true(allocate(b) > 0);
    assert_int_equal(effective(b), 2);
    assert_int_equal(effective(a), 999);
    /* Less than is used: nothing more is given. */
    assert_int_equal(set_limits(b, (struct rf_bank_limits){.most = {0, 1, 0, 0}}), 0);
    assert_int_equal(allocate(b), -ENOSPC);
    assert_int_equal(set_limits(b, (struct rf_bank_limits){.most = {ALL}}), 0);
    assert_true(allocate(b) > 0);
    assert_int_equal(set_limits(reduced(b, RF_RIGHT_READ | RF_RIGHT_WRITE),
                                (struct rf_bank_limits){.most = {ALL}}),
                     -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)b, .op = RF_OP_BANK_SET_LIMITS, .length = 63),
                     -EINVAL);
    assert_int_equal(FAKE(user, .slot = (u32)b, .op = RF_OP_BANK_LIMITS, .buffer = RF_MSG_NONE),
                     -EINVAL);
}

static void test_guarantees(void **state)
{
    s64 a, b;

    (void)state;
    assert_int_equal(
        split(from, (struct rf_bank_limits){.most = {0, 5, 0, 0}, .guaranteed = {0, 6, 0, 0}}),
        -EINVAL);
    assert_int_equal(split(from, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {ALL}}),
                     -ENOSPC);
    /* With the record of the bank itself one too many. */
    assert_int_equal(
        split(from, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 1000, 0, 0}}),
        -ENOSPC);
    a = split(from, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 999, 0, 0}});
    assert_int_equal(records(), 1000);
    assert_int_equal(allocate(from), -ENOSPC);
    for (u32 i = 0; i < 3; i++)
        assert_true(allocate(a) > 0);
    assert_int_equal(records(), 1000);
    b = split(a, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 900, 0, 0}});
    assert_true(b > 0);
    assert_int_equal(split(a, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 95, 0, 0}}),
                     -ENOSPC);
    assert_int_equal(records(), 1000);
    /* A guarantee of what is used already takes nothing more. */
    assert_int_equal(set_limits(b, (struct rf_bank_limits){.most = {ALL}}), 0);
    assert_int_equal(set_limits(a, (struct rf_bank_limits){.most = {ALL}}), 0);
    assert_int_equal(records(), 5);
    bank->limits.most[RF_RESOURCE_RECORDS] = 5;
    assert_int_equal(
        set_limits(a, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 4, 0, 0}}), 0);
    assert_int_equal(
        set_limits(a, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 5, 0, 0}}), -ENOSPC);
    assert_int_equal(records(), 5);
    bank->limits.most[RF_RESOURCE_RECORDS] = 1000;
}

static void test_destroying(void **state)
{
    s64 a = split(from, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 10, 0, 0}}),
        b = split(a, (struct rf_bank_limits){.most = {ALL}}), node = allocate(b);

    (void)state;
    assert_int_equal(destroy(from, false), -EPERM);
    assert_int_equal(destroy(reduced(a, RF_RIGHT_WRITE), false), -EACCES);
    assert_int_equal(destroy(a, false), 0);
    assert_int_equal(records(), 0);
    assert_int_equal(allocate(b), -ESTALE);
    assert_int_equal(FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_SIZE), -ESTALE);
}

static void test_dissolving(void **state)
{
    s64 a = split(from, (struct rf_bank_limits){.most = {ALL}, .guaranteed = {0, 10, 0, 0}}),
        b = split(a, (struct rf_bank_limits){.most = {0, 2, 0, 0}}), node = allocate(a), below;

    (void)state;
    below = allocate(b);
    assert_int_equal(records(), 11);
    assert_int_equal(destroy(a, true), 0);
    assert_int_equal(records(), 3);
    assert_int_equal(allocate(a), -ESTALE);
    assert_int_equal(FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_SIZE), 1);
    assert_true(allocate(b) > 0);
    assert_int_equal(allocate(b), -ENOSPC);
    assert_int_equal(with_cap(b, RF_OP_BANK_FREE, node), -EPERM);
    assert_int_equal(with_cap(from, RF_OP_BANK_FREE, node), 0);
    assert_int_equal(with_cap(from, RF_OP_BANK_FREE, b), 0);
    assert_int_equal(FAKE(user, .slot = (u32)below, .op = RF_OP_NODE_SIZE), -ESTALE);
    assert_int_equal(records(), 0);
}

/* A domain whose bank ends or dissolves under it. */
static void test_the_bank_of_a_table(void **state)
{
    struct fake_domain *other;

    (void)state;
    for (u32 dissolve = 0; dissolve < 2; dissolve++) {
        s64 a = split(from, (struct rf_bank_limits){.most = {ALL}});

        other = fake_domain(
            container_of(table_get(&user->domain.caps, (u64)a)->object, struct bank, object));
        for (u32 i = 0; i < 2 * CAP_CHUNK; i++)
            fake_put(other, clock_object(), RF_RIGHT_READ);
        assert_int_equal(records(), 3);
        assert_int_equal(destroy(a, dissolve), 0);
        assert_int_equal(records(), dissolve ? 2 : 0);
        while (table_has_room(&other->domain.caps, 1) && other->domain.caps.fresh < 1000)
            fake_put(other, clock_object(), RF_RIGHT_READ);
        assert_int_equal(other->domain.caps.fresh, dissolve ? 1000 : 3 * CAP_CHUNK - 1);
        fake_free(other);
        assert_int_equal(records(), 0);
    }
}

static void test_freeing(void **state)
{
    s64 a = split(from, (struct rf_bank_limits){.most = {ALL}}), node = allocate(a);

    (void)state;
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, 0), -EBADF);
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, a), -EPERM);
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, fake_put(user, clock_object(), RF_RIGHT_READ)),
                     -EPERM);
    assert_int_equal(with_cap(reduced(a, RF_RIGHT_READ), RF_OP_BANK_FREE, node), -EACCES);
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, node), 0);
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, node), -EBADF);
}

static void test_depth(void **state)
{
    s64 slot = from;
    u32 depth = 1;

    (void)state;
    for (;; depth++) {
        s64 below = split(slot, (struct rf_bank_limits){.most = {ALL}});

        if (below < 0) {
            assert_int_equal(below, -ELOOP);
            break;
        }
        slot = below;
    }
    assert_int_equal(depth, BANK_DEPTH);
    assert_true(allocate(slot) > 0);
    assert_int_equal(records(), BANK_DEPTH);
    assert_int_equal(destroy(from + 1, false), 0);
    assert_int_equal(records(), 0);
}

static void test_depth_of_meters(void **state)
{
    struct rf_meter_terms terms = {.share = 100};
    s64 slot = fake_put(user, &world.meter->object, RF_RIGHT_ALL);
    u32 depth = 1;

    (void)state;
    for (;; depth++) {
        s64 below = FAKE(user, .slot = (u32)slot, .op = RF_OP_METER_SPLIT, .data = &terms,
                         .length = sizeof(terms));

        if (below < 0) {
            assert_int_equal(below, -ELOOP);
            break;
        }
        table_drop(&user->domain.caps, (u32)slot); /* the lowest keeps all above */
        slot = below;
    }
    assert_int_equal(depth, METER_DEPTH);
}

static void test_usage(void **state)
{
    struct rf_bank_usage *usage = (struct rf_bank_usage *)fake_buffer(user, 0)->data;
    s64 a = split(from, (struct rf_bank_limits){.most = {ALL}}), node = allocate(a);

    (void)state;
    assert_int_equal(with_cap(a, RF_OP_BANK_FREE, node), 0);
    assert_int_equal(FAKE(user, .slot = (u32)a, .op = RF_OP_BANK_USAGE), 0);
    assert_int_equal(usage->used[RF_RESOURCE_RECORDS], 0);
    assert_int_equal(usage->peak[RF_RESOURCE_RECORDS], 1);
    bank_charge_used(bank, RF_RESOURCE_PAGES, 10);
    assert_int_equal(FAKE(user, .slot = from, .op = RF_OP_BANK_USAGE), 0);
    assert_int_equal(usage->used[RF_RESOURCE_PAGES], 10);
    assert_int_equal(usage->byte_ns_high, 0);
    assert_int_equal(FAKE(user, .slot = from, .op = RF_OP_BANK_USAGE), 0);
    assert_true(usage->byte_ns_low > 0);
    bank_uncharge(bank, RF_RESOURCE_PAGES, 10);
    assert_int_equal(FAKE(user, .slot = from, .op = RF_OP_BANK_USAGE, .buffer = RF_MSG_NONE),
                     -EINVAL);
}

static void test_telling_apart(void **state)
{
    u32 discrim = fake_put(user, discrim_object(), RF_RIGHT_READ);
    s64 copy = reduced(from, ~0u), less = reduced(from, RF_RIGHT_READ),
        endpoint = FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_ENDPOINT}),
        entry = FAKE(user, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_MINT),
        a = split(from, (struct rf_bank_limits){.most = {ALL}}), node = allocate(a);

    (void)state;
    assert_int_equal(FAKE(user, .slot = discrim, .op = RF_OP_DISCRIM_COMPARE,
                          .caps = {from, (u32)copy}, .cap_count = 2),
                     1);
    assert_int_equal(FAKE(user, .slot = discrim, .op = RF_OP_DISCRIM_COMPARE,
                          .caps = {from, (u32)less}, .cap_count = 2),
                     0);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_COMPARE, from), 0);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_CLASSIFY, entry), RF_KIND_ENTRY);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_CLASSIFY, from), RF_KIND_BANK);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_CLASSIFY, 0), RF_KIND_NONE);
    assert_int_equal(with_cap(from, RF_OP_BANK_VERIFY, a), 1);
    assert_int_equal(with_cap(from, RF_OP_BANK_VERIFY, entry), 0);
    assert_int_equal(with_cap(from, RF_OP_BANK_VERIFY, 0), 0);
    assert_int_equal(destroy(a, false), 0);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_CLASSIFY, node), RF_KIND_NONE);
    assert_int_equal(with_cap(from, RF_OP_BANK_VERIFY, a), 0);
}

static s64 replicas(s64 slot)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_REPLICAS);
}

static s64 set_replicas(s64 slot, u64 count)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_BANK_SET_REPLICAS, .w = {count});
}

static void test_replicas(void **state)
{
    u32 to_read = fake_put(user, &bank->object, RF_RIGHT_READ | RF_RIGHT_WRITE);
    s64 below;

    (void)state;
    assert_int_equal(replicas(from), 1);
    assert_int_equal(set_replicas(from, 0), -EINVAL);
    assert_int_equal(set_replicas(from, RF_REPLICAS_MOST + 1), -EINVAL);
    assert_int_equal(set_replicas(from, ~0ul), -EINVAL);
    assert_int_equal(set_replicas(to_read, 2), -EACCES);
    assert_int_equal(set_replicas(from, 3), 0);
    assert_int_equal(replicas(to_read), 3);
    below = split(from, (struct rf_bank_limits){{ALL}, {0}});
    assert_true(below > 0);
    assert_int_equal(replicas(below), 3);
    assert_int_equal(set_replicas(below, 2), 0);
    assert_int_equal(replicas(from), 3);
    assert_int_equal(replicas(below), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_limits),
        CASE(test_guarantees),
        CASE(test_destroying),
        CASE(test_dissolving),
        CASE(test_the_bank_of_a_table),
        CASE(test_freeing),
        CASE(test_depth),
        CASE(test_depth_of_meters),
        CASE(test_usage),
        CASE(test_telling_apart),
        CASE(test_replicas),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
