/* SPDX-License-Identifier: Apache-2.0 */
/* Two domains that call each other through an endpoint, and everything that can go wrong. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "kernel/object/common.h"
#include "kernel/object/endpoint.h"
#include "tests/unit/fake_domain.h"

#define OP_ASKED 4711 /* of no kernel object: whatever the server makes of it */

static struct bank *bank;
static struct fake_domain *server, *client;
static struct endpoint *endpoint;
static u32 receiving, entry; /* the server's slot of the endpoint, the client's of an entry */

static s64 mint(u64 badge)
{
    return FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_MINT, .w = {badge});
}

/* Gives what is in a slot of one to the other, as a message would. */
static u32 pass(struct fake_domain *from, u64 slot, struct fake_domain *to)
{
    return (u32)table_add(&to->domain.caps, cap_copy(table_get(&from->domain.caps, slot), ~0u));
}

static int set_up(void **state)
{
    s64 minted;

    (void)state;
    bank = fake_bank(1000);
    server = fake_domain(bank);
    client = fake_domain(bank);
    endpoint = endpoint_make(bank, 0);
    receiving = fake_put(server, &endpoint->object, RF_RIGHT_ALL);
    object_release(&endpoint->object);
    minted = mint(7);
    assert_true(minted >= FAKE_FIRST);
    entry = pass(server, (u64)minted, client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (server)
        fake_free(server);
    fake_free(client);
    fake_bank_end(bank);
    return 0;
}

static u64 ask(u32 buffer)
{
    return fake_send(client, &(struct fake_args){.slot = entry, .op = OP_ASKED, .buffer = buffer});
}

static s64 receive(void)
{
    return FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_RECEIVE, .w = {1});
}

static s64 reply(s64 resume, s64 result)
{
    return FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY, .w = {(u64)result});
}

static s64 revoke(u64 badge, u64 all)
{
    return FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_REVOKE, .w = {badge, all});
}

static void test_call_and_reply(void **state)
{
    struct rf_msg *in = fake_buffer(server, 2), *out = fake_buffer(client, 1);
    s64 resume;
    u64 id;

    (void)state;
    assert_int_equal(receive(), -EAGAIN);
    id = fake_send(client, &(struct fake_args){.slot = entry,
                                               .op = OP_ASKED,
                                               .w = {1, 2, 3, 4},
                                               .data = "question",
                                               .length = 8,
                                               .buffer = 1});
    assert_int_equal(fake_answer(client, id), FAKE_WAITS);
    resume = FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_RECEIVE, .buffer = 2);
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_RESUME);
    assert_int_equal(in->op, OP_ASKED);
    assert_int_equal(in->badge, 7);
    assert_int_equal(in->words[3], 4);
    assert_int_equal(in->data_length, 8);
    assert_memory_equal(in->data, "question", 8);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY, .w = {42},
                          .words = {9, 8, 7, 6}, .data = "answer", .length = 6),
                     0);
    assert_int_equal(fake_answer(client, id), 42);
    assert_int_equal(out->words[3], 6);
    assert_int_equal(out->data_length, 6);
    assert_memory_equal(out->data, "answer", 6);
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_NONE);
}

/* The server waits first; what it says next is its reply and its next wait in one. */
static void test_reply_and_receive(void **state)
{
    u64 waits = fake_send(
            server,
            &(struct fake_args){.slot = receiving, .op = RF_OP_ENDPOINT_RECEIVE, .buffer = 3}),
        id = ask(0), second;
    s64 resume = fake_answer(server, waits);

    (void)state;
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_RESUME);
    waits = fake_send(server, &(struct fake_args){.slot = receiving,
                                                  .op = RF_OP_ENDPOINT_REPLY_RECEIVE,
                                                  .w = {(u64)resume, 5},
                                                  .buffer = 3});
    assert_int_equal(fake_answer(client, id), 5);
    assert_int_equal(fake_answer(server, waits), FAKE_WAITS);
    second = ask(0);
    resume = fake_answer(server, waits);
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_RESUME);
    assert_int_equal(
        FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_REPLY_RECEIVE, .w = {receiving, 5}),
        -EBADF);
    assert_int_equal(
        FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_REPLY_RECEIVE, .buffer = RF_MSG_NONE),
        -EINVAL);
    /* Another one is there already. */
    id = ask(1);
    resume =
        FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_REPLY_RECEIVE, .w = {(u64)resume, 6});
    assert_int_equal(fake_answer(client, second), 6);
    assert_int_equal(reply(resume, 7), 0);
    assert_int_equal(fake_answer(client, id), 7);
}

static void test_reply_twice(void **state)
{
    u64 id = ask(0);
    s64 resume = receive();
    u32 copy = (u32)FAKE(server, .slot = (u32)resume, .op = RF_OP_COPY, .w = {~0ul});

    (void)state;
    assert_int_equal(reply(resume, 1), 0);
    assert_int_equal(fake_answer(client, id), 1);
    assert_int_equal(reply(resume, 2), -EBADF);
    assert_int_equal(reply(copy, 3), -ESTALE);
}

/* No number of a server's choice can make a caller believe that the kernel is gone. */
static void test_results(void **state)
{
    static const s64 said[][2] = {{-ENOENT, -ENOENT},
                                  {-ENOSYS, -EOPNOTSUPP},
                                  {-512, -EINVAL},
                                  {CALL_WAITS, -EINVAL},
                                  {CALL_GRANTED, -EINVAL},
                                  {INT64_MIN, -EINVAL},
                                  {INT64_MAX, -EINVAL},
                                  {RF_DETACHED, -EINVAL},
                                  {(s64)RF_DETACHED - 1, (s64)RF_DETACHED - 1}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(said); i++) {
        u64 id = ask(0);

        assert_int_equal(reply(receive(), said[i][0]), 0);
        assert_int_equal(fake_answer(client, id), said[i][1]);
    }
}

static void test_no_reply(void **state)
{
    u64 id = ask(0);
    s64 resume = receive();

    (void)state;
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_DROP), 0);
    assert_int_equal(fake_answer(client, id), -ECONNRESET);
}

static void test_the_server_dies(void **state)
{
    u64 received = ask(0), waiting = ask(1);

    (void)state;
    receive();
    fake_free(server);
    server = NULL;
    assert_int_equal(fake_answer(client, received), -ECONNRESET);
    assert_int_equal(fake_answer(client, waiting), -ESTALE);
    assert_int_equal(fake_answer(client, ask(0)), -ESTALE);
    assert_int_equal(FAKE(client, .slot = entry, .op = RF_OP_DROP), 0);
}

static void test_the_client_dies(void **state)
{
    s64 resume;

    (void)state;
    ask(0);
    ask(1);
    resume = receive();
    fake_free(client);
    assert_int_equal(reply(resume, 1), -ESTALE);
    assert_int_equal(receive(), -EAGAIN);
    client = fake_domain(bank);
}

static void test_interrupted(void **state)
{
    u64 waiting = ask(0), received;
    s64 resume;

    (void)state;
    domain_interrupt(&client->domain, (u32)waiting);
    assert_int_equal(fake_answer(client, waiting), -EINTR);
    assert_int_equal(receive(), -EAGAIN);
    received = ask(0);
    resume = receive();
    domain_interrupt(&client->domain, (u32)received);
    assert_int_equal(fake_answer(client, received), -EINTR);
    assert_int_equal(reply(resume, 1), -ESTALE);
    /* Without a word to the kernel. */
    client->gone_id = ask(0);
    resume = receive();
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY,
                          .caps = {receiving}, .cap_count = 1),
                     -ESTALE);
    assert_int_equal(client->domain.caps.used, 1);
}

static void test_an_interrupted_server_loses_nothing(void **state)
{
    struct rf_msg *in = fake_buffer(server, 0);
    u32 used = server->domain.caps.used;
    u64 id = fake_send(
        client,
        &(struct fake_args){.slot = entry, .op = OP_ASKED, .caps = {entry, entry}, .cap_count = 2});
    s64 resume;

    (void)state;
    server->gone_id = server->last_id + 1;
    assert_int_equal(receive(), FAKE_WAITS);
    assert_int_equal(server->domain.caps.used, used);
    resume = receive();
    assert_int_equal(in->cap_count, 2);
    assert_int_equal(fake_kind(server, in->caps[1]), RF_KIND_ENTRY);
    assert_int_equal(reply(resume, 3), 0);
    assert_int_equal(fake_answer(client, id), 3);
    /* The same for one that waits. */
    server->gone_id =
        fake_send(server, &(struct fake_args){.slot = receiving, .op = RF_OP_ENDPOINT_RECEIVE});
    id = ask(0);
    assert_int_equal(reply(receive(), 4), 0);
    assert_int_equal(fake_answer(client, id), 4);
}

static void test_revoking(void **state)
{
    u32 other = pass(server, (u64)mint(8), client);
    u64 id = ask(0), kept;

    (void)state;
    assert_int_equal(revoke(9, 0), -ENOENT);
    kept = fake_send(client, &(struct fake_args){.slot = other, .op = OP_ASKED});
    assert_int_equal(revoke(7, 0), 0);
    assert_int_equal(fake_answer(client, id), -ESTALE);
    assert_int_equal(fake_answer(client, ask(0)), -ESTALE);
    assert_int_equal(fake_answer(client, kept), FAKE_WAITS);
    assert_int_equal(revoke(7, 0), -ENOENT);
    /* The badge can be given again; what was revoked stays so. */
    assert_true(mint(7) > 0);
    assert_int_equal(fake_answer(client, ask(0)), -ESTALE);
    assert_int_equal(revoke(0, 1), 0);
    assert_int_equal(fake_answer(client, kept), -ESTALE);
    assert_int_equal(receive(), -EAGAIN);
}

static void test_a_received_call_outlives_its_entry(void **state)
{
    u64 id = ask(0);
    s64 resume = receive();

    (void)state;
    assert_int_equal(revoke(7, 0), 0);
    assert_int_equal(reply(resume, 1), 0);
    assert_int_equal(fake_answer(client, id), 1);
}

static void test_entries_of_a_badge_are_one(void **state)
{
    u64 used = bank->used[RF_RESOURCE_RECORDS];
    s64 again = mint(7);

    (void)state;
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used);
    assert_ptr_equal(table_get(&server->domain.caps, (u64)again)->object,
                     table_get(&client->domain.caps, entry)->object);
    assert_int_equal(table_get(&client->domain.caps, entry)->rights & RF_RIGHT_MANAGE, 0);
}

static void test_caps_both_ways(void **state)
{
    struct rf_msg *in = fake_buffer(server, 0), *out = fake_buffer(client, 0);
    u32 clock = fake_put(client, clock_object(), RF_RIGHT_READ),
        discrim = fake_put(server, discrim_object(), RF_RIGHT_READ);
    u64 id = fake_send(client, &(struct fake_args){.slot = entry,
                                                   .op = OP_ASKED,
                                                   .caps = {clock, entry, clock, clock},
                                                   .cap_count = 99});
    s64 resume = receive(), slot;

    (void)state;
    assert_int_equal(in->cap_count, 4);
    assert_int_equal(fake_kind(server, in->caps[0]), RF_KIND_CLOCK);
    assert_int_equal(fake_kind(server, in->caps[1]), RF_KIND_ENTRY);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY,
                          .caps = {discrim, discrim}, .cap_count = 2),
                     0);
    slot = fake_answer(client, id);
    assert_int_equal(out->cap_count, 2);
    assert_int_equal(out->caps[0], slot);
    assert_int_equal(fake_kind(client, (u64)slot), RF_KIND_DISCRIM);
    /* An error carries nothing. */
    id = ask(0);
    assert_int_equal(FAKE(server, .slot = (u32)receive(), .op = RF_OP_RESUME_REPLY,
                          .w = {(u64)-ENOENT}, .caps = {discrim}, .cap_count = 1),
                     0);
    assert_int_equal(fake_answer(client, id), -ENOENT);
    assert_int_equal(out->cap_count, 0);
}

static void test_caps_that_are_none(void **state)
{
    s64 resume;
    u64 id;

    (void)state;
    assert_int_equal(FAKE(client, .slot = entry, .op = OP_ASKED, .caps = {999}, .cap_count = 1),
                     -EBADF);
    assert_int_equal(FAKE(client, .slot = entry, .op = OP_ASKED, .length = RF_MSG_DATA + 1),
                     -EINVAL);
    assert_int_equal(receive(), -EAGAIN);
    id = ask(0);
    resume = receive();
    assert_int_equal(
        FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY, .caps = {999}, .cap_count = 1),
        -EBADF);
    assert_int_equal(fake_answer(client, id), -ECONNRESET);
    id = ask(0);
    assert_int_equal(
        FAKE(server, .slot = (u32)receive(), .op = RF_OP_RESUME_REPLY, .length = RF_MSG_DATA + 1),
        -EINVAL);
    assert_int_equal(fake_answer(client, id), -ECONNRESET);
}

static void fill(struct fake_domain *fake)
{
    while (table_has_room(&fake->domain.caps, 1))
        fake_put(fake, clock_object(), RF_RIGHT_READ);
}

static void test_full_tables(void **state)
{
    u64 id = fake_send(client, &(struct fake_args){
                                   .slot = entry, .op = OP_ASKED, .caps = {entry}, .cap_count = 1});
    s64 resume;
    u32 last;

    (void)state;
    fill(server);
    last = server->domain.caps.fresh - 1;
    assert_int_equal(receive(), -ENFILE);
    table_drop(&server->domain.caps, last);
    assert_int_equal(receive(), -ENFILE);
    assert_int_equal(fake_answer(client, id), FAKE_WAITS);
    table_drop(&server->domain.caps, last - 1);
    resume = receive();
    assert_true(resume > 0);
    fill(client);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY,
                          .caps = {receiving}, .cap_count = 1),
                     -ENFILE);
    assert_int_equal(fake_answer(client, id), -ENFILE);
    /* A reply without capabilities needs no room. */
    id = ask(0);
    assert_int_equal(reply(receive(), 1), 0);
    assert_int_equal(fake_answer(client, id), 1);
}

/* The record of the resume capability and the slots for what came are of one bank: the last record
 * cannot be promised to both. */
static void test_the_last_record(void **state)
{
    u64 id;

    (void)state;
    while (server->domain.caps.fresh % CAP_CHUNK != CAP_CHUNK - 1)
        fake_put(server, clock_object(), RF_RIGHT_READ);
    id = ask(0);
    bank->limits.most[RF_RESOURCE_RECORDS] = bank->used[RF_RESOURCE_RECORDS] + 1;
    assert_int_equal(receive(), -ENFILE);
    bank->limits.most[RF_RESOURCE_RECORDS]--;
    assert_int_equal(receive(), -ENOSPC);
    bank->limits.most[RF_RESOURCE_RECORDS] += 2;
    assert_int_equal(reply(receive(), 1), 0);
    assert_int_equal(fake_answer(client, id), 1);
}

static void test_too_many_wait(void **state)
{
    u64 id = 0;

    (void)state;
    for (u32 i = 0; i < MAX_PENDING; i++)
        id = fake_send(client, &(struct fake_args){.slot = entry, .op = OP_ASKED});
    assert_int_equal(fake_answer(client, id), FAKE_WAITS);
    id = ask(0);
    assert_int_equal(fake_answer(client, id), -EAGAIN);
    /* One whose process ended without a word makes room, when its turn comes. */
    client->gone_id = 1;
    for (u32 i = 0; i < MAX_PENDING && fake_answer(client, id) != FAKE_WAITS; i++)
        id = ask(0);
    assert_int_equal(fake_answer(client, id), FAKE_WAITS);
    assert_int_equal(fake_answer(client, ask(0)), -EAGAIN);
}

static void test_forward(void **state)
{
    u32 clock = fake_put(server, clock_object(), RF_RIGHT_READ);
    struct rf_msg *out = fake_buffer(client, 1);
    u64 id = ask(1);
    s64 resume = receive();

    (void)state;
    assert_int_equal(
        FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_FORWARD, .w = {RF_OP_CLOCK_NOW}),
        -EBADF);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_FORWARD,
                          .w = {RF_OP_CLOCK_NOW}, .words = {1}, .caps = {clock}, .cap_count = 1),
                     0);
    assert_int_equal(fake_answer(client, id), 0);
    assert_int_equal(out->words[0], now_ns() / 1000000000u);
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_NONE);
    /* An operation that the object refuses is refused to the caller. */
    id = ask(1);
    assert_int_equal(FAKE(server, .slot = (u32)receive(), .op = RF_OP_RESUME_FORWARD,
                          .w = {RF_OP_BANK_USAGE}, .caps = {clock}, .cap_count = 1),
                     0);
    assert_int_equal(fake_answer(client, id), -EINVAL);
}

/* To another server: the first one's arguments, kept although its buffer is used again; the answer
 * for the caller. */
static void test_forward_to_a_server(void **state)
{
    struct fake_domain *second = fake_domain(bank);
    struct endpoint *behind = endpoint_make(bank, 0);
    u32 receiving2 = fake_put(second, &behind->object, RF_RIGHT_ALL);
    struct rf_msg *in = fake_buffer(second, 0);
    u64 id = ask(1);
    s64 resume = receive(), entry2;

    (void)state;
    object_release(&behind->object);
    entry2 = FAKE(second, .slot = receiving2, .op = RF_OP_ENDPOINT_MINT, .w = {5});
    entry2 = pass(second, (u64)entry2, server);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_FORWARD, .w = {77},
                          .words = {1, 2, 3, 4}, .data = "changed", .length = 7,
                          .caps = {(u32)entry2, receiving}, .cap_count = 2),
                     0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1);
    memset(fake_buffer(server, 0), 0xff, sizeof(struct rf_msg));
    assert_int_equal(fake_answer(client, id), FAKE_WAITS);
    resume = FAKE(second, .slot = receiving2, .op = RF_OP_ENDPOINT_RECEIVE);
    assert_int_equal(in->op, 77);
    assert_int_equal(in->badge, 5);
    assert_int_equal(in->words[3], 4);
    assert_memory_equal(in->data, "changed", 7);
    assert_int_equal(fake_kind(second, in->caps[0]), RF_KIND_ENDPOINT);
    assert_int_equal(FAKE(second, .slot = (u32)resume, .op = RF_OP_RESUME_REPLY, .w = {8}), 0);
    assert_int_equal(fake_answer(client, id), 8);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    fake_free(second);
}

/* A forwarded call may not use the caller's slots by number, nor reply in its name. */
static void test_forward_is_not_the_callers(void **state)
{
    u64 other = ask(1), id;
    u32 theirs = pass(server, (u64)receive(), client);

    (void)state;
    id = ask(0);
    assert_int_equal(FAKE(server, .slot = (u32)receive(), .op = RF_OP_RESUME_FORWARD,
                          .w = {RF_OP_ENDPOINT_REPLY_RECEIVE}, .words = {theirs, 1},
                          .caps = {receiving}, .cap_count = 1),
                     0);
    assert_int_equal(fake_answer(client, id), -EBADF);
    assert_int_equal(fake_answer(client, other), FAKE_WAITS);
    id = ask(0);
    assert_int_equal(FAKE(server, .slot = (u32)receive(), .op = RF_OP_RESUME_FORWARD,
                          .w = {RF_OP_DROP}, .caps = {receiving}, .cap_count = 1),
                     0);
    assert_int_equal(fake_answer(client, id), -EACCES);
}

static void test_forward_for_nobody(void **state)
{
    u32 clock = fake_put(server, clock_object(), RF_RIGHT_READ);
    u64 id = ask(0);
    s64 resume = receive();

    (void)state;
    domain_interrupt(&client->domain, (u32)id);
    assert_int_equal(FAKE(server, .slot = (u32)resume, .op = RF_OP_RESUME_FORWARD,
                          .w = {RF_OP_CLOCK_NOW}, .caps = {clock}, .cap_count = 1),
                     -ESTALE);
}

/* A domain that serves itself. */
static u64 ask_patiently(bool kicked)
{
    return fake_send(client, &(struct fake_args){.slot = entry,
                                                 .op = OP_ASKED,
                                                 .buffer = RF_MSG_NONE,
                                                 .patient = true,
                                                 .kicked = kicked});
}

/* KICK lets a patient caller go, once or again; the call goes on, and its result is there when the
 * caller comes back. */
static void test_a_patient_caller(void **state)
{
    u64 id = ask_patiently(false), first;
    s64 detached, resume = receive();

    (void)state;
    domain_interrupt(&client->domain, (u32)id);
    detached = fake_answer(client, id);
    assert_true(detached > (s64)RF_DETACHED);
    first = fake_attach(client, detached, 0);
    assert_int_equal(fake_answer(client, first), FAKE_WAITS);
    domain_interrupt(&client->domain, (u32)first);
    detached = fake_answer(client, first);
    assert_true(detached > (s64)RF_DETACHED);
    domain_interrupt(&client->domain, (u32)(first + 1)); /* before it comes back */
    assert_int_equal(fake_answer(client, fake_attach(client, detached, 0)), detached);
    assert_int_equal(reply(resume, 11), 0);
    assert_int_equal(fake_answer(client, fake_attach(client, detached, 0)), 11);
    assert_int_equal(fake_answer(client, fake_attach(client, detached, 0)), (s64)RF_DETACHED);
}

/* It is let go at once if it says so, before or after somebody has received the call; what it does
 * not wait for any more is not delivered, or not answered. */
static void test_patience_ends(void **state)
{
    u64 waits;
    s64 detached = fake_answer(client, ask_patiently(true)), resume;

    (void)state;
    assert_true(detached > (s64)RF_DETACHED);
    waits = fake_attach(client, detached, 1);
    assert_int_equal(fake_await(client, waits), -EINTR);
    assert_int_equal(receive(), -EAGAIN);
    assert_int_equal(fake_answer(client, fake_attach(client, detached, 0)), (s64)RF_DETACHED);

    detached = fake_answer(client, ask_patiently(true));
    resume = receive();
    assert_int_equal(fake_kind(server, (u64)resume), RF_KIND_RESUME);
    waits = fake_attach(client, detached, now_ns() + 1000000);
    assert_int_equal(fake_answer(client, waits), FAKE_WAITS);
    assert_int_equal(fake_await(client, waits), -EINTR);
    assert_int_equal(reply(resume, 1), -ESTALE);
}

static void test_calling_oneself(void **state)
{
    u32 own = (u32)mint(3);
    u64 id = fake_send(
        server, &(struct fake_args){
                    .slot = own, .op = OP_ASKED, .caps = {receiving}, .cap_count = 1, .buffer = 1});
    s64 resume = receive();

    (void)state;
    assert_int_equal(FAKE(server, .slot = receiving, .op = RF_OP_ENDPOINT_REPLY_RECEIVE,
                          .w = {(u64)resume, 0}, .caps = {own}, .cap_count = 1),
                     FAKE_WAITS);
    assert_int_equal(fake_kind(server, (u64)fake_answer(server, id)), RF_KIND_ENTRY);
}

/* The receiver that waits is all that is left of the endpoint. */
static void test_the_last_receiver(void **state)
{
    u64 waits =
            fake_send(server, &(struct fake_args){.slot = receiving, .op = RF_OP_ENDPOINT_RECEIVE}),
        id;

    (void)state;
    assert_int_equal(FAKE(server, .slot = receiving, .op = RF_OP_DROP), 0);
    id = ask(0);
    assert_int_equal(reply(fake_answer(server, waits), 1), 0);
    assert_int_equal(fake_answer(client, id), 1);
    assert_int_equal(fake_answer(client, ask(0)), -ESTALE);
}

static void test_the_bank_is_destroyed(void **state)
{
    struct rf_bank_limits limits = {.most = {10, 100, 0, 0}};
    u32 first = fake_put(client, &bank->object, RF_RIGHT_ALL);
    s64 below = FAKE(client, .slot = first, .op = RF_OP_BANK_SPLIT, .data = &limits,
                     .length = sizeof(limits));
    s64 receiver =
        FAKE(client, .slot = (u32)below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_ENDPOINT});
    u64 received, waiting, waits;
    s64 minted = FAKE(client, .slot = (u32)receiver, .op = RF_OP_ENDPOINT_MINT);

    (void)state;
    received = fake_send(client, &(struct fake_args){.slot = (u32)minted, .op = OP_ASKED});
    FAKE(client, .slot = (u32)receiver, .op = RF_OP_ENDPOINT_RECEIVE);
    waiting = fake_send(
        client, &(struct fake_args){
                    .slot = (u32)minted, .op = OP_ASKED, .caps = {(u32)below}, .cap_count = 1});
    assert_int_equal(FAKE(client, .slot = (u32)below, .op = RF_OP_BANK_DESTROY), 0);
    assert_int_equal(fake_answer(client, received), -ECONNRESET);
    assert_int_equal(fake_answer(client, waiting), -ESTALE);
    waits =
        fake_send(client, &(struct fake_args){.slot = (u32)receiver, .op = RF_OP_ENDPOINT_RECEIVE});
    assert_int_equal(fake_answer(client, waits), -ESTALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_call_and_reply),
        CASE(test_reply_and_receive),
        CASE(test_reply_twice),
        CASE(test_results),
        CASE(test_no_reply),
        CASE(test_the_server_dies),
        CASE(test_the_client_dies),
        CASE(test_interrupted),
        CASE(test_an_interrupted_server_loses_nothing),
        CASE(test_revoking),
        CASE(test_a_received_call_outlives_its_entry),
        CASE(test_entries_of_a_badge_are_one),
        CASE(test_caps_both_ways),
        CASE(test_caps_that_are_none),
        CASE(test_full_tables),
        CASE(test_the_last_record),
        CASE(test_too_many_wait),
        CASE(test_forward),
        CASE(test_forward_to_a_server),
        CASE(test_forward_is_not_the_callers),
        CASE(test_forward_for_nobody),
        CASE(test_a_patient_caller),
        CASE(test_patience_ends),
        CASE(test_calling_oneself),
        CASE(test_the_last_receiver),
        CASE(test_the_bank_is_destroyed),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
