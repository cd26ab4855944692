/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a program over memory that it shares with its caller: one hand-over each way, and the
 * kernel is not asked. For calls that carry no capability.
 *
 * The caller makes a segment of its own bank and sends it in a BIND message to the entry; a server
 * that takes channels (rf_serve_channels) maps it and serves it with a thread of its own, by the
 * same handler. One call at a time goes over a channel. Either side may write all of the memory at
 * any time, and its owner may take it away: each side copies what it looks at, and finds the
 * channel closed when the memory is gone. */
#ifndef SDK_CHANNEL_H
#define SDK_CHANNEL_H

#include "sdk/ringfence.h"

struct rf_channel;

/* Binds a channel to the entry. 0; -EOPNOTSUPP: it serves none, or is no program; as rf_invoke. */
s64 rf_channel_open(u32 entry, struct rf_channel **channel);
void rf_channel_close(struct rf_channel *channel); /* NULL: nothing */

/* As rf_invoke of the entry: words and data out and back. -EINVAL: it carries capabilities.
 * -ESTALE: the entry was revoked, or the server is gone. The caller waits whatever signals come. */
s64 rf_channel_call(struct rf_channel *channel, u32 op, struct rf_message *message);

/* As rf_serve, and takes channels: the handler runs in several threads then, with resume 0 for
 * calls of a channel, which it can neither forward nor keep, and cannot answer with capabilities.
 */
int rf_serve_channels(u32 endpoint, rf_handler *handler, void *context);

/* Sleeping on memory that is shared with other cells: as FUTEX_WAIT and FUTEX_WAKE. deadline_ns:
 * CLOCK_MONOTONIC, 0: none. 0, -EAGAIN, -ETIMEDOUT, -EINTR, -EFAULT. */
s64 rf_word_wait(u32 *word, u32 value, u64 deadline_ns);
void rf_word_wake(u32 *word, u32 count);

/* Maps a segment: its memory, or NULL with errno. Undo with munmap. */
void *rf_map(u32 segment, size_t length, u32 rights);

#endif
