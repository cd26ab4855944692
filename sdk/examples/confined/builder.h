/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the client does not trust: makes a constructor of the service. */
#ifndef SDK_EXAMPLES_CONFINED_BUILDER_H
#define SDK_EXAMPLES_CONFINED_BUILDER_H

#include "sdk/ringfence.h"

/* The slot of a constructor of `program`, sealed; with `extra` (0: none) in SLOT_INSTALLED of its
 * instances. -errno. */
s64 builder_make(const char *program, u32 extra);

/* A sealed constructor that makes nothing, with one capability installed. -errno. */
s64 builder_holder(u32 extra);

/* The n-th thing that a builder might put in, and its name; NULL: there are no more. *slot: it, or
 * -errno: it cannot be had here. *discreet: it is no way out. */
const char *smuggle(u32 n, s64 *slot, bool *discreet);

#endif
