/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles that the kernel keeps itself, and their far ends. */
#ifndef KERNEL_OBJECT_VIEWER_H
#define KERNEL_OBJECT_VIEWER_H

#include "kernel/cap/table.h"

struct cell;

extern const struct object_class viewer_class, screen_class;

/* NULL: a limit of the bank, or no memory. */
struct object *viewer_make(struct bank *bank);

/* Its console, with a reference of the caller's. NULL: a limit of the bank, or no memory. */
struct object *viewer_console(struct object *viewer);

/* A console for the copy of who has that one: of a copy of its viewer as it is now, with nobody at
 * it; or of a new one, if that is a stream of the host. With a reference; NULL: as above. */
struct object *viewer_console_like(struct object *console, struct bank *bank);

/* checkpoint/hold.h: a cut has what was written until now; whether that is more than may be shown;
 * now it may be. */
void viewer_cut(struct object *object);
bool viewer_holds(const struct object *object);
void viewer_release(struct object *object);

/* The viewer of a console; NULL: it is none of these. The caller gets no reference. */
struct object *viewer_of_console(const struct cap *console);

#endif
