/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and notifications. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "kernel/object/common.h"
#include "kernel/object/meter.h"
#include "kernel/object/notification.h"
#include "kernel/world.h"
#include "tests/unit/fake_domain.h"

static struct bank *bank;
static struct fake_domain *user;
static u32 from; /* slot of the bank */
static u32 node; /* of a node of 4 slots */

static s64 allocate(u64 kind, u64 size)
{
    return FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {kind, size});
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(1000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    node = (u32)allocate(RF_KIND_NODE, 4);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static s64 swap(u32 slot, u64 index, s64 cap)
{
    return FAKE(user, .slot = slot, .op = RF_OP_NODE_SWAP, .w = {index}, .caps = {(u32)cap},
                .cap_count = cap != 0);
}

static s64 get(u32 slot, u64 index)
{
    return FAKE(user, .slot = slot, .op = RF_OP_NODE_GET, .w = {index});
}

static u32 rights(s64 slot)
{
    return table_get(&user->domain.caps, (u64)slot)->rights;
}

static u32 reduced(u32 slot, u32 to)
{
    return (u32)FAKE(user, .slot = slot, .op = RF_OP_COPY, .w = {to});
}

static void test_sizes(void **state)
{
    u64 used = bank->used[RF_RESOURCE_RECORDS];

    (void)state;
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_SIZE), 4);
    assert_int_equal(allocate(RF_KIND_NODE, 0), -ERANGE);
    assert_int_equal(allocate(RF_KIND_NODE, RF_NODE_MOST + 1), -ERANGE);
    assert_int_equal(allocate(RF_KIND_NONE, 1), -EINVAL);
    assert_int_equal(allocate(RF_KIND_METER, 1), -EINVAL);
    assert_true(allocate(RF_KIND_NODE, RF_NODE_MOST) > 0);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used + 1 + RF_NODE_MOST / CAP_CHUNK);
    bank->limits.most[RF_RESOURCE_RECORDS] = bank->used[RF_RESOURCE_RECORDS] + 1;
    assert_int_equal(allocate(RF_KIND_NODE, CAP_CHUNK), -ENOSPC);
    assert_true(allocate(RF_KIND_NODE, CAP_CHUNK - 1) > 0);
}

static void test_get_and_swap(void **state)
{
    u32 clock = fake_put(user, clock_object(), RF_RIGHT_READ);
    s64 copy;

    (void)state;
    assert_int_equal(get(node, 0), -ENOENT);
    assert_int_equal(get(node, 4), -ERANGE);
    assert_int_equal(swap(node, 4, clock), -ERANGE);
    assert_int_equal(swap(node, 0, 999), -EBADF);
    assert_int_equal(swap(node, 0, node), -ELOOP);
    assert_int_equal(swap(node, 0, clock), 0);
    copy = get(node, 0);
    assert_int_equal(fake_kind(user, (u64)copy), RF_KIND_CLOCK);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {0, 3}), 0);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {0, 4}), -ERANGE);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {4, 0}), -ERANGE);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {3, 3}), 0);
    assert_int_equal(fake_kind(user, (u64)swap(node, 3, from)), RF_KIND_CLOCK);
    assert_int_equal(fake_kind(user, (u64)get(node, 3)), RF_KIND_BANK);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {1, 3}), 0);
    assert_int_equal(get(node, 3), -ENOENT);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_CLEAR, .w = {0}), 0);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_CLEAR, .w = {~0ul}), -ERANGE);
    assert_int_equal(get(node, 0), -ENOENT);
}

static void test_what_ended_counts_as_empty(void **state)
{
    s64 other = allocate(RF_KIND_NODE, 1);

    (void)state;
    assert_int_equal(swap(node, 0, other), 0);
    assert_int_equal(
        FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {(u32)other}, .cap_count = 1), 0);
    assert_int_equal(get((u32)other, 0), -ESTALE);
    assert_int_equal(get(node, 0), -ENOENT);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_COPY, .w = {0, 1}), 0);
    assert_int_equal(swap(node, 0, from), 0);
}

static void test_rights(void **state)
{
    u32 reader = reduced(node, RF_RIGHT_READ), writer = reduced(node, RF_RIGHT_WRITE);

    (void)state;
    assert_int_equal(swap(reader, 0, from), -EACCES);
    assert_int_equal(FAKE(user, .slot = reader, .op = RF_OP_NODE_CLEAR), -EACCES);
    assert_int_equal(FAKE(user, .slot = reader, .op = RF_OP_NODE_COPY), -EACCES);
    assert_int_equal(swap(writer, 0, from), 0);
    assert_int_equal(get(writer, 0), -EACCES);
    assert_int_equal(FAKE(user, .slot = writer, .op = RF_OP_NODE_SIZE), -EACCES);
    assert_int_equal(FAKE(user, .slot = writer, .op = RF_OP_NODE_WEAKEN), -EACCES);
    /* Nothing is read by swapping either. */
    assert_int_equal(swap(writer, 0, from), 0);
    assert_int_equal(fake_kind(user, (u64)get(reader, 0)), RF_KIND_BANK);
}

static void test_a_full_table(void **state)
{
    (void)state;
    assert_int_equal(swap(node, 0, from), 0);
    while (table_has_room(&user->domain.caps, 1))
        fake_put(user, clock_object(), RF_RIGHT_READ);
    assert_int_equal(get(node, 0), -ENFILE);
    assert_int_equal(swap(node, 0, node + 1), -ENFILE);
    assert_int_equal(swap(node, 1, from), 0);
    assert_int_equal(FAKE(user, .slot = node, .op = RF_OP_NODE_WEAKEN), -ENFILE);
}

static void test_weak(void **state)
{
    u32 weak, entry,
        held[] = {(u32)allocate(RF_KIND_NODE, 1), (u32)allocate(RF_KIND_SEGMENT, 1), from,
                  fake_put(user, &world.meter->object, RF_RIGHT_ALL)};
    s64 got, below;

    (void)state;
    assert_int_equal(swap(held[0], 0, from), 0);
    for (u32 i = 0; i < 4; i++) {
        assert_int_equal(swap(node, i, held[i]), 0);
    }
    weak = (u32)FAKE(user, .slot = node, .op = RF_OP_NODE_WEAKEN);
    assert_int_equal(rights(weak), RF_RIGHT_READ | RF_RIGHT_WEAK);
    assert_int_equal(swap(weak, 0, from), -EACCES);
    below = get(weak, 0);
    assert_int_equal(rights(below), RF_RIGHT_READ | RF_RIGHT_WEAK);
    got = get((u32)below, 0);
    assert_int_equal(rights(got), RF_RIGHT_READ);
    assert_int_equal(FAKE(user, .slot = (u32)got, .op = RF_OP_BANK_ALLOCATE), -EACCES);
    assert_int_equal(rights(get(weak, 1)), RF_RIGHT_READ | RF_RIGHT_WEAK);
    assert_int_equal(rights(get(weak, 2)), RF_RIGHT_READ);
    assert_int_equal(rights(get(weak, 3)), RF_RIGHT_READ);
    /* No copy is stronger. */
    assert_int_equal(rights(reduced(weak, ~0u)), RF_RIGHT_READ | RF_RIGHT_WEAK);
    assert_int_equal(rights(reduced(weak, RF_RIGHT_WRITE)), RF_RIGHT_WEAK);
    assert_int_equal(swap(node, 0, fake_put(user, clock_object(), RF_RIGHT_READ)) > 0, true);
    assert_int_equal(fake_kind(user, (u64)get(weak, 0)), RF_KIND_CLOCK);
    entry = (u32)FAKE(user, .slot = (u32)allocate(RF_KIND_ENDPOINT, 0), .op = RF_OP_ENDPOINT_MINT);
    assert_true(swap(node, 0, entry) > 0);
    assert_int_equal(get(weak, 0), -EACCES);
}

/* As long as its bank allows, and longer than a stack of calls could be deep. */
static void test_a_long_chain(void **state)
{
    u64 used = bank->used[RF_RESOURCE_RECORDS];
    s64 first = allocate(RF_KIND_NODE, 1), last = first;

    (void)state;
    bank->limits.most[RF_RESOURCE_RECORDS] = 400000;
    for (u32 i = 0; i < 300000; i++) {
        s64 next = allocate(RF_KIND_NODE, 1);

        assert_int_equal(swap((u32)last, 0, next), 0);
        if (last != first)
            table_drop(&user->domain.caps, (u32)last);
        last = next;
    }
    table_drop(&user->domain.caps, (u32)last);
    assert_int_equal(FAKE(user, .slot = (u32)first, .op = RF_OP_DROP), 0);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used);
}

/* A circle lives until its bank ends. */
static void test_a_circle(void **state)
{
    struct rf_bank_limits limits = {.most = {10, 100, 10, 10}};
    u64 used = bank->used[RF_RESOURCE_RECORDS];
    u32 below = (u32)FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                          .length = sizeof(limits)),
        a, b;

    (void)state;
    a = (u32)FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, 2});
    b = (u32)FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, 2});
    assert_int_equal(swap(a, 0, b), 0);
    assert_int_equal(swap(b, 0, a), 0);
    assert_int_equal(swap(b, 1, below), 0);
    table_drop(&user->domain.caps, a);
    table_drop(&user->domain.caps, b);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used + 3);
    assert_int_equal(FAKE(user, .slot = below, .op = RF_OP_BANK_DESTROY), 0);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used);
    table_drop(&user->domain.caps, below);
}

/* The last capability to a bank lies in a node that the bank pays for. */
static void test_a_node_that_holds_its_bank(void **state)
{
    struct rf_bank_limits limits = {.most = {10, 100, 10, 10}};
    u64 used = bank->used[RF_RESOURCE_RECORDS];
    u32 below = (u32)FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                          .length = sizeof(limits));
    u32 a = (u32)FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, 2});

    (void)state;
    assert_int_equal(swap(a, 0, below), 0);
    table_drop(&user->domain.caps, below);
    assert_int_equal(FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {a}, .cap_count = 1),
                     0);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used);
    assert_int_equal(get(a, 0), -ESTALE);
}

static u64 wait_for(u32 slot, u64 bits, u64 deadline, u32 buffer)
{
    return fake_send(user, &(struct fake_args){.slot = slot,
                                               .op = RF_OP_NOTIFICATION_WAIT,
                                               .w = {bits, 0, deadline},
                                               .buffer = buffer});
}

static s64 signal_bits(u32 slot, u64 bits)
{
    return FAKE(user, .slot = slot, .op = RF_OP_NOTIFICATION_SIGNAL, .w = {bits}, .buffer = 9);
}

static void test_bits(void **state)
{
    u32 n = (u32)allocate(RF_KIND_NOTIFICATION, 0);
    struct rf_msg *msg = fake_buffer(user, 0);

    (void)state;
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {1, 1}), -EAGAIN);
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {0, 1}), -EINVAL);
    assert_int_equal(
        FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {1, 1}, .buffer = RF_MSG_NONE),
        -EINVAL);
    assert_int_equal(signal_bits(n, 5), 0);
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {4, 1}), 0);
    assert_int_equal(msg->words[0], 4);
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {~0ul, 1}), 0);
    assert_int_equal(msg->words[0], 1);
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {~0ul, 1}), -EAGAIN);
    assert_int_equal(signal_bits(reduced(n, RF_RIGHT_READ), 1), -EACCES);
    assert_int_equal(
        FAKE(user, .slot = reduced(n, RF_RIGHT_WRITE), .op = RF_OP_NOTIFICATION_WAIT, .w = {1, 1}),
        -EACCES);
}

static void test_waiters(void **state)
{
    u32 n = (u32)allocate(RF_KIND_NOTIFICATION, 0);
    u64 a = wait_for(n, 3, 0, 0), b = wait_for(n, 6, 0, 1), c = wait_for(n, 8, 0, 2);

    (void)state;
    assert_int_equal(signal_bits(n, 2), 0);
    assert_int_equal(fake_answer(user, a), 0);
    assert_int_equal(fake_buffer(user, 0)->words[0], 2);
    assert_int_equal(fake_answer(user, b), FAKE_WAITS);
    assert_int_equal(signal_bits(n, 31), 0);
    assert_int_equal(fake_answer(user, b), 0);
    assert_int_equal(fake_buffer(user, 1)->words[0], 6);
    assert_int_equal(fake_answer(user, c), 0);
    assert_int_equal(fake_buffer(user, 2)->words[0], 8);
    assert_int_equal(FAKE(user, .slot = n, .op = RF_OP_NOTIFICATION_WAIT, .w = {~0ul, 1}), 0);
    assert_int_equal(fake_buffer(user, 0)->words[0], 17);
}

static void test_bits_survive_an_interruption(void **state)
{
    u32 n = (u32)allocate(RF_KIND_NOTIFICATION, 0);

    (void)state;
    user->gone_id = wait_for(n, 1, 0, 0);
    assert_int_equal(signal_bits(n, 1), 0);
    user->gone_id = user->last_id + 1;
    assert_int_equal(fake_answer(user, wait_for(n, 1, 0, 0)), FAKE_WAITS);
    assert_int_equal(fake_answer(user, wait_for(n, 1, 0, 0)), 0);
}

static void test_deadlines(void **state)
{
    u32 n = (u32)allocate(RF_KIND_NOTIFICATION, 0);
    u64 id = wait_for(n, 1, now_ns() + 5000000, 0);

    (void)state;
    assert_int_equal(fake_answer(user, id), FAKE_WAITS);
    assert_int_equal(fake_await(user, id), -ETIMEDOUT);
    assert_int_equal(fake_answer(user, wait_for(n, 1, 1, 0)), -ETIMEDOUT);
    assert_int_equal(signal_bits(n, 1), 0);
    assert_int_equal(fake_answer(user, wait_for(n, 1, 1, 0)), 0);
    id = wait_for(n, 1, now_ns() + 5000000, 0);
    assert_int_equal(signal_bits(n, 1), 0);
    assert_int_equal(fake_answer(user, id), 0);
}

static void test_the_notification_ends(void **state)
{
    u32 n = (u32)allocate(RF_KIND_NOTIFICATION, 0);
    struct object *object = table_get(&user->domain.caps, n)->object;
    u64 id = wait_for(n, 1, now_ns() + 1000000000, 0);

    (void)state;
    object_hold(object);
    assert_int_equal(
        FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {n}, .cap_count = 1, .buffer = 1),
        0);
    assert_int_equal(fake_answer(user, id), -ESTALE);
    notification_signal(object, 1);
    object_release(object);
    /* The waiter is all that refers to it. */
    n = (u32)allocate(RF_KIND_NOTIFICATION, 0);
    object = table_get(&user->domain.caps, n)->object;
    id = wait_for(n, 1, 0, 0);
    table_drop(&user->domain.caps, n);
    notification_signal(object, 1);
    assert_int_equal(fake_answer(user, id), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_sizes),
        CASE(test_get_and_swap),
        CASE(test_what_ended_counts_as_empty),
        CASE(test_rights),
        CASE(test_a_full_table),
        CASE(test_weak),
        CASE(test_a_long_chain),
        CASE(test_a_circle),
        CASE(test_a_node_that_holds_its_bank),
        CASE(test_bits),
        CASE(test_waiters),
        CASE(test_bits_survive_an_interruption),
        CASE(test_deadlines),
        CASE(test_the_notification_ends),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
