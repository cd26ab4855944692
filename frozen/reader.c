/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "frozen/frozen.h"

#define OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES

struct frozen_reader {
    struct frozen_header header;
    frozen_read_fn *read;
    void *context;
    crypto_secretstream_xchacha20poly1305_state stream;
    ZSTD_DCtx *zstd;
    ZSTD_inBuffer in; /* what is left of the chunk */
    bool final;       /* it is the last one */
    bool whole;       /* zstd is at the end of its stream */
    u8 chunk[FROZEN_CHUNK], sealed[FROZEN_CHUNK + OVERHEAD];
};

static bool say(char why[FROZEN_WHY], const char *text)
{
    snprintf(why, FROZEN_WHY, "%s", text);
    return false;
}

static bool say_short(char why[FROZEN_WHY], ssize_t n)
{
    return say(why, n < 0 ? strerror(errno) : "it is cut short");
}

static bool say_altered(char why[FROZEN_WHY])
{
    return say(why, "it was altered or is damaged");
}

/* All of the bytes. */
static bool get(struct frozen_reader *reader, void *bytes, size_t length, char why[FROZEN_WHY])
{
    ssize_t n = reader->read(reader->context, bytes, length);

    return n == (ssize_t)length || say_short(why, n);
}

static bool read_header(struct frozen_reader *reader, char why[FROZEN_WHY])
{
    struct frozen_header *header = &reader->header;
    ssize_t n = reader->read(reader->context, header, sizeof(*header));

    if (n < 0)
        return say_short(why, n);
    if (memcmp(header->magic, FROZEN_MAGIC, (size_t)MIN(n, 8)) || !n)
        return say(why, "it is no frozen cell");
    if (n != sizeof(*header))
        return say_short(why, n);
    if (header->version > FROZEN_VERSION)
        return say(why, "it was made by a newer version of ringfence");
    if (header->version != FROZEN_VERSION || header->flags & ~FROZEN_ENCRYPTED)
        return say_altered(why);
    return true;
}

static bool find_key(const struct frozen_header *header, const struct identity *identity,
                     u8 key[KEY_SIZE], char why[FROZEN_WHY])
{
    u8 recipient[8];

    if (!(header->flags & FROZEN_ENCRYPTED)) {
        memcpy(key, header->key, KEY_SIZE);
        return true;
    }
    if (!identity)
        return say(why, "it is encrypted; its key is needed: --identity KEYFILE");
    frozen_recipient(identity->public, recipient);
    if (memcmp(recipient, header->recipient, sizeof(recipient)))
        return say(why, "it is encrypted to another key than that of --identity");
    return crypto_box_seal_open(key, header->key, sizeof(header->key), identity->public,
                                identity->secret) == 0 ||
           say_altered(why);
}

static bool begin(struct frozen_reader *reader, const struct identity *identity,
                  char why[FROZEN_WHY])
{
    u8 key[KEY_SIZE];
    bool good = read_header(reader, why) && find_key(&reader->header, identity, key, why);

    if (good && crypto_secretstream_xchacha20poly1305_init_pull(&reader->stream,
                                                                reader->header.stream, key))
        good = say_altered(why);
    sodium_memzero(key, sizeof(key));
    return good;
}

struct frozen_reader *frozen_open(frozen_read_fn *read, void *context,
                                  const struct identity *identity, char why[FROZEN_WHY])
{
    struct frozen_reader *reader = calloc(1, sizeof(*reader));

    if (reader)
        reader->zstd = ZSTD_createDCtx();
    if (!reader || !reader->zstd) {
        free(reader);
        say(why, strerror(ENOMEM));
        return NULL;
    }
    reader->read = read;
    reader->context = context;
    if (begin(reader, identity, why))
        return reader;
    frozen_close(reader);
    return NULL;
}

/* The next chunk; behind the last one there is nothing. */
static bool next_chunk(struct frozen_reader *reader, char why[FROZEN_WHY])
{
    unsigned long long length;
    u32 stored;
    u8 tag;

    if (!get(reader, &stored, sizeof(stored), why))
        return false;
    if (stored < OVERHEAD || stored > sizeof(reader->sealed))
        return say_altered(why);
    if (!get(reader, reader->sealed, stored, why))
        return false;
    if (crypto_secretstream_xchacha20poly1305_pull(
            &reader->stream, reader->chunk, &length, &tag, reader->sealed, stored,
            (const u8 *)&reader->header, sizeof(reader->header)))
        return say_altered(why);
    reader->final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    reader->in = (ZSTD_inBuffer){reader->chunk, length, 0};
    return !reader->final || reader->read(reader->context, &tag, 1) == 0 || say_altered(why);
}

ssize_t frozen_get(struct frozen_reader *reader, void *bytes, size_t room, char why[FROZEN_WHY])
{
    ZSTD_outBuffer out = {bytes, room, 0};

    while (!out.pos) {
        size_t left;

        if (reader->in.pos == reader->in.size && reader->final)
            return reader->whole || say_altered(why) ? 0 : -1;
        if (reader->in.pos == reader->in.size && !next_chunk(reader, why))
            return -1;
        if (reader->in.pos == reader->in.size)
            continue;
        if (reader->whole) { /* nothing follows the one stream */
            say_altered(why);
            return -1;
        }
        left = ZSTD_decompressStream(reader->zstd, &out, &reader->in);
        if (ZSTD_isError(left)) {
            say_altered(why);
            return -1;
        }
        reader->whole = left == 0;
    }
    return (ssize_t)out.pos;
}

void frozen_close(struct frozen_reader *reader)
{
    if (!reader)
        return;
    ZSTD_freeDCtx(reader->zstd);
    sodium_memzero(reader, sizeof(*reader));
    free(reader);
}
