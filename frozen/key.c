/* SPDX-License-Identifier: Apache-2.0 */
#include "frozen/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC  "ringfence1"
#define SECRET  "RINGFENCE-SECRET-KEY-1"
#define BASE64  sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define ENCODED sodium_base64_ENCODED_LEN(KEY_SIZE, BASE64)

static void encode(const char *before, const u8 key[KEY_SIZE], char text[KEY_TEXT])
{
    char encoded[ENCODED];

    sodium_bin2base64(encoded, sizeof(encoded), key, KEY_SIZE, BASE64);
    snprintf(text, KEY_TEXT, "%s%s", before, encoded);
}

/* What stands behind those words, anywhere in the line. */
static bool decode(const char *before, const char *line, u8 key[KEY_SIZE])
{
    const char *at = strstr(line, before), *end;
    size_t length;

    if (!at)
        return false;
    at += strlen(before);
    return !sodium_base642bin(key, KEY_SIZE, at, strcspn(at, " \t\r\n"), NULL, &length, &end,
                              BASE64) &&
           length == KEY_SIZE && strchr(" \t\r\n", *end);
}

static bool find(const char *path, const char *before, u8 key[KEY_SIZE])
{
    FILE *file = fopen(path, "re");
    char line[512];
    bool found = false;

    if (!file)
        return false;
    errno = 0;
    while (!found && fgets(line, sizeof(line), file))
        found = decode(before, line, key);
    sodium_memzero(line, sizeof(line));
    fclose(file);
    return found;
}

void key_text(const u8 public[KEY_SIZE], char text[KEY_TEXT])
{
    encode(PUBLIC, public, text);
}

bool key_read_public(const char *text, u8 public[KEY_SIZE])
{
    if (!strncmp(text, PUBLIC, strlen(PUBLIC)))
        return decode(PUBLIC, text, public);
    return find(text, PUBLIC, public);
}

bool key_read(const char *path, struct identity *identity)
{
    return find(path, SECRET, identity->secret) &&
           crypto_scalarmult_base(identity->public, identity->secret) == 0;
}

static bool write_file(int fd, const struct identity *identity)
{
    char text[512], secret[KEY_TEXT], public[KEY_TEXT], date[32];
    time_t now = time(NULL);
    int length;
    bool good;

    encode(SECRET, identity->secret, secret);
    key_text(identity->public, public);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    length =
        snprintf(text, sizeof(text), "# created: %s\n# public key: %s\n%s\n", date, public, secret);
    good = write(fd, text, (size_t)length) == length && fsync(fd) == 0;
    sodium_memzero(text, sizeof(text));
    sodium_memzero(secret, sizeof(secret));
    return good;
}

bool key_make(const char *path, struct identity *identity)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return false;
    crypto_box_keypair(identity->public, identity->secret);
    errno = EIO;
    if (write_file(fd, identity)) {
        close(fd);
        return true;
    }
    error = errno;
    close(fd);
    unlink(path);
    errno = error;
    return false;
}
