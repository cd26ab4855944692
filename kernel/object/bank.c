/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/bank.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/account/activity.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/event.h"
#include "kernel/object/call.h"
#include "kernel/object/segment.h"
#include "kernel/world.h"

static void bank_destroy(struct object *object);
static void bank_save(const struct object *object, struct record *to);
static struct object *bank_load(struct record *from, struct bank *parent);
static void bank_link(struct object *object, struct record *from);

const struct object_class bank_class = {.kind = RF_KIND_BANK,
                                        .records = 1,
                                        .size = sizeof(struct bank),
                                        .destroy = bank_destroy,
                                        .rests = true,
                                        .stored = STORED_BANK,
                                        .save = bank_save,
                                        .load = bank_load,
                                        .link = bank_link};

static struct bank *bank_of(const struct call *call)
{
    return container_of(call->cap->object, struct bank, object);
}

/* What counts at the bank above: what is used, at least what is guaranteed. */
static u64 counted(const struct bank *bank, enum rf_resource resource, u64 used)
{
    return MAX(used, bank->limits.guaranteed[resource]);
}

static void meter_memory(struct bank *bank)
{
    u64 now = now_ns();

    bank->byte_ns +=
        (unsigned __int128)(bank->used[RF_RESOURCE_PAGES] * PAGE_SIZE) * (now - bank->since_ns);
    bank->since_ns = now;
}

static void set_used(struct bank *bank, enum rf_resource resource, u64 used)
{
    object_rouse(&bank->object);
    if (resource == RF_RESOURCE_PAGES)
        meter_memory(bank);
    bank->used[resource] = used;
    bank->peak[resource] = MAX(bank->peak[resource], used);
}

/* The first bank on the way up in which n more do not fit. NULL: they fit. */
static const struct bank *refuser(const struct bank *bank, enum rf_resource resource, u64 n)
{
    for (; bank && n; bank = bank->parent) {
        u64 used = bank->used[resource], most = bank->limits.most[resource];

        if (used > most || n > most - used)
            return bank;
        n = counted(bank, resource, used + n) - counted(bank, resource, used);
    }
    return NULL;
}

bool bank_has_room(const struct bank *bank, enum rf_resource resource, u64 n)
{
    return !refuser(bank, resource, n);
}

bool bank_allows(const struct bank *bank, enum rf_resource resource, u64 n)
{
    const struct bank *refusing = refuser(bank, resource, n);

    if (refusing)
        keeper_tell(&refusing->keeper, 0);
    return !refusing;
}

void bank_charge_used(struct bank *bank, enum rf_resource resource, u64 n)
{
    for (; bank && n; bank = bank->parent) {
        u64 used = bank->used[resource];

        set_used(bank, resource, used + n);
        n = counted(bank, resource, used + n) - counted(bank, resource, used);
    }
}

bool bank_charge(struct bank *bank, enum rf_resource resource, u64 n)
{
    if (bank->object.dead || !bank_allows(bank, resource, n))
        return false;
    bank_charge_used(bank, resource, n);
    return true;
}

void bank_uncharge(struct bank *bank, enum rf_resource resource, u64 n)
{
    for (; bank && n; bank = bank->parent) {
        u64 used = bank->used[resource];

        assert(n <= used);
        set_used(bank, resource, used - n);
        n = counted(bank, resource, used) - counted(bank, resource, used - n);
    }
}

void holding_init(struct holding *holding, struct bank *bank)
{
    *holding = (struct holding){.bank = bank};
    list_init(&holding->link);
    if (!bank)
        return;
    object_hold(&bank->object);
    if (!bank->object.dead)
        list_add_tail(&bank->holdings, &holding->link);
}

/* Gives back what is charged, and is on no list then. */
static void end_holding(struct holding *holding)
{
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        bank_uncharge(holding->bank, i, holding->charged[i]);
        holding->charged[i] = 0;
    }
    list_del(&holding->link);
}

void holding_finish(struct holding *holding)
{
    struct bank *bank = holding->bank;

    if (!bank)
        return;
    end_holding(holding);
    holding->bank = NULL;
    object_release(&bank->object);
}

bool holding_has_room(const struct holding *holding, enum rf_resource resource, u64 n)
{
    const struct bank *bank = holding->bank;

    return !bank || !n || (!bank->object.dead && bank_allows(bank, resource, n));
}

bool holding_charge(struct holding *holding, enum rf_resource resource, u64 n)
{
    if (!holding_has_room(holding, resource, n))
        return false;
    if (holding->bank) {
        bank_charge_used(holding->bank, resource, n);
        holding->charged[resource] += n;
    }
    return true;
}

void holding_uncharge(struct holding *holding, enum rf_resource resource, u64 n)
{
    n = MIN(n, holding->charged[resource]); /* nothing is left when the bank was destroyed */
    bank_uncharge(holding->bank, resource, n);
    holding->charged[resource] -= n;
}

static void holding_pass(struct holding *holding, struct bank *bank)
{
    object_hold(&bank->object);
    object_release(&holding->bank->object);
    holding->bank = bank;
    list_del(&holding->link);
    list_add_tail(&bank->holdings, &holding->link);
}

u64 bank_effective_limit(const struct bank *bank, enum rf_resource resource)
{
    u64 least = RF_NO_LIMIT, others = 0;

    for (const struct bank *b = bank; b; b = b->parent) {
        u64 most = b->limits.most[resource];

        if (most != RF_NO_LIMIT)
            least = MIN(least, most > others ? most - others : 0);
        if (b->parent)
            others += b->parent->used[resource] -
                      MIN(b->parent->used[resource], counted(b, resource, b->used[resource]));
    }
    return least;
}

bool bank_is_below(const struct bank *bank, const struct bank *above)
{
    while (bank && bank != above)
        bank = bank->parent;
    return bank != NULL;
}

static struct bank *make(struct bank *parent, const struct rf_bank_limits *limits)
{
    struct object *object = object_new(&bank_class, parent);
    struct bank *bank;

    if (!object)
        return NULL;
    bank = container_of(object, struct bank, object);
    list_init(&bank->below);
    list_init(&bank->sibling);
    list_init(&bank->objects);
    list_init(&bank->holdings);
    bank->limits = *limits;
    bank->replicas = parent ? parent->replicas : 1;
    bank->since_ns = now_ns();
    if (parent) {
        object_hold(&parent->object);
        bank->parent = parent;
        list_add_tail(&parent->below, &bank->sibling);
    }
    return bank;
}

struct bank *bank_make_first(const struct rf_bank_limits *limits)
{
    return make(NULL, limits);
}

/* Everything that it pays for ends, the banks below it in their turn. */
static void bank_destroy(struct object *object)
{
    struct bank *bank = container_of(object, struct bank, object);

    while (!list_empty(&bank->objects))
        object_destroy(list_first(&bank->objects, struct object, charged));
    while (!list_empty(&bank->holdings))
        end_holding(list_first(&bank->holdings, struct holding, link));
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        assert(!bank->used[i]);
        if (bank->parent)
            bank_uncharge(bank->parent, i, bank->limits.guaranteed[i]);
    }
    list_del(&bank->sibling);
    keeper_drop(&bank->keeper);
    if (bank->parent)
        object_release(&bank->parent->object);
    bank->parent = NULL;
}

/* Whether the guarantees can be kept: what more the bank above would count fits there. `used`: by
 * the bank that gets the limits, which had `before`. */
static s64 check_limits(const struct bank *parent, const struct rf_bank_limits *limits,
                        const struct rf_bank_limits *before, const u64 *used, u64 records)
{
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        u64 more = MAX(used[i], limits->guaranteed[i]) - MAX(used[i], before->guaranteed[i]);

        if (limits->guaranteed[i] > limits->most[i])
            return -EINVAL;
        if (limits->guaranteed[i] <= before->guaranteed[i])
            continue;
        if (i == RF_RESOURCE_RECORDS && more <= RF_NO_LIMIT - records)
            more += records;
        if (!parent || !bank_has_room(parent, i, more))
            return -ENOSPC;
    }
    return 0;
}

static u32 depth_of(const struct bank *bank)
{
    u32 depth = 0;

    while ((bank = bank->parent))
        depth++;
    return depth;
}

s64 op_BANK_SPLIT(struct call *call)
{
    static const struct rf_bank_limits none;
    static const u64 unused[RF_RESOURCES];
    struct bank *parent = bank_of(call), *bank;
    struct rf_bank_limits limits;
    s64 length = call_data(call, &limits, sizeof(limits), sizeof(limits)), error;

    if (length < 0)
        return length;
    if (depth_of(parent) + 1 >= BANK_DEPTH)
        return -ELOOP;
    error = check_limits(parent, &limits, &none, unused, bank_class.records);
    if (error)
        return error;
    bank = make(parent, &limits);
    if (!bank)
        return -ENOSPC;
    for (u32 i = 0; i < RF_RESOURCES; i++)
        bank_charge_used(parent, i, limits.guaranteed[i]);
    return call_new_slot(call, &bank->object, RF_RIGHT_ALL);
}

s64 op_BANK_LIMITS(struct call *call)
{
    const struct bank *bank = bank_of(call);
    struct rf_bank_limits limits[2] = {bank->limits, bank->limits};
    int error = call_needs_message(call);

    if (error)
        return error;
    for (u32 i = 0; i < RF_RESOURCES; i++)
        limits[1].most[i] = bank_effective_limit(bank, i);
    call_out(call, 0, limits, sizeof(limits));
    return 0;
}

static void set_limits(struct bank *bank, const struct rf_bank_limits *limits)
{
    memcpy(bank->limits.most, limits->most, sizeof(limits->most));
    for (u32 i = 0; i < RF_RESOURCES && bank->parent; i++) {
        u64 before = counted(bank, i, bank->used[i]), after;

        bank->limits.guaranteed[i] = limits->guaranteed[i];
        after = counted(bank, i, bank->used[i]);
        if (after > before)
            bank_charge_used(bank->parent, i, after - before);
        else
            bank_uncharge(bank->parent, i, before - after);
    }
}

s64 op_BANK_SET_LIMITS(struct call *call)
{
    struct bank *bank = bank_of(call);
    struct rf_bank_limits limits, old = bank->limits;
    s64 length = call_data(call, &limits, sizeof(limits), sizeof(limits)), error;

    if (length < 0)
        return length;
    error = check_limits(bank->parent, &limits, &old, bank->used, 0);
    if (error)
        return error;
    call_commit(call);
    set_limits(bank, &limits);
    return 0;
}

s64 op_BANK_USAGE(struct call *call)
{
    struct bank *bank = bank_of(call);
    struct rf_bank_usage usage;
    int error = call_needs_message(call);

    if (error)
        return error;
    segments_sample();
    activity_refresh_memory();
    meter_memory(bank);
    memcpy(usage.used, bank->used, sizeof(usage.used));
    memcpy(usage.peak, bank->peak, sizeof(usage.peak));
    usage.byte_ns_high = (u64)(bank->byte_ns >> 64);
    usage.byte_ns_low = (u64)bank->byte_ns;
    call_out(call, 0, &usage, sizeof(usage));
    return 0;
}

/* What counts in the bank already counts above it, so only the guarantee's unused part goes back.
 */
static void dissolve(struct bank *bank)
{
    struct bank *parent = bank->parent;

    list_for_each_safe(node, &bank->below) {
        struct bank *below = list_entry(node, struct bank, sibling);

        object_hold(&parent->object);
        object_release(&below->parent->object);
        below->parent = parent;
        list_del(&below->sibling);
        list_add_tail(&parent->below, &below->sibling);
    }
    list_for_each_safe(node, &bank->objects)
        object_recharge(list_entry(node, struct object, charged), parent);
    list_for_each_safe(node, &bank->holdings)
        holding_pass(list_entry(node, struct holding, link), parent);
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        bank_uncharge(parent, i, counted(bank, i, bank->used[i]) - bank->used[i]);
        bank->limits.guaranteed[i] = 0;
        set_used(bank, i, 0);
    }
}

s64 op_BANK_DESTROY(struct call *call)
{
    struct bank *bank = bank_of(call);

    if (!bank->parent)
        return -EPERM;
    call_commit(call);
    if (call->w[0])
        dissolve(bank);
    object_destroy(&bank->object);
    return 0;
}

s64 op_BANK_FREE(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);

    if (!cap)
        return -EBADF;
    if (!bank_is_below(cap->object->bank, bank_of(call)))
        return -EPERM;
    call_commit(call);
    object_destroy(cap->object);
    return 0;
}

s64 op_BANK_VERIFY(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);

    return cap && cap->kind == RF_KIND_BANK;
}

s64 op_BANK_SET_KEEPER(struct call *call)
{
    return keeper_set(call, &bank_of(call)->keeper);
}

s64 op_BANK_REPLICAS(struct call *call)
{
    return bank_of(call)->replicas;
}

s64 op_BANK_SET_REPLICAS(struct call *call)
{
    if (call->w[0] < 1 || call->w[0] > RF_REPLICAS_MOST)
        return -EINVAL;
    call_commit(call);
    bank_of(call)->replicas = (u32)call->w[0];
    return 0;
}

struct stored_bank {
    struct rf_bank_limits limits;
    u64 peak[RF_RESOURCES];
    u64 byte_ns_high, byte_ns_low;
    u64 records; /* in use, with all banks below */
    u32 replicas, reserved;
};
_Static_assert(sizeof(struct stored_bank) == 128, "stored layout");

static void bank_save(const struct object *object, struct record *to)
{
    const struct bank *bank = container_of(object, const struct bank, object);
    struct stored_bank stored = {.limits = bank->limits,
                                 .byte_ns_high = (u64)(bank->byte_ns >> 64),
                                 .byte_ns_low = (u64)bank->byte_ns,
                                 .records = bank->used[RF_RESOURCE_RECORDS],
                                 .replicas = bank->replicas};

    memcpy(stored.peak, bank->peak, sizeof(stored.peak));
    record_put(to, &stored, sizeof(stored));
    keeper_save(&bank->keeper, to);
}

/* Without limits until all is charged that was charged before. */
static struct object *bank_load(struct record *from, struct bank *parent)
{
    struct rf_bank_limits none = {{0}, {0}};
    struct bank *bank;

    (void)from;
    for (u32 i = 0; i < RF_RESOURCES; i++)
        none.most[i] = RF_NO_LIMIT;
    if (parent) {
        bank = make(parent, &none);
        return bank ? &bank->object : NULL;
    }
    object_hold(&world.bank->object);
    return &world.bank->object;
}

/* The first bank's limits are the host's of today. */
static void bank_link(struct object *object, struct record *from)
{
    struct bank *bank = container_of(object, struct bank, object);
    struct stored_bank stored;

    record_get(from, &stored, sizeof(stored));
    keeper_load(&bank->keeper, from);
    if (from->bad || stored.replicas < 1 || stored.replicas > RF_REPLICAS_MOST) {
        from->bad = true;
        return;
    }
    bank->replicas = stored.replicas;
    if (bank->parent)
        set_limits(bank, &stored.limits);
    memcpy(bank->peak, stored.peak, sizeof(bank->peak));
    bank->byte_ns = (unsigned __int128)stored.byte_ns_high << 64 | stored.byte_ns_low;
    bank->since_ns = now_ns();
}

/* What only clients held is not kept, so less may be charged than was. */
bool bank_check(const struct object *object, struct record *from, char why[128])
{
    const struct bank *bank = container_of(object, const struct bank, object);
    u64 promised[RF_RESOURCES] = {0}, used = bank->used[RF_RESOURCE_RECORDS];
    struct stored_bank stored;

    record_get(from, &stored, sizeof(stored));
    list_for_each(node, &bank->below) {
        const struct bank *below = list_entry(node, struct bank, sibling);

        for (u32 i = 0; i < RF_RESOURCES; i++)
            promised[i] += below->limits.guaranteed[i];
    }
    if (used > stored.records) {
        snprintf(why, 128, "%lu records are charged, but it counted %lu", used, stored.records);
        return false;
    }
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        if (promised[i] > bank->used[i] || bank->limits.guaranteed[i] > bank->limits.most[i]) {
            snprintf(why, 128, "what it guarantees and what it may give do not fit");
            return false;
        }
    }
    return true;
}
