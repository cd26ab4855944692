/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/discreet.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/object/call.h"
#include "kernel/object/common.h"

const struct object_class discrim_class = {.kind = RF_KIND_DISCRIM,
                                           .size = sizeof(struct object),
                                           .stored = STORED_DISCRIM,
                                           .only = discrim_object};

struct object *discrim_object(void)
{
    static struct object discrim;

    if (!discrim.references)
        object_init(&discrim, &discrim_class);
    return &discrim;
}

s64 op_DISCRIM_CLASSIFY(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);

    return cap ? cap->kind : RF_KIND_NONE;
}

s64 op_DISCRIM_COMPARE(struct call *call)
{
    const struct cap *a = call_cap(call, 0), *b = call_cap(call, 1);

    return a && b && a->object == b->object && a->kind == b->kind && a->rights == b->rights &&
           a->a == b->a && a->b == b->b;
}

s64 op_DISCRIM_DISCREET(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);

    return !cap || cap_is_discreet(cap);
}
