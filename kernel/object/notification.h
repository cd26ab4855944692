/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: event bits. */
#ifndef KERNEL_OBJECT_NOTIFICATION_H
#define KERNEL_OBJECT_NOTIFICATION_H

#include "kernel/object/object.h"

extern const struct object_class notification_class;

/* NULL: a limit of the bank (NULL: not charged), or no memory. */
struct object *notification_make(struct bank *bank);

/* Sets bits, and wakes who waits for them. For the kernel's own events too; the object must be a
 * notification, and may have ended. */
void notification_signal(struct object *object, u64 bits);

#endif
