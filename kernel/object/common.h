/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of which there is one, and anybody may have it: the caller gets no reference. And clocks.
 */
#ifndef KERNEL_OBJECT_COMMON_H
#define KERNEL_OBJECT_COMMON_H

#include "kernel/object/object.h"

struct cap;
struct rf_clock;

extern const struct object_class host_clock_class, clock_class, discrim_class;

struct object *clock_object(void); /* the host's time */
struct object *discrim_object(void);

/* A clock that runs like that, with one reference, the caller's. NULL: no memory, or a limit of the
 * bank. */
struct object *clock_make(struct bank *bank, const struct rf_clock *relation);

/* How the clock runs, while the capability's object lives; NULL: it is no clock of the kernel's. */
const struct rf_clock *clock_relation(const struct cap *cap);

#endif
