/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/space.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/object/process.h"
#include "kernel/object/segment.h"

struct mapping {
    struct list link; /* by address */
    struct cap segment;
    u64 address, length, offset, serial;
    u32 rights;
};

struct space {
    struct object object;
    struct list mappings;
    u32 count;
    struct list shown; /* of those who show it: see space_show */
    struct keeper keeper;
};

static u64 last_serial;

static void space_destroy(struct object *object);

static const struct object_class space_class = {
    .kind = RF_KIND_SPACE, .records = 1, .size = sizeof(struct space), .destroy = space_destroy};

static struct space *space_of(const struct object *object)
{
    return container_of(object, struct space, object);
}

struct object *space_make(struct bank *bank)
{
    struct object *object = object_new(&space_class, bank);

    if (object) {
        list_init(&space_of(object)->mappings);
        list_init(&space_of(object)->shown);
    }
    return object;
}

static void changed(struct space *space)
{
    list_for_each_safe(node, &space->shown)
        process_space_changed(node);
}

/* The last reference to the segment may be the mapping's. */
static void drop(struct space *space, struct mapping *mapping)
{
    list_del(&mapping->link);
    cap_drop(&mapping->segment);
    free(mapping);
    space->count--;
    if (space->object.bank)
        bank_uncharge(space->object.bank, RF_RESOURCE_RECORDS, 1);
}

static void space_destroy(struct object *object)
{
    struct space *space = space_of(object);

    list_for_each_safe(node, &space->mappings)
        drop(space, list_entry(node, struct mapping, link));
    keeper_drop(&space->keeper);
    changed(space);
    while (!list_empty(&space->shown))
        list_del(space->shown.next);
}

void space_show(struct object *object, struct list *shower)
{
    list_add_tail(&space_of(object)->shown, shower);
}

/* The first mapping that ends behind the address, or NULL. */
static struct mapping *find(const struct space *space, u64 address)
{
    list_for_each(node, &space->mappings) {
        struct mapping *mapping = list_entry(node, struct mapping, link);

        if (mapping->address + mapping->length > address)
            return mapping;
    }
    return NULL;
}

static struct mapping *at(const struct space *space, u64 address)
{
    struct mapping *mapping = find(space, address);

    return mapping && mapping->address == address ? mapping : NULL;
}

static bool are_rights(u64 rights)
{
    return rights == RF_RIGHT_READ || rights == (RF_RIGHT_READ | RF_RIGHT_WRITE);
}

/* What is wrong with the arguments of SPACE_MAP by themselves. */
static int check_range(const struct call *call)
{
    u64 address = call->w[0], length = call->w[1], offset = call->w[2];

    if ((address | length | offset) & ~PAGE_MASK || !length || address >= RF_USER_TOP ||
        length > RF_USER_TOP - address || !are_rights(call->w[3]))
        return -EINVAL;
    return 0;
}

static int check_segment(const struct call *call, const struct cap *segment)
{
    u64 held;

    if (!segment || segment->kind != RF_KIND_SEGMENT)
        return -EBADF;
    if (call->w[3] & ~(u64)segment->rights || segment->rights & RF_RIGHT_WEAK)
        return -EACCES;
    if (segment->b)
        return -ENODEV;
    held = PAGE_ALIGN(segment_length(segment));
    return call->w[2] > held || call->w[1] > held - call->w[2] ? -EFBIG : 0;
}

/* Charged. NULL: a limit, or no memory. */
static struct mapping *make(struct space *space)
{
    struct bank *bank = space->object.bank;
    struct mapping *mapping;

    if (space->count == RF_SPACE_MOST || (bank && !bank_charge(bank, RF_RESOURCE_RECORDS, 1)))
        return NULL;
    mapping = calloc(1, sizeof(*mapping));
    if (!mapping && bank)
        bank_uncharge(bank, RF_RESOURCE_RECORDS, 1);
    return mapping;
}

s64 op_SPACE_MAP(struct call *call)
{
    struct space *space = space_of(call->cap->object);
    const struct cap *segment = call_cap(call, 0);
    struct mapping *mapping, *next;
    int error = check_range(call);

    if (!error)
        error = check_segment(call, segment);
    if (error)
        return error;
    next = find(space, call->w[0]);
    if (next && next->address < call->w[0] + call->w[1])
        return -EEXIST;
    mapping = make(space);
    if (!mapping)
        return -ENOSPC;
    call_commit(call);
    mapping->segment = cap_copy(segment, ~0u);
    mapping->address = call->w[0];
    mapping->length = call->w[1];
    mapping->offset = call->w[2];
    mapping->rights = (u32)call->w[3];
    mapping->serial = ++last_serial;
    list_add_tail(next ? &next->link : &space->mappings, &mapping->link);
    space->count++;
    changed(space);
    return 0;
}

s64 op_SPACE_UNMAP(struct call *call)
{
    struct space *space = space_of(call->cap->object);
    struct mapping *mapping = at(space, call->w[0]);

    if (!mapping)
        return -ENOENT;
    call_commit(call);
    drop(space, mapping);
    changed(space);
    return 0;
}

s64 op_SPACE_PROTECT(struct call *call)
{
    struct space *space = space_of(call->cap->object);
    struct mapping *mapping = at(space, call->w[0]);

    if (!mapping)
        return -ENOENT;
    if (!are_rights(call->w[1]))
        return -EINVAL;
    if (call->w[1] & ~(u64)mapping->segment.rights)
        return -EACCES;
    call_commit(call);
    mapping->rights = (u32)call->w[1];
    changed(space);
    return 0;
}

static struct rf_space_mapping description(const struct mapping *mapping)
{
    return (struct rf_space_mapping){.address = mapping->address,
                                     .length = mapping->length,
                                     .offset = mapping->offset,
                                     .serial = mapping->serial,
                                     .rights = mapping->rights,
                                     .stale = mapping->segment.object->dead};
}

s64 space_list(const struct call *call, struct object *object, u64 from)
{
    const struct space *space = space_of(object);
    u32 length = 0;
    int error = call_needs_message(call);

    if (error)
        return error;
    list_for_each(node, &space->mappings) {
        const struct mapping *mapping = list_entry(node, struct mapping, link);
        struct rf_space_mapping record = description(mapping);

        if (mapping->address < from)
            continue;
        if (length + sizeof(record) > RF_MSG_DATA)
            break;
        call_out(call, length, &record, sizeof(record));
        length += sizeof(record);
    }
    return length;
}

s64 op_SPACE_LIST(struct call *call)
{
    return space_list(call, call->cap->object, call->w[0]);
}

s64 space_open(const struct call *call, const struct cap *cap, u64 address)
{
    const struct mapping *mapping = at(space_of(cap->object), address);

    if (!mapping)
        return -ENOENT;
    if (mapping->segment.object->dead)
        return -ESTALE;
    return segment_grant(call, mapping->segment.object,
                         mapping->rights & cap->rights & RF_RIGHT_WRITE);
}

s64 op_SPACE_OPEN(struct call *call)
{
    return space_open(call, call->cap, call->w[0]);
}

s64 op_SPACE_SET_KEEPER(struct call *call)
{
    return keeper_set(call, &space_of(call->cap->object)->keeper);
}

bool space_fault(struct object *object, u64 address)
{
    const struct space *space = space_of(object);
    const struct mapping *mapping = find(space, address);

    return mapping && mapping->address <= address && keeper_tell(&space->keeper, 0);
}
