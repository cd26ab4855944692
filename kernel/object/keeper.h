/* SPDX-License-Identifier: Apache-2.0 */
/* Keepers: the notification that hears of what happens to an object. */
#ifndef KERNEL_OBJECT_KEEPER_H
#define KERNEL_OBJECT_KEEPER_H

#include "kernel/object/object.h"

struct call;

struct keeper {
    struct object *notification; /* a reference; NULL: none */
    u64 bits[2];                 /* for each kind of event */
};

/* What every …_SET_KEEPER does: the notification that came and the bits in w[0] and w[1], or none.
 * 0 past the commit point; -EBADF, -EACCES. */
s64 keeper_set(struct call *call, struct keeper *keeper);

/* Signals that event: true if there was somebody to tell. */
bool keeper_tell(const struct keeper *keeper, u32 event);

void keeper_drop(struct keeper *keeper);

struct record;

/* In the record of the object that it is told of. */
void keeper_save(const struct keeper *keeper, struct record *to);
void keeper_load(struct keeper *keeper, struct record *from);

#endif
