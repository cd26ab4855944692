/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of host objects, as the cell sees them, and setting them. */
#ifndef KERNEL_OBJECT_ATTR_H
#define KERNEL_OBJECT_ATTR_H

#include "abi/objects.h"

/* Once, before there is a cell. */
void attr_init(void);

/* Who the invoking cell's program is to itself, from now on. What belongs to the host user that the
 * kernel runs as is shown as belonging to that, and the other way round. */
void attr_set_identity(u32 uid, u32 gid);

/* Of `name` in `fd` ("": of fd itself), not following a symbolic link. 0 or a negative errno. */
int attr_get(int fd, const char *name, struct rf_attr *attr);

/* Sets what `set` says on `name` in `fd` ("": on fd itself, opened for real). Checks the request
 * first. Set-user-ID and set-group-ID bits of anything but directories are dropped silently: a cell
 * must not leave programs on the host that run as somebody. 0 or a negative errno. */
int attr_set(int fd, const char *name, const struct rf_setattr *set);

/* Permission bits that a cell may give to a new object of that type (S_IFMT bits). */
u32 attr_allowed_mode(u32 type, u32 mode);

#endif
