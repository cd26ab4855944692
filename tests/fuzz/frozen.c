/* SPDX-License-Identifier: Apache-2.0 */
/* A frozen file that was cut or altered in any way is refused with one line, or is the one that was
 * written; what a file holds that somebody sealed as it should be, whatever it is, harms nobody. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frozen/frozen.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CONTENT (300u << 10)

struct bytes {
    u8 *bytes;
    size_t size, at;
};

static struct identity identity;
static u8 content[CONTENT];
static struct bytes good[2]; /* in clear, and encrypted */

/* One change to a file. */
struct step {
    u32 at;
    u8 kind; /* 0: it is cut there */
    u8 bits[3];
} __attribute__((packed));

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool append(void *context, const void *bytes, size_t length)
{
    struct bytes *to = context;

    to->bytes = realloc(to->bytes, to->size + length + 1);
    memcpy(to->bytes + to->size, bytes, length);
    to->size += length;
    return true;
}

static ssize_t take(void *context, void *bytes, size_t length)
{
    struct bytes *from = context;

    length = MIN(length, from->size - from->at);
    memcpy(bytes, from->bytes + from->at, length);
    from->at += length;
    return (ssize_t)length;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(sodium_init() >= 0 && crypto_box_keypair(identity.public, identity.secret) == 0);
    for (u32 i = 0; i < CONTENT; i++)
        content[i] = (u8)(i % 3 ? i * i >> 7 : random());
    for (u32 i = 0; i < 2; i++) {
        struct frozen_writer *writer = frozen_create(append, &good[i], i ? identity.public : NULL);

        require(writer && frozen_put(writer, content, CONTENT) && frozen_end(writer));
    }
    return 0;
}

/* How much of it could be read, with *whole if that was said to be all. */
static size_t read_all(struct bytes *file, u8 *to, size_t room, bool *whole)
{
    char why[FROZEN_WHY] = "";
    struct frozen_reader *reader = frozen_open(take, file, &identity, why);
    size_t done = 0;
    ssize_t n = -1;

    while (reader && done < room && (n = frozen_get(reader, to + done, room - done, why)) > 0)
        done += (size_t)n;
    require((n < 0) == !!*why && !strchr(why, '\n'));
    frozen_close(reader);
    *whole = n == 0;
    return done;
}

static void damage(const u8 *data, size_t size)
{
    static u8 back[CONTENT + 1];
    const struct bytes *from = &good[data[0] % 2];
    struct bytes file = {0};
    struct step step;
    size_t length;
    bool whole;

    append(&file, from->bytes, from->size);
    for (data++, size--; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
        memcpy(&step, data, sizeof(step));
        if (!file.size)
            break;
        step.at %= (u32)file.size;
        if (!step.kind)
            file.size = step.at;
        for (u32 i = 0; step.kind && i < sizeof(step.bits) && step.at + i < file.size; i++)
            file.bytes[step.at + i] ^= step.bits[i];
    }
    length = read_all(&file, back, sizeof(back), &whole);
    require(!memcmp(back, content, length) && (!whole || length == CONTENT));
    free(file.bytes);
}

/* Chunks of the input's bytes, sealed by who has the key. */
static void forge(const u8 *data, size_t size)
{
    static u8 back[CONTENT], sealed[FROZEN_CHUNK + 17];
    crypto_secretstream_xchacha20poly1305_state stream;
    struct frozen_header header;
    struct bytes file = {0};
    bool whole;

    memcpy(&header, good[0].bytes, sizeof(header));
    crypto_secretstream_xchacha20poly1305_init_push(&stream, header.stream, header.key);
    append(&file, &header, sizeof(header));
    do {
        size_t length = MIN(size ? data[0] * 16u : 0, size ? size - 1 : 0);
        bool last = size <= length + 1;
        unsigned long long made;
        u32 stored;

        crypto_secretstream_xchacha20poly1305_push(
            &stream, sealed, &made, data + (size ? 1 : 0), length, (const u8 *)&header,
            sizeof(header), last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
        stored = (u32)made;
        append(&file, &stored, sizeof(stored));
        append(&file, sealed, made);
        data += length + 1;
        size = last ? 0 : size - length - 1;
    } while (size);
    read_all(&file, back, sizeof(back), &whole);
    free(file.bytes);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct bytes file = {(u8 *)(uintptr_t)data, size, 0};
    static u8 back[4096];
    bool whole;

    if (!size)
        return 0;
    switch (data[0] % 3) {
    case 0: read_all(&file, back, sizeof(back), &whole); break;
    case 1:
        if (size > 1)
            damage(data + 1, size - 1);
        break;
    default: forge(data + 1, size - 1);
    }
    return 0;
}
