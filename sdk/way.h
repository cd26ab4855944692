/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to the kernel, for the files of the SDK alone. */
#ifndef SDK_WAY_H
#define SDK_WAY_H

#include "sdk/ringfence.h"

/* Both take message->words as the message's own words beside w[], and set message->op to 0 once the
 * kernel has begun with the invocation. Results as rf_invoke. */
s64 way_cell(u32 slot, u32 op, const u64 w[4], struct rf_message *message);
s64 way_session(u32 slot, u32 op, const u64 w[4], struct rf_message *message);

/* Whichever it is. */
s64 way_invoke(u32 slot, u32 op, const u64 w[4], struct rf_message *message);

int session_open(const char *world); /* as rf_open */
void session_close(void);

/* Takes over what came in the kernel's message: words, data, caps. 0, or -EMSGSIZE. */
int way_take_answer(struct rf_message *message, const struct rf_msg *from);

#endif
