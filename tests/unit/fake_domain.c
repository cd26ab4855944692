/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/object/attr.h"
#include "kernel/world.h"
#include "tests/unit/commit.h"

static struct fake_domain *of(const struct domain *domain)
{
    return (struct fake_domain *)(uintptr_t)container_of(domain, const struct fake_domain, domain);
}

static bool fake_valid(const struct domain *domain, u64 id)
{
    return !of(domain)->gone && of(domain)->gone_id != id;
}

static bool fake_take(struct domain *domain, u64 id, s64 result)
{
    struct fake_domain *fake = of(domain);

    if (!fake_valid(domain, id))
        return false;
    if (fake->answers[id % FAKE_ANSWERS].id == id)
        abort(); /* answered twice */
    fake->answers[id % FAKE_ANSWERS].id = id;
    fake->answers[id % FAKE_ANSWERS].result = result;
    return true;
}

static int fake_grant(struct domain *domain, u64 id, int fd)
{
    struct fake_domain *fake = of(domain);

    if (fake->granted >= 0)
        close(fake->granted);
    fake->granted = dup(fd);
    return fake_take(domain, id, fake->granted) ? 0 : -ENOENT;
}

static const struct transport transport = {fake_valid, fake_take, fake_grant};

void fake_world(void)
{
    if (event_init())
        abort();
    attr_init();
    world_init();
}

int fake_set_up_all(void **state)
{
    (void)state;
    fake_world();
    return 0;
}

void fake_bank_end(struct bank *bank)
{
    for (u32 i = 0; i < RF_RESOURCES; i++) {
        if (bank->used[i])
            abort();
    }
    object_release(&bank->object);
}

struct bank *fake_bank(u64 records)
{
    struct rf_bank_limits limits = {.most = {1u << 30, records, 1u << 20, 1u << 16}};

    return bank_make_first(&limits);
}

struct fake_domain *fake_domain(struct bank *bank)
{
    struct fake_domain *fake = calloc(1, sizeof(*fake));

    if (domain_init(&fake->domain, &transport, bank, world.meter, FAKE_FIRST))
        abort();
    fake->granted = -1;
    fake->domain.messages = mmap(NULL, RF_MSG_BUFFERS * RF_MSG_STRIDE, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return fake;
}

void fake_free(struct fake_domain *fake)
{
    fake->gone = true;
    domain_finish(&fake->domain);
    munmap(fake->domain.messages, RF_MSG_BUFFERS * RF_MSG_STRIDE);
    if (fake->granted >= 0)
        close(fake->granted);
    free(fake);
}

u32 fake_put(struct fake_domain *fake, struct object *object, u32 rights)
{
    struct cap cap = {.object = object, .kind = (u8)object->class->kind, .rights = (u8)rights};

    object_hold(object);
    return (u32)table_add(&fake->domain.caps, cap);
}

struct rf_msg *fake_buffer(struct fake_domain *fake, u32 buffer)
{
    return domain_message(&fake->domain, buffer);
}

static void fill_message(struct rf_msg *msg, const struct fake_args *args)
{
    memcpy(msg->words, args->words, sizeof(msg->words));
    memcpy(msg->caps, args->caps, sizeof(msg->caps));
    msg->cap_count = args->cap_count;
    msg->data_length = args->length;
    if (args->data)
        memcpy(msg->data, args->data, args->length);
}

u64 fake_send(struct fake_domain *fake, const struct fake_args *args)
{
    struct call call = {.domain = &fake->domain,
                        .slot = args->slot,
                        .op = args->op,
                        .msg_index = args->buffer,
                        .id = ++fake->last_id,
                        .tid = (u32)fake->last_id,
                        .patient = args->patient,
                        .kicked = args->kicked,
                        .fd = -1};
    s64 result;

    memcpy(call.w, args->w, sizeof(call.w));
    if (args->buffer != RF_MSG_NONE)
        fill_message(fake_buffer(fake, args->buffer), args);
    result = call_dispatch(&call);
    commit_check(&call, result);
    if (result != CALL_WAITS && result != CALL_GRANTED)
        fake_take(&fake->domain, call.id, result);
    return call.id;
}

u64 fake_attach(struct fake_domain *fake, s64 detached, u64 until)
{
    struct call call = {.domain = &fake->domain,
                        .senders = &fake->domain.caps,
                        .w = {(u64)detached & ~RF_DETACHED, until},
                        .id = ++fake->last_id,
                        .tid = (u32)fake->last_id};
    s64 result;

    call.kicked = domain_was_kicked(&fake->domain, call.tid);
    result = op_ATTACH(&call);
    if (result != CALL_WAITS)
        fake_take(&fake->domain, call.id, result);
    return call.id;
}

s64 fake_answer(const struct fake_domain *fake, u64 id)
{
    return fake->answers[id % FAKE_ANSWERS].id == id ? fake->answers[id % FAKE_ANSWERS].result
                                                     : FAKE_WAITS;
}

s64 fake_do(struct fake_domain *fake, const struct fake_args *args)
{
    return fake_answer(fake, fake_send(fake, args));
}

u32 fake_kind(struct fake_domain *fake, u64 slot)
{
    const struct cap *cap = table_get(&fake->domain.caps, slot);

    return cap ? cap->kind : RF_KIND_NONE;
}

static void stop(struct timer *timer)
{
    (void)timer;
    event_stop();
}

s64 fake_await(struct fake_domain *fake, u64 id)
{
    for (u32 i = 0; i < 1000 && fake_answer(fake, id) == FAKE_WAITS; i++) {
        struct timer timer = {.expired = stop};

        timer_set(&timer, now_ns() + 1000000);
        event_loop();
    }
    return fake_answer(fake, id);
}
