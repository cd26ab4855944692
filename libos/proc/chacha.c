/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/proc/chacha.h"

#include "base/string.h"

static inline u32 rotate(u32 x, int n)
{
    return x << n | x >> (32 - n);
}

static inline void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

static void block(const u32 state[16], u8 out[CHACHA_BLOCK])
{
    u32 x[16];
    memcpy(x, state, sizeof(x));
    for (int round = 0; round < 10; round++) {
        for (int n = 0; n < 4; n++)
            quarter(&x[n], &x[4 + n], &x[8 + n], &x[12 + n]);
        for (int n = 0; n < 4; n++)
            quarter(&x[n], &x[4 + (n + 1) % 4], &x[8 + (n + 2) % 4], &x[12 + (n + 3) % 4]);
    }
    for (int n = 0; n < 16; n++)
        x[n] += state[n];
    memcpy(out, x, CHACHA_BLOCK);
}

void chacha_stream(const u8 key[CHACHA_KEY], u8 *out, u32 blocks)
{
    u32 state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(&state[4], key, CHACHA_KEY);
    for (u32 n = 0; n < blocks; n++) {
        state[12] = n;
        block(state, out + n * CHACHA_BLOCK);
    }
}
