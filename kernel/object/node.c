/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/node.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/cap/weak.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"

struct node {
    struct object object;
    u32 size;
    struct cap *slots; /* what is stale counts as empty */
};

static void node_destroy(struct object *object);
static void node_save(const struct object *object, struct record *to);
static struct object *node_load(struct record *from, struct bank *bank);
static void node_link(struct object *object, struct record *from);

const struct object_class node_class = {.kind = RF_KIND_NODE,
                                        .records = 1,
                                        .size = sizeof(struct node),
                                        .destroy = node_destroy,
                                        .stored = STORED_NODE,
                                        .save = node_save,
                                        .load = node_load,
                                        .link = node_link};

/* Beyond the one of the object itself. */
static u64 records(u64 size)
{
    return size / CAP_CHUNK;
}

struct object *node_make(struct bank *bank, u64 size)
{
    struct object *object = object_new_with(&node_class, bank, RF_RESOURCE_RECORDS, records(size));
    struct node *node;

    if (!object)
        return NULL;
    node = container_of(object, struct node, object);
    node->size = (u32)size;
    node->slots = calloc(size, sizeof(struct cap));
    if (node->slots)
        return object;
    object_release(object);
    return NULL;
}

static void node_destroy(struct object *object)
{
    struct node *node = container_of(object, struct node, object);

    for (u32 i = 0; node->slots && i < node->size; i++)
        cap_drop(&node->slots[i]);
    free(node->slots);
    node->slots = NULL;
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_RECORDS, records(node->size));
}

static struct node *node_of(const struct call *call)
{
    return container_of(call->cap->object, struct node, object);
}

/* NULL: there is no such index. */
static struct cap *slot_of(const struct call *call, u64 index)
{
    struct node *node = node_of(call);

    return index < node->size ? &node->slots[index] : NULL;
}

static bool is_empty(const struct cap *slot)
{
    return !slot->object || slot->object->dead;
}

/* What is fetched through a weak capability to a node. */
static int fetched_rights(const struct call *call, const struct cap *slot, u32 *rights)
{
    *rights = ~0u;
    if (!(call->cap->rights & RF_RIGHT_WEAK))
        return 0;
    return cap_weak_rights(slot, rights) ? 0 : -EACCES;
}

s64 op_NODE_GET(struct call *call)
{
    const struct cap *slot = slot_of(call, call->w[0]);
    struct cap copy;
    u32 rights;
    int error;

    if (!slot)
        return -ERANGE;
    if (is_empty(slot))
        return -ENOENT;
    error = fetched_rights(call, slot, &rights);
    if (error)
        return error;
    copy = cap_copy(slot, rights);
    if (call->cap->rights & RF_RIGHT_WEAK)
        copy.rights = (u8)rights;
    return call_new_cap(call, copy);
}

/* What was there goes to the caller who may read, and is dropped otherwise. */
s64 op_NODE_SWAP(struct call *call)
{
    struct cap *slot = slot_of(call, call->w[0]), *cap = call_cap(call, 0), old;
    bool gives;
    s64 result = 0;

    if (!slot)
        return -ERANGE;
    if (call->cap_count && !cap)
        return -EBADF;
    if (cap && cap->object == call->cap->object)
        return -ELOOP;
    gives = !is_empty(slot) && call->cap->rights & RF_RIGHT_READ;
    if (gives && !table_has_room(&call->domain->caps, 1))
        return -ENFILE;
    call_commit(call);
    old = *slot;
    *slot = cap ? cap_copy(cap, ~0u) : (struct cap){0};
    if (gives)
        result = table_add(&call->domain->caps, old);
    else
        cap_drop(&old);
    return result;
}

s64 op_NODE_CLEAR(struct call *call)
{
    struct cap *slot = slot_of(call, call->w[0]);

    if (!slot)
        return -ERANGE;
    call_commit(call);
    cap_drop(slot);
    return 0;
}

s64 op_NODE_COPY(struct call *call)
{
    struct cap *from = slot_of(call, call->w[0]), *to = slot_of(call, call->w[1]), old, copy = {0};

    if (!from || !to)
        return -ERANGE;
    call_commit(call);
    if (!is_empty(from))
        copy = cap_copy(from, ~0u);
    old = *to;
    *to = copy;
    cap_drop(&old);
    return 0;
}

s64 op_NODE_SIZE(struct call *call)
{
    return node_of(call)->size;
}

s64 op_NODE_WEAKEN(struct call *call)
{
    struct cap weak = cap_copy(call->cap, RF_RIGHT_READ);

    weak.rights |= RF_RIGHT_WEAK;
    return call_new_cap(call, weak);
}

static void node_save(const struct object *object, struct record *to)
{
    const struct node *node = container_of(object, const struct node, object);

    record_put_number(to, node->size);
    for (u32 i = 0; i < node->size; i++)
        record_put_cap(to, &node->slots[i]);
}

static struct object *node_load(struct record *from, struct bank *bank)
{
    u64 size = record_get_number(from);

    return size && size <= RF_NODE_MOST ? node_make(bank, size) : NULL;
}

static void node_link(struct object *object, struct record *from)
{
    struct node *node = container_of(object, struct node, object);

    for (u32 i = 0; i < node->size; i++)
        node->slots[i] = record_get_cap(from);
}
