/* SPDX-License-Identifier: Apache-2.0 */
/* usage: model_test [SEED [STEPS]]
 *
 * Random operations of several domains, in the model (model.h) and in the kernel side by side. Both
 * must give the same results at each step, and often the whole of every table, all that waits and
 * what every bank counts are compared. Now and then there is a cut, and now and then a crash, after
 * which what everybody holds must be what it was at the last cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/object/bank.h"
#include "kernel/world.h"
#include "tests/model/restart.h"

#define STEPS        700000ul
#define COMPARED     32u /* steps from one comparison of everything to the next */
#define RECORDS      60u /* of each domain's bank */
#define COMMON_SLOTS 8u

/* In `kept`, behind the domains' banks: what pays for these, and a node that everybody has. */
enum { FIRST = DOMAINS, COMMON };

static u64 seed, state, step;
static struct fake_domain *kernel[DOMAINS];
static struct object *kept[KEPT]; /* references */
static u64 records_before;        /* of the world's bank */
static u32 model_banks[DOMAINS];
static struct asked last;
static u64 successes, waits, answers, cuts, crashes; /* to show that something happened */

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        printf("step %lu: ", step);                                                                \
        printf(__VA_ARGS__);                                                                       \
        printf("\nlast: domain %u slot %u op %u w %ld %ld words %ld %ld caps %u: %u %u %u %u",     \
               last.domain, last.slot, last.op, (s64)last.w[0], (s64)last.w[1],                    \
               (s64)last.words[0], (s64)last.words[1], last.cap_count, last.caps[0], last.caps[1], \
               last.caps[2], last.caps[3]);                                                        \
        printf("\nAgain: build/tests/model/model_test %lu %lu\n", seed, step + 1);                 \
        fflush(stdout);                                                                            \
        abort();                                                                                   \
    } while (0)

static u64 pick(u64 below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static struct bank *bank_kept(u32 i)
{
    return container_of(kept[i], struct bank, object);
}

static void begin(u32 d)
{
    kernel[d] = fake_domain(bank_kept(d));
    fake_put(kernel[d], kept[d], RF_RIGHT_READ | RF_RIGHT_WRITE);
    fake_put(kernel[d], kept[COMMON], RF_RIGHT_ALL);
    model_begin(d, model_banks[d]);
    model_give(d, model_banks[d], RF_RIGHT_READ | RF_RIGHT_WRITE);
    model_give(d, model_kept, RF_RIGHT_ALL);
}

/* A bank of that one's: a reference. */
static struct object *split(struct fake_domain *maker, struct object *from, u64 records)
{
    struct rf_bank_limits limits = {.most = {RF_NO_LIMIT, records, RF_NO_LIMIT, RF_NO_LIMIT}};
    u32 slot = fake_put(maker, from, RF_RIGHT_ALL);
    s64 made = FAKE(maker, .slot = slot, .op = RF_OP_BANK_SPLIT, .data = &limits,
                    .length = sizeof(limits));
    struct object *bank = table_get(&maker->domain.caps, (u64)made)->object;

    object_hold(bank);
    return bank;
}

static void set_up(void)
{
    u32 model_first = model_bank(0, DOMAINS * RECORDS), slot;
    struct fake_domain *maker = fake_domain(world.bank);
    s64 made;

    records_before = world.bank->used[RF_RESOURCE_RECORDS];
    kept[FIRST] = split(maker, &world.bank->object, DOMAINS * RECORDS);
    slot = fake_put(maker, kept[FIRST], RF_RIGHT_ALL);
    made = FAKE(maker, .slot = slot, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, COMMON_SLOTS});
    kept[COMMON] = table_get(&maker->domain.caps, (u64)made)->object;
    object_hold(kept[COMMON]);
    model_kept = model_node(model_first, COMMON_SLOTS);
    for (u32 d = 0; d < DOMAINS; d++) {
        kept[d] = split(maker, kept[FIRST], RECORDS);
        model_banks[d] = model_bank(model_first, RECORDS);
    }
    fake_free(maker);
    for (u32 d = 0; d < DOMAINS; d++)
        begin(d);
}

static bool is_for_messages(u32 kind)
{
    return kind == RF_KIND_ENTRY || kind == RF_KIND_RESUME || kind == RF_KIND_ENDPOINT;
}

/* A slot that mostly holds something, and often something that messages go through. */
static u32 some_slot(u32 d)
{
    bool messages = pick(2);
    u32 found = RESERVED;

    if (pick(16) == 0)
        return (u32)pick(300);
    for (u32 i = 0; i < 20; i++) {
        u32 slot = RESERVED + (u32)pick(domains[d].fresh - RESERVED + 1);

        if (slot >= SLOTS || !domains[d].slots[slot].thing)
            continue;
        found = slot;
        if (!messages || is_for_messages(domains[d].slots[slot].kind))
            break;
    }
    return found;
}

static const u32 any_ops[] = {RF_OP_DROP, RF_OP_DROP, RF_OP_KIND, RF_OP_COPY, RF_OP_BIND};
static const u32 node_ops[] = {RF_OP_NODE_GET,  RF_OP_NODE_GET,  RF_OP_NODE_SWAP,
                               RF_OP_NODE_SWAP, RF_OP_NODE_SWAP, RF_OP_NODE_CLEAR,
                               RF_OP_NODE_COPY, RF_OP_NODE_SIZE, RF_OP_NODE_WEAKEN};
static const u32 endpoint_ops[] = {RF_OP_ENDPOINT_MINT,         RF_OP_ENDPOINT_MINT,
                                   RF_OP_ENDPOINT_RECEIVE,      RF_OP_ENDPOINT_RECEIVE,
                                   RF_OP_ENDPOINT_REVOKE,       RF_OP_ENDPOINT_REPLY_RECEIVE,
                                   RF_OP_ENDPOINT_REPLY_RECEIVE};
static const u32 entry_ops[] = {RF_OP_KIND, RF_OP_NODE_GET, RF_OP_BANK_ALLOCATE, RF_OP_DROP,
                                RF_OP_COPY};
static const u32 resume_ops[] = {RF_OP_RESUME_REPLY, RF_OP_RESUME_FORWARD};
static const u32 bank_ops[] = {RF_OP_BANK_ALLOCATE, RF_OP_BANK_ALLOCATE, RF_OP_BANK_ALLOCATE,
                               RF_OP_BANK_FREE,     RF_OP_BANK_SPLIT,    RF_OP_BANK_DESTROY,
                               RF_OP_BANK_VERIFY};

#define PICK(list) (list)[pick(ARRAY_SIZE(list))]

static u32 op_of_kind(u32 kind)
{
    switch (kind) {
    case RF_KIND_NODE: return PICK(node_ops);
    case RF_KIND_ENDPOINT: return PICK(endpoint_ops);
    case RF_KIND_ENTRY: return PICK(entry_ops);
    case RF_KIND_RESUME: return PICK(resume_ops);
    case RF_KIND_BANK: return PICK(bank_ops);
    default: return PICK(any_ops);
    }
}

/* Mostly one that the capability in the slot serves. */
static u32 some_op(u32 d, u32 slot)
{
    u32 kind = slot < SLOTS && domains[d].slots[slot].thing ? domains[d].slots[slot].kind : 0;

    if (pick(8) == 0)
        return PICK(any_ops);
    if (pick(16) == 0)
        kind = (u32)pick(RF_KIND_LIMIT);
    return op_of_kind(kind);
}

/* Words that mean something to the operation, mostly. */
static void fill_words(u32 d, u32 op, u64 w[4])
{
    static const u64 kinds[] = {RF_KIND_NODE,     RF_KIND_NODE,         RF_KIND_ENDPOINT,
                                RF_KIND_ENDPOINT, RF_KIND_NOTIFICATION, RF_KIND_METER};

    w[0] = pick(NODE_SLOTS + 1);
    w[1] = pick(NODE_SLOTS + 1);
    switch (op) {
    case RF_OP_COPY: w[0] = pick(2) ? ~0ul : pick(32); break;
    case RF_OP_BANK_ALLOCATE: w[0] = PICK(kinds); break;
    case RF_OP_BANK_DESTROY: w[0] = pick(2); break;
    case RF_OP_ENDPOINT_MINT: /* that servers are told of an entry's end is not in the model */
        w[0] = pick(3);
        w[1] = 0;
        break;
    case RF_OP_ENDPOINT_RECEIVE: w[0] = pick(3) > 0; break;
    case RF_OP_ENDPOINT_REVOKE:
        w[0] = pick(3);
        w[1] = pick(8) == 0;
        break;
    case RF_OP_ENDPOINT_REPLY_RECEIVE:
        w[0] = pick(3) ? some_slot(d) : 0;
        w[1] = pick(5);
        break;
    case RF_OP_RESUME_REPLY: w[0] = pick(4) ? pick(9) : (u64)-5; break;
    default: break;
    }
}

/* Tables of the model are smaller than the kernel's, and comparing them takes time. */
static bool is_crowded(u32 d)
{
    return domains[d].fresh - domains[d].free_count > SLOTS / 2;
}

static void choose(u32 d, struct asked *asked)
{
    u64 most = pick(2) ? RF_NO_LIMIT : pick(20);

    *asked = (struct asked){.domain = d, .slot = some_slot(d)};
    asked->op = is_crowded(d) ? RF_OP_DROP : some_op(d, asked->slot);
    fill_words(d, asked->op, asked->w);
    asked->cap_count = (u32)pick(8) < 5 ? (u32)pick(3) : (u32)pick(5);
    for (u32 i = 0; i < asked->cap_count; i++)
        asked->caps[i] = some_slot(d);
    if (asked->op == RF_OP_RESUME_FORWARD) {
        asked->w[0] = some_op(d, asked->cap_count ? asked->caps[0] : 0);
        fill_words(d, (u32)asked->w[0], asked->words);
    }
    asked->limits = (struct rf_bank_limits){
        .most = {RF_NO_LIMIT, most, RF_NO_LIMIT, RF_NO_LIMIT},
        .guaranteed = {0, pick(3) ? 0 : pick(5), 0, 0},
    };
    asked->buffer = model_idle_call(d);
    asked->id = kernel[d]->last_id + 1;
}

/* All who were answered in the model were answered so by the kernel. */
static void check_answers(void)
{
    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 i = 0; i < CALLS; i++) {
            struct waiting *call = &domains[d].calls[i];
            s64 got;

            if (call->state != OVER)
                continue;
            got = fake_answer(kernel[d], call->id);
            if (got != call->result)
                FAIL("call %lu of domain %u: the model answers %ld, the kernel %ld", call->id, d,
                     call->result, got);
            call->state = IDLE;
            answers++;
        }
    }
}

static void ask(u32 d)
{
    struct asked asked;
    struct fake_args args;
    s64 expected, got;

    choose(d, &asked);
    last = asked;
    args = (struct fake_args){.slot = asked.slot,
                              .op = asked.op,
                              .data = &asked.limits,
                              .length = sizeof(asked.limits),
                              .cap_count = asked.cap_count,
                              .buffer = asked.buffer};
    memcpy(args.w, asked.w, sizeof(args.w));
    memcpy(args.words, asked.words, sizeof(args.words));
    memcpy(args.caps, asked.caps, sizeof(args.caps));
    expected = model_invoke(&asked);
    got = fake_do(kernel[d], &args);
    /* One that calls itself may have been answered by what it did. */
    if (expected == WAITS) {
        waits++;
        return;
    }
    if (got != expected)
        FAIL("domain %u, slot %u, operation %u (%lu, %lu): the model says %ld, the kernel %ld", d,
             asked.slot, asked.op, asked.w[0], asked.w[1], expected, got);
    successes += got >= 0;
}

static void interrupt(u32 d, u32 call)
{
    const struct waiting *waiting = &domains[d].calls[call];

    if (waiting->state == IDLE)
        return;
    domain_interrupt(&kernel[d]->domain, (u32)waiting->id);
    model_interrupt(d, call);
}

/* At a cut nobody waits: the calls of real cells are tested in tests/cut. */
static void make_cut(void)
{
    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 i = 0; i < CALLS; i++) {
            interrupt(d, i);
            check_answers();
        }
    }
    restart_cut(kernel, kept);
    cuts++;
}

/* A domain ends with all that it holds, and another takes its place. */
static void replace(u32 d)
{
    fake_free(kernel[d]);
    model_end(d);
    begin(d);
}

static void compare_number(struct thing *thing, u64 number)
{
    if (!thing->number) {
        for (u32 i = 1; i < THINGS; i++) {
            if (things[i].kind != RF_KIND_NONE && things[i].number == number)
                FAIL("one object of the kernel is two of the model");
        }
        thing->number = number;
    }
    if (thing->number != number)
        FAIL("another object");
}

static void compare_slot(u32 d, u32 slot)
{
    const struct cap *cap = table_get(&kernel[d]->domain.caps, slot);
    const struct held *held = &domains[d].slots[slot];
    struct thing *thing = &things[held->thing];

    if (!cap != !held->thing)
        FAIL("domain %u, slot %u: the model says %s, the kernel %s", d, slot,
             held->thing ? "full" : "empty", cap ? "full" : "empty");
    if (!cap)
        return;
    if (cap->kind != held->kind || cap->rights != held->rights || cap->object->dead != thing->dead)
        FAIL("domain %u, slot %u: the model says kind %u rights %u dead %d, the kernel %u %u %d", d,
             slot, held->kind, held->rights, thing->dead, cap->kind, cap->rights,
             cap->object->dead);
    if (cap->object != object_ended()) /* one that had ended before the last cut */
        compare_number(thing, cap->object->number);
    if (cap->kind == RF_KIND_BANK && !thing->dead &&
        container_of(cap->object, struct bank, object)->used[RF_RESOURCE_RECORDS] != thing->used)
        FAIL("domain %u, slot %u: the model's bank counts %lu, the kernel's %lu", d, slot,
             thing->used,
             container_of(cap->object, struct bank, object)->used[RF_RESOURCE_RECORDS]);
}

static void compare_all(void)
{
    for (u32 d = 0; d < DOMAINS; d++) {
        u32 waiting = 0;

        for (u32 slot = 0; slot < SLOTS; slot++)
            compare_slot(d, slot);
        for (u32 i = 0; i < CALLS; i++) {
            const struct waiting *call = &domains[d].calls[i];

            waiting += call->state != IDLE;
            if (call->state != IDLE && fake_answer(kernel[d], call->id) != FAKE_WAITS)
                FAIL("domain %u: call %lu waits in the model alone", d, call->id);
        }
        list_for_each(node, &kernel[d]->domain.pending)
            waiting--;
        if (waiting)
            FAIL("domain %u: %d more wait in the model", d, (int)waiting);
    }
}

static void crash(void)
{
    restart_crash(kernel, kept);
    compare_all();
    crashes++;
}

/* Whatever refers to whatever in circles, the bank reclaims it: what is left would be a leak, which
 * the sanitizer reports. */
static void finish(void)
{
    for (u32 d = 0; d < DOMAINS; d++)
        fake_free(kernel[d]);
    object_destroy(kept[FIRST]);
    for (u32 i = 0; i < KEPT; i++)
        object_release(kept[i]);
    if (world.bank->used[RF_RESOURCE_RECORDS] != records_before)
        FAIL("the first bank counts %lu records, and %lu in the beginning",
             world.bank->used[RF_RESOURCE_RECORDS], records_before);
    restart_finish();
}

int main(int argc, char **argv)
{
    u64 steps = argc > 2 ? strtoul(argv[2], NULL, 0) : STEPS;

    seed = argc > 1 ? strtoul(argv[1], NULL, 0) : (u64)time(NULL);
    state = seed * 0x9e3779b97f4a7c15ul + 1;
    printf("seed %lu\n", seed);
    fflush(stdout);
    fake_world();
    set_up();
    for (step = 0; step < steps; step++) {
        u32 d = (u32)pick(DOMAINS);

        if (pick(5000) == 0)
            make_cut();
        else if (cuts && pick(10000) == 0)
            crash();
        else if (model_idle_call(d) == CALLS || pick(64) == 0)
            interrupt(d, (u32)pick(CALLS));
        else if (pick(2000) == 0)
            replace(d);
        else
            ask(d);
        check_answers();
        if (step % COMPARED == 0 || step + 1 == steps)
            compare_all();
    }
    finish();
    printf("%lu steps, %lu succeeded at once, %lu waited, %lu were answered later; %lu cuts, %lu "
           "crashes\n",
           steps, successes, waits, answers, cuts, crashes);
    return 0;
}
