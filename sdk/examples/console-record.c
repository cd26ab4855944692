/* SPDX-License-Identifier: Apache-2.0 */
/* A console that passes everything on, and records it (asciicast v2): console-record FILE
 *
 * A wrapper (rf_offer in sdk/ringfence.h). What is written is an "o" event, what is read "i", a new
 * size "r". Bytes that are no UTF-8 are \udc80 to \udcff, so that nothing is lost; a player that
 * does not know that shows a sign for each. The file begins with the first event: if it is there
 * already, as with a second stream, it is FILE.2, FILE.3 and so on. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/ringfence.h"

#define THREADS                                                                                    \
    4 /* so many may wait in CONSOLE_READ; others are served meanwhile if it is one less */

/* What of one direction is not yet a whole character. */
struct tail {
    unsigned char bytes[4];
    u32 count;
};

static struct {
    pthread_mutex_t lock;
    const char *path;
    FILE *file;
    struct timespec start;
    u64 size; /* as CONSOLE_INFO says it */
    u32 target, endpoint;
    struct tail in, out;
} record = {.lock = PTHREAD_MUTEX_INITIALIZER, .path = "", .size = 80 | 24ul << 32};

static void begin(void)
{
    char path[4096];
    int fd = open(record.path, O_WRONLY | O_CREAT | O_EXCL, 0644);

    for (int n = 2; fd < 0 && errno == EEXIST && n < 100; n++) {
        snprintf(path, sizeof(path), "%s.%d", record.path, n);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    }
    record.file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!record.file) {
        fprintf(stderr, "console-record: %s: %s\n", record.path, strerror(errno));
        exit(1);
    }
    clock_gettime(CLOCK_MONOTONIC, &record.start);
    fprintf(record.file, "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": %ld}\n",
            (u32)record.size, (u32)(record.size >> 32), time(NULL));
}

static void event(char kind)
{
    struct timespec now;

    if (!record.file)
        begin();
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(record.file, "[%.6f, \"%c\", \"",
            (double)(now.tv_sec - record.start.tv_sec) +
                (double)(now.tv_nsec - record.start.tv_nsec) / 1e9,
            kind);
}

/* Bytes of the character at `text`; 0: it is none; more than `left`: the rest is yet to come. */
static u32 character(const unsigned char *text, size_t left)
{
    u32 length = *text < 0x80                    ? 1
                 : *text >= 0xc2 && *text < 0xe0 ? 2
                 : *text >= 0xe0 && *text < 0xf0 ? 3
                 : *text >= 0xf0 && *text < 0xf5 ? 4
                                                 : 0;
    unsigned char second_least = *text == 0xe0 ? 0xa0 : *text == 0xf0 ? 0x90 : 0x80;
    unsigned char second_most = *text == 0xed ? 0x9f : *text == 0xf4 ? 0x8f : 0xbf;

    for (u32 i = 1; i < length && i < left; i++) {
        if (text[i] < (i == 1 ? second_least : 0x80) || text[i] > (i == 1 ? second_most : 0xbf))
            return 0;
    }
    return length;
}

static void put(const unsigned char *text, u32 length)
{
    if (length == 0)
        fprintf(record.file, "\\udc%02x", *text);
    else if (length == 1 && (*text < ' ' || *text == '"' || *text == '\\' || *text == 0x7f))
        fprintf(record.file, "\\u%04x", *text);
    else
        fwrite(text, 1, length, record.file);
}

/* `last`: nothing will come behind it. */
static void note(char kind, struct tail *tail, const void *data, size_t n, bool last)
{
    static unsigned char all[RF_MSG_DATA + sizeof(tail->bytes)];
    size_t at = 0, length = tail->count + n;

    memcpy(all, tail->bytes, tail->count);
    if (n)
        memcpy(all + tail->count, data, n);
    tail->count = 0;
    if (!length)
        return;
    event(kind);
    while (at < length) {
        u32 bytes = character(all + at, length - at);

        if (bytes > length - at && !last) {
            tail->count = (u32)(length - at);
            memcpy(tail->bytes, all + at, tail->count);
            break;
        }
        put(all + at, bytes > length - at ? 0 : bytes);
        at += bytes > length - at || !bytes ? 1 : bytes;
    }
    fputs("\"]\n", record.file);
    fflush(record.file);
}

static void note_size(u64 size)
{
    if (!(u32)size || size == record.size)
        return;
    record.size = size;
    if (!record.file)
        return;
    event('r');
    fprintf(record.file, "%ux%u\"]\n", (u32)size, (u32)(size >> 32));
}

static void finish(void)
{
    pthread_mutex_lock(&record.lock);
    note('o', &record.out, NULL, 0, true);
    note('i', &record.in, NULL, 0, true);
    exit(0);
}

static s64 call_through(struct rf_message *m, struct rf_message *reply)
{
    struct rf_message call = *m;
    s64 result;

    call.room = reply->room;
    call.room_size = reply->room_size;
    result = rf_invoke(record.target, m->op, &call);
    memcpy(reply->words, call.words, sizeof(reply->words));
    reply->data_length = call.received;
    pthread_mutex_lock(&record.lock);
    if (m->op == RF_OP_CONSOLE_READ && result > 0)
        note('i', &record.in, reply->room, call.received, false);
    else if (m->op == RF_OP_CONSOLE_WRITE && result > 0)
        note('o', &record.out, m->data, (size_t)result, false);
    else if (m->op == RF_OP_CONSOLE_INFO && result == 0)
        note_size(call.words[2]);
    pthread_mutex_unlock(&record.lock);
    if (m->op == RF_OP_CONSOLE_INFO)
        reply->words[3] &= m->rights;
    return result;
}

static s64 serve_one(void *context, struct rf_message *m, u32 resume, struct rf_message *reply)
{
    (void)context;
    if (resume == 0) /* nobody has it any more */
        finish();
    if ((m->op == RF_OP_CONSOLE_READ && !(m->rights & RF_RIGHT_READ)) ||
        (m->op == RF_OP_CONSOLE_WRITE && !(m->rights & RF_RIGHT_WRITE)))
        return -EACCES;
    if (m->op == RF_OP_CONSOLE_READ || m->op == RF_OP_CONSOLE_WRITE || m->op == RF_OP_CONSOLE_INFO)
        return call_through(m, reply);
    return rf_forward(resume, record.target, m->op, m) < 0 ? -EIO : RF_ANSWERED;
}

static void *serve(void *ignored)
{
    (void)ignored;
    rf_serve(record.endpoint, serve_one, NULL);
    finish();
    return NULL;
}

int main(int argc, char **argv)
{
    s64 target, endpoint, entry;
    pthread_t thread;

    if (argc != 2 || rf_open(NULL) || (target = rf_named("target")) < 0 ||
        (endpoint = rf_endpoint()) < 0 || (entry = rf_mint_told((u32)endpoint, 1)) < 0) {
        fprintf(stderr, "console-record: %s\n",
                argc != 2 ? "into which file?" : "there is nothing to record");
        return 1;
    }
    record.path = argv[1];
    record.target = (u32)target;
    record.endpoint = (u32)endpoint;
    if (rf_offer((u32)entry) < 0)
        return 1;
    rf_drop((u32)entry);
    for (int i = 1; i < THREADS; i++)
        pthread_create(&thread, NULL, serve, NULL);
    serve(NULL);
}
