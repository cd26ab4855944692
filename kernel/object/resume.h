/* SPDX-License-Identifier: Apache-2.0 */
/* Resume capabilities: a caller that waits, to be answered once. */
#ifndef KERNEL_OBJECT_RESUME_H
#define KERNEL_OBJECT_RESUME_H

#include "kernel/object/endpoint.h"

extern const struct object_class resume_class;

struct resume *resume_make(struct bank *bank);

/* From now on the pending call is answered by way of the object, or by its end. */
void resume_bind(struct resume *resume, struct pending *caller);

/* Answers the caller with the message of `call`. 0; -ESTALE: nobody waits; -ENFILE: its table could
 * not take the capabilities, and it was told so. */
s64 resume_reply(struct call *call, struct resume *resume, s64 result);

#endif
