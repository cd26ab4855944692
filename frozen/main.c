/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence-frozen: seal NAME [KEY] packs its standard input, open NAME [KEYFILE] unpacks it, to
 * its standard output; key FILE makes a key. Says what went wrong in one line, with status 1; the
 * name is for that. */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frozen/frozen.h"

#define PIECE (256u << 10)

_Noreturn static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn static void fail(const char *format, ...)
{
    char text[4400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "ringfence: %s\n", text);
    exit(1);
}

static ssize_t read_fd(void *context, void *bytes, size_t length)
{
    int fd = *(int *)context;
    size_t done = 0;

    while (done < length) {
        ssize_t n = read(fd, (char *)bytes + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static bool write_fd(void *context, const void *bytes, size_t length)
{
    int fd = *(int *)context;
    size_t done = 0;

    while (done < length) {
        ssize_t n = write(fd, (const char *)bytes + done, length - done);

        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void seal(const char *name, const char *key)
{
    static u8 piece[PIECE];
    int input = STDIN_FILENO, output = STDOUT_FILENO;
    struct frozen_writer *writer;
    u8 public[KEY_SIZE];
    bool good;
    ssize_t n = 0;

    if (key && !key_read_public(key, public))
        fail("%s: it is no public key, and no file that has one; see: ringfence help key", key);
    errno = ENOMEM;
    writer = frozen_create(write_fd, &output, key ? public : NULL);
    good = writer;
    while (good && (n = read_fd(&input, piece, sizeof(piece))) > 0)
        good = frozen_put(writer, piece, (size_t)n);
    if (!good || n < 0 || !frozen_end(writer) || (fsync(output) < 0 && errno != EINVAL))
        fail("cannot write %s: %s", name, strerror(errno));
}

static void unpack(const char *name, const char *key_file)
{
    static u8 piece[PIECE];
    int input = STDIN_FILENO, output = STDOUT_FILENO;
    struct identity identity;
    struct frozen_reader *reader;
    char why[FROZEN_WHY] = "";
    ssize_t n;

    if (key_file && !key_read(key_file, &identity))
        fail("%s: %s", key_file, errno ? strerror(errno) : "there is no secret key in it");
    reader = frozen_open(read_fd, &input, key_file ? &identity : NULL, why);
    if (!reader)
        fail("%s: %s", name, why);
    while ((n = frozen_get(reader, piece, sizeof(piece), why)) > 0) {
        if (!write_fd(&output, piece, (size_t)n))
            exit(1); /* nobody reads any more, and has said why */
    }
    if (n < 0)
        fail("%s: %s", name, why);
    frozen_close(reader);
}

static void make_key(const char *path)
{
    struct identity identity;
    char text[KEY_TEXT];

    if (!key_make(path, &identity))
        fail("cannot make %s: %s", path, strerror(errno));
    key_text(identity.public, text);
    puts(text);
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        fail("libsodium cannot be used here");
    if (argc >= 3 && !strcmp(argv[1], "seal"))
        seal(argv[2], argv[3]);
    else if (argc >= 3 && !strcmp(argv[1], "open"))
        unpack(argv[2], argv[3]);
    else if (argc == 3 && !strcmp(argv[1], "key"))
        make_key(argv[2]);
    else
        fail("ringfence-frozen is started by ringfence freeze, thaw and key");
    return 0;
}
