/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, names and records of an encrypted directory, as README.md here describes them. Nothing here
 * touches files. */
#ifndef SDK_EXAMPLES_ENCRYPT_FORMAT_H
#define SDK_EXAMPLES_ENCRYPT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"

#define BLOCK        4096u
#define ID_SIZE      32u
#define HEADER_SIZE  128u
#define SEALED_BLOCK (24u + BLOCK + 16u)
#define PROOF_SIZE   64u
#define PROOF_NAME   "ringfence-encrypt"
#define NAME_MOST    175u

struct keys {
    u8 names[32], nonces[32], files[32];
};

/* What a file's header says. */
struct header {
    u8 id[ID_SIZE];
    u64 size;
    u32 mode; /* permission bits */
};

/* Makes the keys out of a secret and the salt in the proof. False: no memory, or no secret. */
bool keys_make(struct keys *keys, const u8 *secret, size_t length, bool is_passphrase,
               const u8 proof[PROOF_SIZE]);
/* A new proof begins with its magic and a random salt; the keys that are made with it finish it. */
void proof_begin(u8 proof[PROOF_SIZE]);
void proof_finish(u8 proof[PROOF_SIZE], const struct keys *keys);
bool proof_is_right(const u8 proof[PROOF_SIZE], const struct keys *keys);

/* One name, or a link's target. The length, or 0: it does not fit into `room` (with its NUL), or,
 * opening, it is not one that these keys made. */
size_t text_seal(const struct keys *keys, const char *text, size_t n, char *to, size_t room);
size_t text_open(const struct keys *keys, const char *sealed, size_t n, char *to, size_t room);

/* A random id. */
void header_new(struct header *header);
void header_seal(const struct keys *keys, const struct header *header, u8 to[HEADER_SIZE]);
bool header_open(const struct keys *keys, const u8 from[HEADER_SIZE], struct header *header);

void block_seal(const struct keys *keys, const u8 id[ID_SIZE], u64 number, const u8 text[BLOCK],
                u8 to[SEALED_BLOCK]);
bool block_open(const struct keys *keys, const u8 id[ID_SIZE], u64 number,
                const u8 from[SEALED_BLOCK], u8 text[BLOCK]);

#endif
