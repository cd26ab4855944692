/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile domain uses up one table after the other, and only it suffers: after each, another one
 * does everything that it ever did, with what its own bank gives. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "tests/unit/fake_domain.h"

#define RECORDS 20000u

static struct bank *first;
static struct fake_domain *hostile, *honest;
static u32 theirs, ours; /* slots of the banks */
static u64 used_before[RF_RESOURCES];

static u32 bank_for(struct fake_domain *fake, struct bank *bank)
{
    return fake_put(fake, &bank->object, RF_RIGHT_ALL);
}

static struct bank *split(u64 guaranteed)
{
    struct rf_bank_limits limits = {.most = {2000, RECORDS, 0, 200},
                                    .guaranteed = {guaranteed, guaranteed, 0, guaranteed / 10}};
    struct fake_domain *maker = fake_domain(first);
    s64 slot = FAKE(maker, .slot = bank_for(maker, first), .op = RF_OP_BANK_SPLIT, .data = &limits,
                    .length = sizeof(limits));
    struct bank *bank =
        container_of(table_get(&maker->domain.caps, (u64)slot)->object, struct bank, object);

    object_hold(&bank->object);
    fake_free(maker);
    return bank;
}

static int set_up(void **state)
{
    struct bank *bank;

    (void)state;
    first = fake_bank(RECORDS + 500);
    bank = split(0);
    hostile = fake_domain(bank);
    theirs = bank_for(hostile, bank);
    object_release(&bank->object);
    bank = split(200);
    honest = fake_domain(bank);
    ours = bank_for(honest, bank);
    memcpy(used_before, bank->used, sizeof(used_before));
    object_release(&bank->object);
    return 0;
}

static s64 allocate(struct fake_domain *fake, u32 bank, u64 kind, u64 size)
{
    return FAKE(fake, .slot = bank, .op = RF_OP_BANK_ALLOCATE, .w = {kind, size}, .buffer = 1);
}

/* What an honest domain does all day, each of which must succeed. */
static void work(void)
{
    struct bank *bank =
        container_of(table_get(&honest->domain.caps, ours)->object, struct bank, object);
    s64 node = allocate(honest, ours, RF_KIND_NODE, 10),
        segment = allocate(honest, ours, RF_KIND_SEGMENT, 100000),
        endpoint = allocate(honest, ours, RF_KIND_ENDPOINT, 0),
        notification = allocate(honest, ours, RF_KIND_NOTIFICATION, 0), entry, resume;
    u64 id;

    assert_true(node > 0 && segment > 0 && endpoint > 0 && notification > 0);
    assert_int_equal(FAKE(honest, .slot = (u32)node, .op = RF_OP_NODE_SWAP, .caps = {(u32)segment},
                          .cap_count = 1),
                     0);
    assert_int_equal(
        FAKE(honest, .slot = (u32)segment, .op = RF_OP_SEGMENT_WRITE, .data = "x", .length = 1), 1);
    entry = FAKE(honest, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_MINT);
    id = fake_send(
        honest,
        &(struct fake_args){
            .slot = (u32)entry, .op = 4711, .caps = {(u32)node}, .cap_count = 1, .buffer = 2});
    assert_int_equal(fake_answer(honest, id), FAKE_WAITS);
    resume = FAKE(honest, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_RECEIVE);
    assert_int_equal(FAKE(honest, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY), 0);
    assert_int_equal(fake_answer(honest, id), 0);
    id = fake_send(honest, &(struct fake_args){.slot = (u32)notification,
                                               .op = RF_OP_NOTIFICATION_WAIT,
                                               .w = {1, 0, now_ns() + 1000000}});
    assert_int_equal(fake_await(honest, id), -ETIMEDOUT);
    for (u32 slot = ours + 1; slot < honest->domain.caps.fresh; slot++) {
        if (table_get(&honest->domain.caps, slot))
            table_drop(&honest->domain.caps, slot);
    }
    assert_memory_equal(bank->used, used_before, sizeof(used_before));
}

static int tear_down(void **state)
{
    (void)state;
    work();
    fake_free(hostile);
    work();
    fake_free(honest);
    fake_bank_end(first);
    return 0;
}

/* Calls until it fails, and says how. */
static s64 until_it_fails(const struct fake_args *args)
{
    s64 result = 0;

    for (u32 i = 0; i < 1u << 20 && result >= 0; i++)
        result = fake_do(hostile, args);
    return result;
}

static void test_slots(void **state)
{
    (void)state;
    assert_int_equal(
        until_it_fails(&(struct fake_args){.slot = theirs, .op = RF_OP_COPY, .w = {~0ul}}),
        -ENFILE);
    assert_int_equal(hostile->domain.caps.used, CAP_SLOTS - FAKE_FIRST);
    assert_int_equal(allocate(hostile, theirs, RF_KIND_NODE, 1), -ENFILE);
}

static void test_records(void **state)
{
    (void)state;
    assert_int_equal(until_it_fails(&(struct fake_args){
                         .slot = theirs, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_ENDPOINT}}),
                     -ENOSPC);
}

static void test_nodes(void **state)
{
    (void)state;
    assert_int_equal(until_it_fails(&(struct fake_args){.slot = theirs,
                                                        .op = RF_OP_BANK_ALLOCATE,
                                                        .w = {RF_KIND_NODE, RF_NODE_MOST}}),
                     -ENOSPC);
    assert_true(hostile->domain.caps.used <= RECORDS / (RF_NODE_MOST / CAP_CHUNK));
}

static void test_files(void **state)
{
    (void)state;
    assert_int_equal(until_it_fails(&(struct fake_args){.slot = theirs,
                                                        .op = RF_OP_BANK_ALLOCATE,
                                                        .w = {RF_KIND_SEGMENT, 1ul << 30}}),
                     -ENOSPC);
    assert_int_equal(hostile->domain.caps.used, 201);
}

static void test_pages(void **state)
{
    static u8 bytes[RF_MSG_DATA];
    s64 segment = allocate(hostile, theirs, RF_KIND_SEGMENT, 1ul << 30), result = 0;

    (void)state;
    for (u64 at = 0; result >= 0; at += sizeof(bytes))
        result = FAKE(hostile, .slot = (u32)segment, .op = RF_OP_SEGMENT_WRITE, .w = {at},
                      .data = bytes, .length = sizeof(bytes));
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(allocate(hostile, theirs, RF_KIND_VIEWER, 0), -ENOSPC);
}

static void test_badges(void **state)
{
    s64 endpoint = allocate(hostile, theirs, RF_KIND_ENDPOINT, 0), result = 0;

    (void)state;
    for (u64 badge = 0; result >= 0; badge++)
        result = FAKE(hostile, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_MINT, .w = {badge});
    assert_int_equal(result, -ENOSPC);
}

/* Waiting: for messages, with deadlines, and with arguments that are kept. */
static void test_pending(void **state)
{
    s64 endpoint = allocate(hostile, theirs, RF_KIND_ENDPOINT, 0),
        entry = FAKE(hostile, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_MINT),
        notification = allocate(hostile, theirs, RF_KIND_NOTIFICATION, 0), result = FAKE_WAITS;
    u32 waiting = 0;

    (void)state;
    for (; result == FAKE_WAITS; waiting++)
        result = waiting % 2 ? FAKE(hostile, .slot = (u32)entry, .op = 4711)
                             : FAKE(hostile, .slot = (u32)notification,
                                    .op = RF_OP_NOTIFICATION_WAIT, .w = {1, 0, ~0ul});
    assert_int_equal(result, -EAGAIN);
    assert_int_equal(waiting, MAX_PENDING + 1);
}

static void test_kept_arguments(void **state)
{
    s64 endpoint = allocate(hostile, theirs, RF_KIND_ENDPOINT, 0),
        entry = FAKE(hostile, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_MINT);
    u64 id;

    (void)state;
    do {
        s64 resume;

        id = fake_send(hostile, &(struct fake_args){.slot = (u32)entry, .op = 4711, .buffer = 1});
        resume = FAKE(hostile, .slot = (u32)endpoint, .op = RF_OP_ENDPOINT_RECEIVE);
        /* Its own call, to the back of the queue with arguments of 64 KiB. */
        while (resume > 0 && fake_answer(hostile, id) == FAKE_WAITS &&
               FAKE(hostile, .slot = (u32)resume, .op = RF_OP_RESUME_FORWARD, .w = {4711},
                    .length = RF_MSG_DATA, .caps = {(u32)entry}, .cap_count = 1))
            ;
    } while (fake_answer(hostile, id) == FAKE_WAITS);
    assert_int_equal(fake_answer(hostile, id), -EAGAIN);
}

/* Everything is given back at once when the bank is destroyed, whatever state it is in. */
static void test_all_at_once(void **state)
{
    (void)state;
    test_pending(state);
    assert_int_equal(until_it_fails(&(struct fake_args){.slot = theirs,
                                                        .op = RF_OP_BANK_ALLOCATE,
                                                        .w = {RF_KIND_SEGMENT, 1ul << 30}}),
                     -ENOSPC);
    assert_int_equal(until_it_fails(&(struct fake_args){
                         .slot = theirs, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_CONSTRUCTOR}}),
                     -ENOSPC);
    assert_int_equal(
        until_it_fails(&(struct fake_args){.slot = theirs, .op = RF_OP_COPY, .w = {~0ul}}),
        -ENFILE);
    assert_int_equal(FAKE(hostile, .slot = theirs, .op = RF_OP_BANK_DESTROY), 0);
    assert_int_equal(allocate(hostile, theirs, RF_KIND_NODE, 1), -ESTALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_slots),   CASE(test_records),        CASE(test_nodes),
        CASE(test_files),   CASE(test_pages),          CASE(test_badges),
        CASE(test_pending), CASE(test_kept_arguments), CASE(test_all_at_once),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
