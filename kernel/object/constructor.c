/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/constructor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/boot.h"
#include "kernel/cap/discreet.h"
#include "kernel/cell.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/segment.h"

struct constructor {
    struct object object;
    bool sealed;
    bool discreet; /* found out once: what is sealed does not change */
    u64 seen;      /* number of the question for which it was looked at last */
    struct list work;
    u8 *boot; /* NULL: none was loaded */
    u64 boot_length;
    struct cap caps[RF_SLOT_LIMIT]; /* by slot of the instances; what is stale counts as none */
};

static void constructor_destroy(struct object *object);
static void constructor_save(const struct object *object, struct record *to);
static struct object *constructor_load(struct record *from, struct bank *bank);
static void constructor_link(struct object *object, struct record *from);

const struct object_class constructor_class = {.kind = RF_KIND_CONSTRUCTOR,
                                               .records = 1 + RF_SLOT_LIMIT / CAP_CHUNK,
                                               .size = sizeof(struct constructor),
                                               .destroy = constructor_destroy,
                                               .stored = STORED_CONSTRUCTOR,
                                               .save = constructor_save,
                                               .load = constructor_load,
                                               .link = constructor_link};

static struct constructor *constructor_of(const struct call *call)
{
    return container_of(call->cap->object, struct constructor, object);
}

struct object *constructor_make(struct bank *bank)
{
    struct object *object = object_new(&constructor_class, bank);

    if (object)
        list_init(&container_of(object, struct constructor, object)->work);
    return object;
}

static u64 boot_pages(const struct constructor *constructor)
{
    return PAGE_ALIGN(constructor->boot_length) / PAGE_SIZE;
}

static void constructor_destroy(struct object *object)
{
    struct constructor *constructor = container_of(object, struct constructor, object);

    for (u32 i = 0; i < RF_SLOT_LIMIT; i++)
        cap_drop(&constructor->caps[i]);
    free(constructor->boot);
    constructor->boot = NULL;
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_PAGES, boot_pages(constructor));
}

s64 op_CONSTRUCTOR_INSTALL(struct call *call)
{
    struct constructor *constructor = constructor_of(call);
    const struct cap *cap = call_cap(call, 0);
    u64 slot = call->w[0];

    if (slot <= RF_SLOT_CELL || slot >= RF_SLOT_LIMIT)
        return -ERANGE;
    if (constructor->sealed || constructor->caps[slot].object)
        return -EBUSY;
    if (!cap)
        return -EBADF;
    call_commit(call);
    constructor->caps[slot] = cap_copy(cap, ~0u);
    return 0;
}

/* A copy of the segment's bytes that begins as a boot record does: NULL and why not. */
static u8 *read_boot(const struct cap *segment, u64 length, int *error)
{
    u8 *boot = malloc(length);

    *error = -ENOSPC;
    if (!boot)
        return NULL;
    *error = -EINVAL;
    if (segment_read(segment, 0, boot, length) == (s64)length &&
        ((struct rf_boot *)boot)->magic == RF_BOOT_MAGIC)
        return boot;
    free(boot);
    return NULL;
}

s64 op_CONSTRUCTOR_LOAD(struct call *call)
{
    struct constructor *constructor = constructor_of(call);
    const struct cap *cap = call_cap(call, 0);
    struct bank *bank = constructor->object.bank;
    u64 length, pages;
    int error;
    u8 *boot;

    if (constructor->sealed)
        return -EBUSY;
    if (!cap || cap->kind != RF_KIND_SEGMENT)
        return -EBADF;
    if (!(cap->rights & RF_RIGHT_READ))
        return -EACCES;
    length = segment_length(cap);
    if (length < sizeof(struct rf_boot) || length > RF_BOOT_SIZE)
        return length > RF_BOOT_SIZE ? -EFBIG : -EINVAL;
    pages = PAGE_ALIGN(length) / PAGE_SIZE;
    if (!bank_allows(bank, RF_RESOURCE_PAGES, pages))
        return -ENOSPC;
    boot = read_boot(cap, length, &error);
    if (!boot)
        return error;
    call_commit(call);
    bank_charge_used(bank, RF_RESOURCE_PAGES, pages);
    bank_uncharge(bank, RF_RESOURCE_PAGES, boot_pages(constructor));
    free(constructor->boot);
    constructor->boot = boot;
    constructor->boot_length = length;
    return 0;
}

s64 op_CONSTRUCTOR_SEAL(struct call *call)
{
    s64 slot = call_new_cap(call, cap_copy(call->cap, RF_RIGHT_READ));

    if (slot >= 0)
        constructor_of(call)->sealed = true;
    return slot;
}

static bool is_none(const struct cap *cap)
{
    return !cap->object || cap->object->dead;
}

/* Puts those that it refers to on the list of what is to be looked at, each once for a question.
 * False: it is not sealed, or holds a way out itself. */
static bool look_at(struct constructor *constructor, u64 question, struct list *work)
{
    if (!constructor->sealed)
        return false;
    for (u32 i = 0; i < RF_SLOT_LIMIT; i++) {
        const struct cap *cap = &constructor->caps[i];
        struct constructor *other;

        if (is_none(cap))
            continue;
        if (cap->kind != RF_KIND_CONSTRUCTOR) {
            if (!cap_is_discreet(cap))
                return false;
            continue;
        }
        other = container_of(cap->object, struct constructor, object);
        if (other->seen == question || other->discreet)
            continue;
        other->seen = question;
        list_add_tail(work, &other->work);
    }
    return true;
}

/* Step by step, not by recursion, and no constructor twice: they may refer to each other in any
 * way. */
bool constructor_is_discreet(struct object *object, u32 *budget)
{
    static u64 question;
    struct constructor *first = container_of(object, struct constructor, object);
    struct list work;
    bool discreet = true;

    if (first->discreet)
        return true;
    list_init(&work);
    first->seen = ++question;
    list_add_tail(&work, &first->work);
    while (!list_empty(&work)) {
        struct constructor *next = list_first(&work, struct constructor, work);

        list_del(&next->work);
        if (discreet && *budget) {
            --*budget;
            discreet = look_at(next, question, &work);
        } else {
            discreet = false;
        }
    }
    first->discreet = discreet;
    return discreet;
}

s64 op_CONSTRUCTOR_DISCREET(struct call *call)
{
    u32 budget = CONSTRUCTORS_LOOKED_AT;

    if (!constructor_of(call)->sealed)
        return -EAGAIN;
    return constructor_is_discreet(call->cap->object, &budget);
}

static bool is_hole(const struct cap *cap, u32 *budget)
{
    if (is_none(cap))
        return false;
    if (cap->kind == RF_KIND_CONSTRUCTOR)
        return !constructor_is_discreet(cap->object, budget);
    return !cap_is_discreet(cap);
}

s64 op_CONSTRUCTOR_HOLES(struct call *call)
{
    const struct constructor *constructor = constructor_of(call);
    u32 budget = CONSTRUCTORS_LOOKED_AT, length = 0;
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!constructor->sealed)
        return -EAGAIN;
    for (u32 i = 0; i < RF_SLOT_LIMIT; i++) {
        const struct cap *cap = &constructor->caps[i];
        struct rf_cap_info info;

        if (!is_hole(cap, &budget))
            continue;
        info = (struct rf_cap_info){
            .slot = i, .kind = cap->kind, .rights = cap->rights, .object = cap->object->number};
        call_out(call, length, &info, sizeof(info));
        length += sizeof(info);
    }
    call->msg->data_length = length;
    return length;
}

/* A cell has as many slots to be filled as a constructor. */
static void fill(struct cell *cell, const struct constructor *constructor)
{
    if (constructor->boot)
        memcpy(cell->window->boot, constructor->boot, constructor->boot_length);
    for (u32 i = 0; i < RF_SLOT_LIMIT; i++) {
        if (!is_none(&constructor->caps[i]))
            table_put(&cell->domain.caps, i, cap_copy(&constructor->caps[i], ~0u));
    }
}

s64 op_CONSTRUCTOR_YIELD(struct call *call)
{
    const struct cap *place = call_cap(call, 0);
    struct cell *cell;
    int error;

    if (!constructor_of(call)->sealed)
        return -EAGAIN;
    if (!place || place->kind != RF_KIND_CELL)
        return -EBADF;
    if (!(place->rights & RF_RIGHT_WRITE))
        return -EACCES;
    error = cell_create(call, cell_of(place), 1, &cell);
    if (error)
        return error;
    fill(cell, constructor_of(call));
    object_hold(call->cap->object);
    cell->maker = call->cap->object;
    return call_new_slot(call, &cell->object, RF_RIGHT_ALL);
}

s64 op_CONSTRUCTOR_VERIFY(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);

    return cap && cap->kind == RF_KIND_CELL && cell_of(cap)->maker == call->cap->object;
}

static void constructor_save(const struct object *object, struct record *to)
{
    const struct constructor *constructor = container_of(object, const struct constructor, object);
    u64 count = 0;

    record_put_number(to, constructor->sealed);
    record_put_number(to, constructor->boot_length);
    record_put(to, constructor->boot, constructor->boot_length);
    for (u32 i = 0; i < RF_SLOT_LIMIT; i++)
        count += constructor->caps[i].object != NULL;
    record_put_number(to, count);
    for (u32 i = 0; i < RF_SLOT_LIMIT; i++) {
        if (!constructor->caps[i].object)
            continue;
        record_put_number(to, i);
        record_put_cap(to, &constructor->caps[i]);
    }
}

static struct object *constructor_load(struct record *from, struct bank *bank)
{
    struct object *object = constructor_make(bank);
    struct constructor *constructor = container_of(object, struct constructor, object);
    const void *boot;
    u64 length;

    if (!object)
        return NULL;
    constructor->sealed = record_get_number(from);
    length = record_get_number(from);
    boot = length <= RF_BOOT_SIZE ? record_take(from, length) : NULL;
    if (!boot || !length)
        return boot ? object : NULL;
    constructor->boot = malloc(length);
    if (!constructor->boot)
        return NULL;
    memcpy(constructor->boot, boot, length);
    constructor->boot_length = length;
    bank_charge_used(bank, RF_RESOURCE_PAGES, boot_pages(constructor));
    return object;
}

static void constructor_link(struct object *object, struct record *from)
{
    struct constructor *constructor = container_of(object, struct constructor, object);

    for (u64 count = record_get_number(from); count && !from->bad; count--) {
        u64 slot = record_get_number(from);

        if (slot >= RF_SLOT_LIMIT || constructor->caps[slot].object)
            from->bad = true;
        else
            constructor->caps[slot] = record_get_cap(from);
    }
}
