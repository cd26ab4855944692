/* SPDX-License-Identifier: Apache-2.0 */
/* What programs do with the cell's capabilities themselves: abi/local.h. */
#ifndef LIBOS_CAPS_CAPS_H
#define LIBOS_CAPS_CAPS_H

#include "abi/local.h"
#include "libos/host/invoke.h"

/* Whether the operation's result is a descriptor of the host. */
static inline bool grants_descriptor(u32 op)
{
    return op == RF_OP_FILE_MAP || op == RF_OP_SEGMENT_MAP || op == RF_OP_SPACE_OPEN;
}

/* granted.c: an open file of the program in place of the host's descriptor `fd`, which is the
 * result of such an operation with w[0] on the slot, and is closed. Its number, or -E…. */
long granted_install(u32 slot, u32 op, u64 w0, int fd);

/* local.c: WAIT and WAKE, which take no message. */
long word_operation(u32 op, const struct rf_invocation *v);

/* local.c: operations of slot 0. `m` holds the data. */
long local_operation(u32 op, const struct rf_invocation *v, const struct rf_msg *m);

#endif
