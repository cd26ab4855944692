/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/encrypt/format.h"

#include <sodium.h>
#include <string.h>

#define CONTEXT "RFENCDIR"
#define NONCE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SIV     16u
#define BASE64  sodium_base64_VARIANT_URLSAFE_NO_PADDING

static const u8 proof_magic[8] = "RFENCD1\n", file_magic[8] = "RFENCF1\n";

_Static_assert(NONCE == 24 && TAG == 16, "the format counts on it");
_Static_assert(SEALED_BLOCK == NONCE + BLOCK + TAG, "the format counts on it");
_Static_assert(PROOF_SIZE == 8 + 16 + NONCE + TAG, "the format counts on it");

/* In a file, in this order. */
struct sealed_header {
    u8 magic[8], id[ID_SIZE], nonce[NONCE], text[16 + TAG], zeros[32];
};
_Static_assert(sizeof(struct sealed_header) == HEADER_SIZE, "stored layout");

struct header_text {
    u64 size;
    u32 mode, zero;
};

bool keys_make(struct keys *keys, const u8 *secret, size_t length, bool is_passphrase,
               const u8 proof[PROOF_SIZE])
{
    const u8 *salt = proof + 8;
    u8 master[32];

    if (!length)
        return false;
    if (is_passphrase) {
        if (crypto_pwhash(master, sizeof(master), (const char *)secret, length, salt,
                          crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
                          crypto_pwhash_ALG_ARGON2ID13))
            return false;
    } else {
        crypto_generichash(master, sizeof(master), secret, length, salt, 16);
    }
    crypto_kdf_derive_from_key(keys->names, 32, 1, CONTEXT, master);
    crypto_kdf_derive_from_key(keys->nonces, 32, 2, CONTEXT, master);
    crypto_kdf_derive_from_key(keys->files, 32, 3, CONTEXT, master);
    sodium_memzero(master, sizeof(master));
    return true;
}

void proof_begin(u8 proof[PROOF_SIZE])
{
    memcpy(proof, proof_magic, 8);
    randombytes_buf(proof + 8, 16 + NONCE);
}

void proof_finish(u8 proof[PROOF_SIZE], const struct keys *keys)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(proof + 24 + NONCE, NULL, NULL, 0, proof, 24, NULL,
                                               proof + 24, keys->files);
}

bool proof_is_right(const u8 proof[PROOF_SIZE], const struct keys *keys)
{
    return memcmp(proof, proof_magic, 8) == 0 &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(NULL, NULL, NULL, proof + 24 + NONCE, TAG,
                                                      proof, 24, proof + 24, keys->files) == 0;
}

static void synthetic_nonce(const struct keys *keys, const u8 *text, size_t n, u8 nonce[NONCE])
{
    memset(nonce, 0, NONCE);
    crypto_generichash(nonce, SIV, text, n, keys->nonces, sizeof(keys->nonces));
}

size_t text_seal(const struct keys *keys, const char *text, size_t n, char *to, size_t room)
{
    u8 binary[4096], nonce[NONCE];

    if (n + SIV > sizeof(binary) || sodium_base64_ENCODED_LEN(n + SIV, BASE64) > room)
        return 0;
    synthetic_nonce(keys, (const u8 *)text, n, nonce);
    memcpy(binary, nonce, SIV);
    crypto_stream_xchacha20_xor(binary + SIV, (const u8 *)text, n, nonce, keys->names);
    sodium_bin2base64(to, room, binary, n + SIV, BASE64);
    return strlen(to);
}

size_t text_open(const struct keys *keys, const char *sealed, size_t n, char *to, size_t room)
{
    u8 binary[4096], nonce[NONCE] = {0}, right[NONCE];
    size_t length;

    if (sodium_base642bin(binary, sizeof(binary), sealed, n, NULL, &length, NULL, BASE64) ||
        length <= SIV || length - SIV >= room)
        return 0;
    memcpy(nonce, binary, SIV);
    crypto_stream_xchacha20_xor((u8 *)to, binary + SIV, length - SIV, nonce, keys->names);
    synthetic_nonce(keys, (const u8 *)to, length - SIV, right);
    if (sodium_memcmp(nonce, right, NONCE) != 0)
        return 0;
    to[length - SIV] = '\0';
    return length - SIV;
}

static void file_key(const struct keys *keys, const u8 id[ID_SIZE], u8 key[32])
{
    crypto_generichash(key, 32, id, ID_SIZE, keys->files, sizeof(keys->files));
}

void header_new(struct header *header)
{
    *header = (struct header){0};
    randombytes_buf(header->id, sizeof(header->id));
}

void header_seal(const struct keys *keys, const struct header *header, u8 to[HEADER_SIZE])
{
    struct sealed_header sealed = {0};
    struct header_text text = {header->size, header->mode, 0};
    u8 key[32];

    memcpy(sealed.magic, file_magic, sizeof(sealed.magic));
    memcpy(sealed.id, header->id, ID_SIZE);
    randombytes_buf(sealed.nonce, NONCE);
    file_key(keys, header->id, key);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.text, NULL, (u8 *)&text, sizeof(text),
                                               sealed.magic, sizeof(sealed.magic), NULL,
                                               sealed.nonce, key);
    memcpy(to, &sealed, sizeof(sealed));
}

bool header_open(const struct keys *keys, const u8 from[HEADER_SIZE], struct header *header)
{
    struct sealed_header sealed;
    struct header_text text;
    u8 key[32];

    memcpy(&sealed, from, sizeof(sealed));
    file_key(keys, sealed.id, key);
    if (memcmp(sealed.magic, file_magic, sizeof(sealed.magic)) != 0 ||
        crypto_aead_xchacha20poly1305_ietf_decrypt((u8 *)&text, NULL, NULL, sealed.text,
                                                   sizeof(sealed.text), sealed.magic,
                                                   sizeof(sealed.magic), sealed.nonce, key))
        return false;
    memcpy(header->id, sealed.id, ID_SIZE);
    header->size = text.size;
    header->mode = text.mode;
    return true;
}

void block_seal(const struct keys *keys, const u8 id[ID_SIZE], u64 number, const u8 text[BLOCK],
                u8 to[SEALED_BLOCK])
{
    u8 key[32];

    file_key(keys, id, key);
    randombytes_buf(to, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(to + NONCE, NULL, text, BLOCK, (u8 *)&number,
                                               sizeof(number), NULL, to, key);
}

bool block_open(const struct keys *keys, const u8 id[ID_SIZE], u64 number,
                const u8 from[SEALED_BLOCK], u8 text[BLOCK])
{
    u8 key[32];

    file_key(keys, id, key);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, from + NONCE, BLOCK + TAG,
                                                      (u8 *)&number, sizeof(number), from,
                                                      key) == 0;
}
