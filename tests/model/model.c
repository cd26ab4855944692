/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/model/model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 256u

struct domain_model domains[DOMAINS];
struct thing things[THINGS];
u32 model_kept;
static u64 order;

/* A capability in use: what is invoked, for whom, with whose arguments. */
struct use {
    const struct asked *asked;
    u32 domain;  /* who gets the answer and what is new */
    u32 senders; /* whose slots the capabilities are */
    struct held cap;
    u32 slot, op; /* slot 0: none of the domain's */
    u64 w[4];
    u32 caps[RF_MSG_CAPS], cap_count;
    u64 id;
    u32 buffer;
    bool forwarded;
};

static s64 run(struct use *use);

/* Banks. */

static u64 counted(const struct thing *bank, u64 used)
{
    return used > bank->guaranteed ? used : bank->guaranteed;
}

static bool fits(u32 bank, u64 n)
{
    for (; bank && n; bank = things[bank].parent) {
        struct thing *b = &things[bank];

        if (b->used > b->most || n > b->most - b->used)
            return false;
        n = counted(b, b->used + n) - counted(b, b->used);
    }
    return true;
}

static void add_used(u32 bank, s64 n)
{
    for (; bank && n; bank = things[bank].parent) {
        struct thing *b = &things[bank];
        u64 before = counted(b, b->used);

        b->used += (u64)n;
        n = (s64)(counted(b, b->used) - before);
    }
}

/* Things. */

static u32 new_thing(u32 kind, u32 bank, u32 records)
{
    if (bank && (things[bank].dead || !fits(bank, records)))
        return 0;
    for (u32 i = 1; i < THINGS; i++) {
        if (things[i].kind != RF_KIND_NONE)
            continue;
        things[i] = (struct thing){.kind = kind, .bank = bank, .records = records};
        add_used(bank, records);
        return i;
    }
    abort();
}

u32 model_bank(u32 bank, u64 most)
{
    u32 new = new_thing(RF_KIND_BANK, bank, 1);

    if (new) {
        things[new].parent = bank;
        things[new].most = most;
    }
    return new;
}

u32 model_node(u32 bank, u32 size)
{
    u32 new = new_thing(RF_KIND_NODE, bank, 1);

    if (new)
        things[new].size = size;
    return new;
}

static void answer(struct waiting *call, s64 result)
{
    call->state = OVER;
    call->result = result;
    call->cap_count = 0;
    call->invoked = (struct held){0};
}

static void destroy(u32 index)
{
    struct thing *t = &things[index];

    if (!index || t->dead)
        return;
    t->dead = true;
    memset(t->slots, 0, sizeof(t->slots));
    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 i = 0; i < CALLS; i++) {
            struct waiting *call = &domains[d].calls[i];

            if (call->state == SENT && (call->endpoint == index || call->invoked.thing == index))
                answer(call, -ESTALE);
            else if (call->state == RECEIVING && call->endpoint == index)
                answer(call, -ESTALE);
            else if (call->state == RECEIVED && call->resume == index)
                answer(call, -ECONNRESET);
        }
    }
    for (u32 i = 1; i < THINGS; i++) {
        if (things[i].kind == RF_KIND_ENTRY && things[i].endpoint == index)
            destroy(i);
        if (things[i].kind != RF_KIND_NONE && things[i].bank == index)
            destroy(i);
    }
    if (t->kind == RF_KIND_BANK) {
        u64 was = counted(t, t->used);

        add_used(t->parent, -(s64)was);
        t->used = t->guaranteed = 0;
        t->parent = 0;
    }
    add_used(t->bank, -(s64)t->records);
    t->bank = 0;
}

static void mark(u8 *seen, const struct held *held)
{
    seen[held->thing] = 1;
}

/* Marks whatever somebody holds. */
static void look_everywhere(u8 *seen)
{
    memset(seen, 0, THINGS);
    seen[model_kept] = 1;
    for (u32 d = 0; d < DOMAINS; d++) {
        seen[domains[d].bank] = 1;
        for (u32 i = 0; i < domains[d].fresh; i++)
            mark(seen, &domains[d].slots[i]);
        for (u32 i = 0; i < CALLS; i++) {
            mark(seen, &domains[d].calls[i].invoked);
            for (u32 k = 0; k < domains[d].calls[i].cap_count; k++)
                mark(seen, &domains[d].calls[i].caps[k]);
        }
    }
    for (u32 i = 1; i < THINGS; i++) {
        if (things[i].kind == RF_KIND_BANK && !things[i].dead)
            seen[things[i].parent] = 1;
        for (u32 k = 0; k < things[i].size; k++)
            mark(seen, &things[i].slots[k]);
    }
}

/* What nobody holds ends, and what is then held by nobody, and so on. */
static void collect(void)
{
    static u8 seen[THINGS];
    bool again = true;

    while (again) {
        again = false;
        look_everywhere(seen);
        for (u32 i = 1; i < THINGS; i++) {
            if (seen[i] || things[i].kind == RF_KIND_NONE)
                continue;
            destroy(i);
            things[i].kind = RF_KIND_NONE;
            things[i].size = 0;
            again = true;
        }
    }
}

/* Tables. */

static struct held *slot_of(u32 domain, u64 slot)
{
    struct held *held = slot < SLOTS ? &domains[domain].slots[slot] : NULL;

    return held && held->thing ? held : NULL;
}

static u32 chunks(u32 fresh)
{
    return fresh / CHUNK;
}

static bool has_room(u32 domain, u32 n)
{
    struct domain_model *d = &domains[domain];
    u32 more = n > d->free_count ? n - d->free_count : 0;

    return fits(d->bank, chunks(d->fresh + more) - chunks(d->fresh));
}

static s64 add(u32 domain, struct held held)
{
    struct domain_model *d = &domains[domain];
    u32 slot;

    if (!has_room(domain, 1))
        return -ENFILE;
    if (d->free_count) {
        slot = d->free[--d->free_count];
    } else {
        slot = d->fresh++;
        add_used(d->bank, chunks(slot + 1) - chunks(slot));
        d->charged += chunks(slot + 1) - chunks(slot);
    }
    assert(slot < SLOTS && !d->slots[slot].thing);
    d->slots[slot] = held;
    return slot;
}

static void drop(u32 domain, u32 slot)
{
    struct domain_model *d = &domains[domain];

    d->slots[slot] = (struct held){0};
    if (slot >= RESERVED)
        d->free[d->free_count++] = slot;
}

static s64 add_new(u32 domain, u32 thing, u32 rights)
{
    return thing ? add(domain, (struct held){thing, things[thing].kind, rights}) : -ENOSPC;
}

u32 model_give(u32 domain, u32 thing, u32 rights)
{
    return (u32)add_new(domain, thing, rights);
}

void model_begin(u32 domain, u32 bank)
{
    domains[domain] = (struct domain_model){.bank = bank, .fresh = RESERVED};
}

void model_end(u32 domain)
{
    struct domain_model *d = &domains[domain];
    u32 bank = d->bank;

    for (u32 i = 0; i < CALLS; i++) {
        u32 resume = d->calls[i].state == RECEIVED ? d->calls[i].resume : 0;

        d->calls[i] = (struct waiting){0};
        destroy(resume);
    }
    add_used(bank, -(s64)d->charged);
    *d = (struct domain_model){.bank = bank, .fresh = RESERVED};
    collect();
}

static struct held copy(const struct held *held, u32 rights)
{
    return (struct held){held->thing, held->kind, held->rights & (rights | RF_RIGHT_WEAK)};
}

/* The i-th capability that came, alive. */
static struct held *came(const struct use *use, u32 i)
{
    struct held *held = i < use->cap_count ? slot_of(use->senders, use->caps[i]) : NULL;

    return held && !things[held->thing].dead ? held : NULL;
}

static bool all_came(const struct use *use)
{
    for (u32 i = 0; i < use->cap_count; i++) {
        if (!came(use, i))
            return false;
    }
    return true;
}

/* Calls. */

u32 model_idle_call(u32 domain)
{
    u32 i;

    for (i = 0; i < CALLS && domains[domain].calls[i].state != IDLE; i++)
        ;
    return i;
}

static struct waiting *wait_for(const struct use *use, enum state state, u32 endpoint)
{
    struct waiting *call = &domains[use->domain].calls[model_idle_call(use->domain)];

    *call = (struct waiting){.state = state,
                             .id = use->id,
                             .order = ++order,
                             .buffer = use->buffer,
                             .invoked = use->cap,
                             .endpoint = endpoint};
    return call;
}

/* The first that waits in that state at the endpoint, and whose it is. */
static struct waiting *first(enum state state, u32 endpoint, u32 *domain)
{
    struct waiting *found = NULL;

    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 i = 0; i < CALLS; i++) {
            struct waiting *call = &domains[d].calls[i];

            if (call->state != state || call->endpoint != endpoint ||
                (found && found->order < call->order))
                continue;
            found = call;
            *domain = d;
        }
    }
    return found;
}

/* The first message for the receiver: its result. */
static s64 deliver(u32 endpoint, u32 receiver)
{
    u32 sender;
    struct waiting *call = first(SENT, endpoint, &sender);
    u32 resume = new_thing(RF_KIND_RESUME, things[endpoint].bank, 1);

    if (!resume)
        return -ENOSPC;
    if (!has_room(receiver, call->cap_count + 1)) {
        destroy(resume);
        things[resume].kind = RF_KIND_NONE;
        return -ENFILE;
    }
    for (u32 i = 0; i < call->cap_count; i++)
        add(receiver, call->caps[i]);
    call->cap_count = 0;
    call->state = RECEIVED;
    call->resume = resume;
    return add_new(receiver, resume, RF_RIGHT_ALL);
}

static void match(u32 endpoint)
{
    u32 receiver, sender;
    struct waiting *waits;

    while ((waits = first(RECEIVING, endpoint, &receiver)) && first(SENT, endpoint, &sender))
        answer(waits, deliver(endpoint, receiver));
}

static s64 call_entry(struct use *use)
{
    u32 endpoint = things[use->cap.thing].endpoint;
    struct waiting *call;

    if (!all_came(use))
        return -EBADF;
    call = wait_for(use, SENT, endpoint);
    for (u32 i = 0; i < use->cap_count; i++)
        call->caps[call->cap_count++] = *came(use, i);
    match(endpoint);
    return WAITS;
}

static s64 receive(struct use *use, bool waits)
{
    u32 sender;

    if (first(SENT, use->cap.thing, &sender))
        return deliver(use->cap.thing, use->domain);
    if (!waits)
        return -EAGAIN;
    wait_for(use, RECEIVING, use->cap.thing);
    return WAITS;
}

static struct waiting *caller_of(u32 resume, u32 *domain)
{
    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 i = 0; i < CALLS; i++) {
            struct waiting *call = &domains[d].calls[i];

            *domain = d;
            if (call->state == RECEIVED && call->resume == resume)
                return call;
        }
    }
    return NULL;
}

static s64 reply(struct use *use, u32 resume, s64 result)
{
    u32 domain, count = result < 0 ? 0 : use->cap_count;
    struct waiting *caller = caller_of(resume, &domain);
    s64 slot = 0;

    if (!caller)
        return -ESTALE;
    if (!all_came(use))
        return -EBADF;
    if (count && !has_room(domain, count)) {
        answer(caller, -ENFILE);
        destroy(resume);
        return -ENFILE;
    }
    for (u32 i = 0; i < count; i++) {
        s64 added = add(domain, *came(use, i));

        slot = i ? slot : added;
    }
    answer(caller, count ? slot : result);
    destroy(resume);
    return 0;
}

static s64 forward(struct use *use)
{
    u32 domain;
    struct waiting *caller = caller_of(use->cap.thing, &domain);
    struct held *target = came(use, 0);
    struct use next;
    s64 result;

    if (!target)
        return -EBADF;
    if (!caller)
        return -ESTALE;
    next = (struct use){.asked = use->asked,
                        .domain = domain,
                        .senders = use->senders,
                        .cap = *target,
                        .op = (u32)use->w[0],
                        .id = caller->id,
                        .buffer = caller->buffer,
                        .forwarded = true,
                        .cap_count = use->cap_count - 1};
    memcpy(next.w, use->asked->words, sizeof(next.w));
    memcpy(next.caps, use->caps + 1, sizeof(next.caps) - sizeof(next.caps[0]));
    answer(caller, 0); /* until it is known */
    destroy(use->cap.thing);
    if (use->slot)
        drop(use->domain, use->slot);
    caller->state = IDLE;
    collect();
    result = run(&next);
    if (result == WAITS)
        return 0;
    caller = &domains[domain].calls[model_idle_call(domain)];
    *caller =
        (struct waiting){.state = OVER, .id = next.id, .buffer = next.buffer, .result = result};
    return 0;
}

/* Operations. */

static s64 node_slot(const struct use *use, u64 index, struct held **slot)
{
    *slot = &things[use->cap.thing].slots[index % NODE_SLOTS];
    return index < things[use->cap.thing].size ? 0 : -ERANGE;
}

static bool is_empty(const struct held *held)
{
    return !held->thing || things[held->thing].dead;
}

static s64 node_get(struct use *use)
{
    struct held *slot, copied;
    s64 error = node_slot(use, use->w[0], &slot);

    if (error)
        return error;
    if (is_empty(slot))
        return -ENOENT;
    copied = *slot;
    if (use->cap.rights & RF_RIGHT_WEAK) {
        copied.rights &= RF_RIGHT_READ;
        if (slot->kind == RF_KIND_NODE)
            copied.rights |= RF_RIGHT_WEAK;
        else if (slot->kind != RF_KIND_BANK)
            return -EACCES;
    }
    return add(use->domain, copied);
}

static s64 node_swap(struct use *use)
{
    struct held *slot, *cap = came(use, 0), old;
    s64 error = node_slot(use, use->w[0], &slot);
    bool gives;

    if (error)
        return error;
    if (use->cap_count && !cap)
        return -EBADF;
    if (cap && cap->thing == use->cap.thing)
        return -ELOOP;
    gives = !is_empty(slot) && use->cap.rights & RF_RIGHT_READ;
    if (gives && !has_room(use->domain, 1))
        return -ENFILE;
    old = *slot;
    *slot = cap ? *cap : (struct held){0};
    return gives ? add(use->domain, old) : 0;
}

static s64 node_copy(struct use *use)
{
    struct held *from, *to;

    if (node_slot(use, use->w[0], &from) || node_slot(use, use->w[1], &to))
        return -ERANGE;
    *to = is_empty(from) ? (struct held){0} : *from;
    return 0;
}

static s64 node_clear(struct use *use)
{
    struct held *slot;
    s64 error = node_slot(use, use->w[0], &slot);

    if (!error)
        *slot = (struct held){0};
    return error;
}

static u32 find_entry(u32 endpoint, u64 badge)
{
    for (u32 i = 1; i < THINGS; i++) {
        if (things[i].kind == RF_KIND_ENTRY && !things[i].dead && things[i].endpoint == endpoint &&
            things[i].badge == badge)
            return i;
    }
    return 0;
}

static s64 mint(struct use *use)
{
    u32 endpoint = use->cap.thing, entry = find_entry(endpoint, use->w[0]);

    if (!entry) {
        entry = new_thing(RF_KIND_ENTRY, things[endpoint].bank, 1);
        things[entry].endpoint = entry ? endpoint : 0;
        things[entry].badge = use->w[0];
    }
    return add_new(use->domain, entry, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
}

static s64 revoke(struct use *use)
{
    u32 entry = find_entry(use->cap.thing, use->w[0]);

    if (!use->w[1] && !entry)
        return -ENOENT;
    if (!use->w[1])
        destroy(entry);
    for (u32 i = 1; i < THINGS && use->w[1]; i++) {
        if (things[i].kind == RF_KIND_ENTRY && things[i].endpoint == use->cap.thing)
            destroy(i);
    }
    return 0;
}

static s64 reply_receive(struct use *use)
{
    if (use->w[0]) {
        struct held *held = slot_of(use->domain, use->w[0]);

        if (use->senders != use->domain || !held || held->kind != RF_KIND_RESUME)
            return -EBADF;
        reply(use, held->thing, (s64)use->w[1]);
        drop(use->domain, (u32)use->w[0]);
        collect();
    }
    return receive(use, true);
}

static s64 allocate(struct use *use)
{
    switch (use->w[0]) {
    case RF_KIND_NODE:
        if (!use->w[1] || use->w[1] > RF_NODE_MOST)
            return -ERANGE;
        return add_new(use->domain, model_node(use->cap.thing, (u32)use->w[1]), RF_RIGHT_ALL);
    case RF_KIND_ENDPOINT:
    case RF_KIND_NOTIFICATION:
        return add_new(use->domain, new_thing((u32)use->w[0], use->cap.thing, 1), RF_RIGHT_ALL);
    default: return -EINVAL;
    }
}

static u32 depth(u32 bank)
{
    u32 n = 0;

    while ((bank = things[bank].parent))
        n++;
    return n;
}

static s64 split(struct use *use)
{
    u64 most = use->asked->limits.most[RF_RESOURCE_RECORDS],
        guaranteed = use->asked->limits.guaranteed[RF_RESOURCE_RECORDS];
    u32 parent = use->cap.thing, bank;

    if (depth(parent) + 1 >= 64)
        return -ELOOP;
    if (guaranteed > most)
        return -EINVAL;
    if (guaranteed && !fits(parent, guaranteed + 1))
        return -ENOSPC;
    bank = model_bank(parent, most);
    if (bank) {
        things[bank].guaranteed = guaranteed;
        add_used(parent, (s64)guaranteed);
    }
    return add_new(use->domain, bank, RF_RIGHT_ALL);
}

static bool is_below(u32 bank, u32 above)
{
    while (bank && bank != above)
        bank = things[bank].parent;
    return bank != 0;
}

static s64 free_thing(struct use *use)
{
    struct held *held = came(use, 0);

    if (!held)
        return -EBADF;
    if (!is_below(things[held->thing].bank, use->cap.thing))
        return -EPERM;
    destroy(held->thing);
    return 0;
}

static s64 destroy_bank(struct use *use)
{
    struct thing *bank = &things[use->cap.thing];
    u32 parent = bank->parent;

    if (!parent)
        return -EPERM;
    for (u32 i = 1; i < THINGS && use->w[0]; i++) {
        if (things[i].kind == RF_KIND_NONE || things[i].bank != use->cap.thing)
            continue;
        things[i].bank = parent;
        if (things[i].kind == RF_KIND_BANK)
            things[i].parent = parent;
    }
    if (use->w[0]) {
        add_used(parent, -(s64)(counted(bank, bank->used) - bank->used));
        bank->used = bank->guaranteed = 0;
    }
    destroy(use->cap.thing);
    return 0;
}

static s64 drop_own(struct use *use)
{
    if (use->slot < RF_SLOT_FIRST_DIR)
        return -EACCES;
    drop(use->domain, use->slot);
    return 0;
}

static s64 weaken(struct use *use)
{
    struct held weak = copy(&use->cap, RF_RIGHT_READ);

    weak.rights |= RF_RIGHT_WEAK;
    return add(use->domain, weak);
}

static s64 verify(struct use *use)
{
    struct held *held = came(use, 0);

    return held && held->kind == RF_KIND_BANK;
}

static s64 run_op(struct use *use)
{
    s64 result;

    switch (use->op) {
    case RF_OP_DROP: return drop_own(use);
    case RF_OP_KIND: return use->cap.kind;
    case RF_OP_BIND: return -EOPNOTSUPP;
    case RF_OP_COPY: return add(use->domain, copy(&use->cap, (u32)use->w[0]));
    case RF_OP_NODE_GET: return node_get(use);
    case RF_OP_NODE_SWAP: return node_swap(use);
    case RF_OP_NODE_CLEAR: return node_clear(use);
    case RF_OP_NODE_COPY: return node_copy(use);
    case RF_OP_NODE_SIZE: return things[use->cap.thing].size;
    case RF_OP_NODE_WEAKEN: return weaken(use);
    case RF_OP_ENDPOINT_MINT: return mint(use);
    case RF_OP_ENDPOINT_RECEIVE: return receive(use, !use->w[0]);
    case RF_OP_ENDPOINT_REVOKE: return revoke(use);
    case RF_OP_ENDPOINT_REPLY_RECEIVE: return reply_receive(use);
    case RF_OP_RESUME_REPLY:
        result = reply(use, use->cap.thing, (s64)use->w[0]);
        if (use->slot)
            drop(use->domain, use->slot);
        return result;
    case RF_OP_RESUME_FORWARD: return forward(use);
    case RF_OP_BANK_ALLOCATE: return allocate(use);
    case RF_OP_BANK_FREE: return free_thing(use);
    case RF_OP_BANK_SPLIT: return split(use);
    case RF_OP_BANK_DESTROY: return destroy_bank(use);
    case RF_OP_BANK_VERIFY: return verify(use);
    default: return -EINVAL; /* none that the test asks for */
    }
}

/* Which interface an operation is of, and what right it needs. */
static void need(u32 op, u32 *kind, u32 *rights)
{
    static const u32 needs[][3] = {
        {RF_OP_NODE_GET, RF_KIND_NODE, RF_RIGHT_READ},
        {RF_OP_NODE_SWAP, RF_KIND_NODE, RF_RIGHT_WRITE},
        {RF_OP_NODE_CLEAR, RF_KIND_NODE, RF_RIGHT_WRITE},
        {RF_OP_NODE_COPY, RF_KIND_NODE, RF_RIGHT_WRITE},
        {RF_OP_NODE_SIZE, RF_KIND_NODE, RF_RIGHT_READ},
        {RF_OP_NODE_WEAKEN, RF_KIND_NODE, RF_RIGHT_READ},
        {RF_OP_ENDPOINT_MINT, RF_KIND_ENDPOINT, RF_RIGHT_WRITE},
        {RF_OP_ENDPOINT_RECEIVE, RF_KIND_ENDPOINT, RF_RIGHT_READ},
        {RF_OP_ENDPOINT_REVOKE, RF_KIND_ENDPOINT, RF_RIGHT_WRITE},
        {RF_OP_ENDPOINT_REPLY_RECEIVE, RF_KIND_ENDPOINT, RF_RIGHT_READ},
        {RF_OP_RESUME_REPLY, RF_KIND_RESUME, 0},
        {RF_OP_RESUME_FORWARD, RF_KIND_RESUME, 0},
        {RF_OP_BANK_ALLOCATE, RF_KIND_BANK, RF_RIGHT_WRITE},
        {RF_OP_BANK_FREE, RF_KIND_BANK, RF_RIGHT_WRITE},
        {RF_OP_BANK_SPLIT, RF_KIND_BANK, RF_RIGHT_WRITE},
        {RF_OP_BANK_DESTROY, RF_KIND_BANK, RF_RIGHT_MANAGE},
        {RF_OP_BANK_VERIFY, RF_KIND_BANK, RF_RIGHT_READ},
    };

    *kind = RF_KIND_NONE;
    *rights = 0;
    for (u32 i = 0; i < ARRAY_SIZE(needs); i++) {
        if (needs[i][0] == op) {
            *kind = needs[i][1];
            *rights = needs[i][2];
        }
    }
}

static s64 run(struct use *use)
{
    u32 kind, rights;

    need(use->op, &kind, &rights);
    if (things[use->cap.thing].dead && use->op != RF_OP_DROP)
        return -ESTALE;
    if (use->cap.kind == RF_KIND_ENTRY && use->op != RF_OP_DROP && use->op != RF_OP_COPY)
        return call_entry(use);
    if (kind != RF_KIND_NONE && kind != use->cap.kind)
        return -EINVAL;
    if ((use->cap.rights & rights) != rights)
        return -EACCES;
    return run_op(use);
}

s64 model_invoke(const struct asked *asked)
{
    struct held *held = slot_of(asked->domain, asked->slot);
    struct use use = {.asked = asked,
                      .domain = asked->domain,
                      .senders = asked->domain,
                      .slot = asked->slot,
                      .op = asked->op,
                      .cap_count = asked->cap_count,
                      .id = asked->id,
                      .buffer = asked->buffer};
    s64 result;

    if (!held)
        return -EBADF;
    use.cap = *held;
    memcpy(use.w, asked->w, sizeof(use.w));
    memcpy(use.caps, asked->caps, sizeof(use.caps));
    result = run(&use);
    collect();
    return result;
}

void model_interrupt(u32 domain, u32 index)
{
    struct waiting *call = &domains[domain].calls[index];
    u32 resume = call->state == RECEIVED ? call->resume : 0;

    answer(call, -EINTR);
    if (resume)
        destroy(resume);
    collect();
}
