/* SPDX-License-Identifier: Apache-2.0 */
/* Segments: bytes. */
#ifndef KERNEL_OBJECT_SEGMENT_H
#define KERNEL_OBJECT_SEGMENT_H

#include "kernel/cap/table.h"

struct call;

extern const struct object_class segment_class;

/* An empty segment of at most RF_SEGMENT_MOST bytes. NULL: a limit of the bank, or the host has no
 * more descriptors. */
struct object *segment_make(struct bank *bank, u64 size);

/* What of it a capability to a segment reaches. */
u64 segment_length(const struct cap *cap);

/* Reads what lies there, fewer at the end: bytes, or a negative errno. */
s64 segment_read(const struct cap *cap, u64 offset, void *to, u64 length);

/* Gives the caller a descriptor of the segment: CALL_GRANTED, or a negative errno. */
s64 segment_grant(const struct call *call, struct object *object, bool writes);

/* Charges for pages that were touched in mappings: of those that may be mapped, a bounded number in
 * turn. */
void segments_sample(void);

/* The segment that has that file of the host, or NULL. */
struct object *segment_of_file(u64 device, u64 inode);

/* A descriptor of its file, which the caller closes; or negative. */
int segment_descriptor(const struct object *segment, bool writes);

#endif
