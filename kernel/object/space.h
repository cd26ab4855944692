/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: lists of mappings. */
#ifndef KERNEL_OBJECT_SPACE_H
#define KERNEL_OBJECT_SPACE_H

#include "kernel/object/call.h"

/* NULL: a limit of the bank, or no memory. */
struct object *space_make(struct bank *bank);

/* `shower` is told of changes by process_space_changed from now on, until it is taken off its list.
 * The space has not ended. */
void space_show(struct object *object, struct list *shower);

/* What SPACE_LIST and SPACE_OPEN do, for a holder with those rights; of a space that has ended, as
 * of an empty one. */
s64 space_list(const struct call *call, struct object *object, u64 from);
s64 space_open(const struct call *call, const struct cap *cap, u64 address);

/* A fault at that address: true if it lies in a mapping and the keeper was told. */
bool space_fault(struct object *object, u64 address);

#endif
