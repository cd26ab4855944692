/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of which there is one, and anybody may have it. The caller gets no reference. */
#ifndef KERNEL_OBJECT_COMMON_H
#define KERNEL_OBJECT_COMMON_H

#include "kernel/object/object.h"

struct object *clock_object(void);
struct object *discrim_object(void);

#endif
