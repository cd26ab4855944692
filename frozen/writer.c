/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "frozen/frozen.h"

#define LEVEL 3

struct frozen_writer {
    struct frozen_header header;
    frozen_write_fn *write;
    void *context;
    crypto_secretstream_xchacha20poly1305_state stream;
    ZSTD_CCtx *zstd;
    size_t filled;
    u8 chunk[FROZEN_CHUNK];
    u8 sealed[FROZEN_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES];
};

_Static_assert(crypto_secretstream_xchacha20poly1305_ABYTES == 17 &&
                   crypto_secretstream_xchacha20poly1305_HEADERBYTES == 24 &&
                   crypto_box_SEALBYTES + KEY_SIZE == 80,
               "the format counts on it");

void frozen_recipient(const u8 public[KEY_SIZE], u8 recipient[8])
{
    u8 hash[crypto_generichash_BYTES];

    crypto_generichash(hash, sizeof(hash), public, KEY_SIZE, NULL, 0);
    memcpy(recipient, hash, 8);
}

static bool begin(struct frozen_writer *writer, const u8 *public)
{
    struct frozen_header *header = &writer->header;
    u8 key[KEY_SIZE];

    memcpy(header->magic, FROZEN_MAGIC, sizeof(header->magic));
    header->version = FROZEN_VERSION;
    crypto_secretstream_xchacha20poly1305_keygen(key);
    if (public) {
        header->flags = FROZEN_ENCRYPTED;
        frozen_recipient(public, header->recipient);
        if (crypto_box_seal(header->key, key, sizeof(key), public))
            return false;
    } else {
        memcpy(header->key, key, sizeof(key));
    }
    crypto_secretstream_xchacha20poly1305_init_push(&writer->stream, header->stream, key);
    sodium_memzero(key, sizeof(key));
    return writer->write(writer->context, header, sizeof(*header));
}

struct frozen_writer *frozen_create(frozen_write_fn *write, void *context, const u8 *public)
{
    struct frozen_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return NULL;
    writer->write = write;
    writer->context = context;
    writer->zstd = ZSTD_createCCtx();
    if (writer->zstd &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
        begin(writer, public))
        return writer;
    ZSTD_freeCCtx(writer->zstd);
    free(writer);
    return NULL;
}

static bool put_chunk(struct frozen_writer *writer, u8 tag)
{
    unsigned long long length;
    u32 stored;

    crypto_secretstream_xchacha20poly1305_push(
        &writer->stream, writer->sealed, &length, writer->chunk, writer->filled,
        (const u8 *)&writer->header, sizeof(writer->header), tag);
    stored = (u32)length;
    writer->filled = 0;
    return writer->write(writer->context, &stored, sizeof(stored)) &&
           writer->write(writer->context, writer->sealed, length);
}

/* All of the bytes go in, and with `end` all comes out. */
static bool compress(struct frozen_writer *writer, const void *bytes, size_t length,
                     ZSTD_EndDirective end)
{
    ZSTD_inBuffer in = {bytes, length, 0};
    size_t left;

    do {
        ZSTD_outBuffer out = {writer->chunk, sizeof(writer->chunk), writer->filled};

        left = ZSTD_compressStream2(writer->zstd, &out, &in, end);
        if (ZSTD_isError(left))
            return false;
        writer->filled = out.pos;
        if (writer->filled == sizeof(writer->chunk) && !put_chunk(writer, 0))
            return false;
    } while (end == ZSTD_e_end ? left : in.pos < in.size);
    return true;
}

bool frozen_put(struct frozen_writer *writer, const void *bytes, size_t length)
{
    return compress(writer, bytes, length, ZSTD_e_continue);
}

bool frozen_end(struct frozen_writer *writer)
{
    bool good = compress(writer, NULL, 0, ZSTD_e_end) &&
                put_chunk(writer, crypto_secretstream_xchacha20poly1305_TAG_FINAL);

    ZSTD_freeCCtx(writer->zstd);
    sodium_memzero(writer, sizeof(*writer));
    free(writer);
    return good;
}
