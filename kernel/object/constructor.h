/* SPDX-License-Identifier: Apache-2.0 */
/* Constructors: programs with what their instances get. */
#ifndef KERNEL_OBJECT_CONSTRUCTOR_H
#define KERNEL_OBJECT_CONSTRUCTOR_H

#include "kernel/object/object.h"

/* Constructors that may be looked at for one question. */
#define CONSTRUCTORS_LOOKED_AT 64

extern const struct object_class constructor_class;

/* NULL: a limit of the bank, or no memory. */
struct object *constructor_make(struct bank *bank);

/* Whether it is sealed and no instance can hold a way out: not even by way of other constructors.
 * At most *budget of them are looked at, which is less by so many then; when they are more the
 * answer is no. */
bool constructor_is_discreet(struct object *constructor, u32 *budget);

#endif
