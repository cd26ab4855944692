/* SPDX-License-Identifier: Apache-2.0 */
/* The key stream of ChaCha20 (RFC 8439). */
#ifndef LIBOS_PROC_CHACHA_H
#define LIBOS_PROC_CHACHA_H

#include "base/types.h"

#define CHACHA_KEY   32u
#define CHACHA_BLOCK 64u

/* Writes `blocks` blocks of the stream of `key` from block 0 on, with a nonce of zero: a key is to
 * be used once. `out` may be where the key is. */
void chacha_stream(const u8 key[CHACHA_KEY], u8 *out, u32 blocks);

#endif
