/* SPDX-License-Identifier: Apache-2.0 */
/* The classes of objects that are kept, by their marks. */
#ifndef KERNEL_CHECKPOINT_CLASSES_H
#define KERNEL_CHECKPOINT_CLASSES_H

#include "kernel/object/object.h"

/* enum stored_class; NULL: none has that mark. */
const struct object_class *stored_class(u64 stored);

#endif
