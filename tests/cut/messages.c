/* SPDX-License-Identifier: Apache-2.0 */
/* usage: messages COUNT
 *
 * Two cells that count each other's messages. The program makes a cell below its own, in which it
 * runs too; then each calls the other COUNT times, while it answers the other's calls. Each message
 * carries the next number, and sometimes data or a capability; each answer says how many came. Says
 * what came where, and ends with 1 if a message was lost, doubled or changed. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/boot.h"
#include "sdk/ringfence.h"

#define SLOT_PEER 30u
#define HELLO     1000u /* caps: the entry of who calls */
#define COUNT     1001u /* w0: number, from 1 on; the answer's words: that number, and its square */
#define DONE      1002u /* w0: how many came to who says so, w1: how much was wrong there */

static u64 count;
static u32 endpoint, sent; /* that is served; whose entries are sent along */

/* What came. One thread serves, so nobody else writes it. */
static struct {
    u64 last, wrong;
    u64 told_last, told_wrong; /* the peer's, when it is done */
    u32 peer;
} seen;

static void data_of(u64 number, u8 *data, u32 length)
{
    for (u32 i = 0; i < length; i++)
        data[i] = (u8)(number + i * 13);
}

static u32 length_of(u64 number)
{
    return number % 5 ? 0 : (u32)(number * 97 % 3000 + 1);
}

static bool is_as_sent(const struct rf_message *message)
{
    u8 wanted[4096];
    u64 number = message->words[0];

    data_of(number, wanted, length_of(number));
    return number == seen.last + 1 && message->data_length == length_of(number) &&
           !memcmp(message->data, wanted, length_of(number)) &&
           message->cap_count == (number % 7 == 0);
}

static s64 note(const struct rf_message *message, struct rf_message *reply)
{
    seen.wrong += !is_as_sent(message);
    seen.last = message->words[0];
    for (u32 i = 0; i < message->cap_count; i++)
        rf_drop(message->caps[i]);
    if (seen.last % 4 == 0)
        usleep(1000); /* so that callers wait at most instants */
    reply->words[0] = seen.last;
    reply->words[1] = seen.last * seen.last;
    return 0;
}

static s64 serve(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    (void)context;
    switch (message->op) {
    case HELLO: seen.peer = message->caps[0]; break;
    case COUNT:
        note(message, reply);
        if (seen.last % 11)
            break;
        rf_reply(resume, 0, reply);
        return RF_ANSWERED;
    case DONE: /* the last that comes */
        seen.told_last = message->words[0];
        seen.told_wrong = message->words[1];
        rf_reply(resume, 0, reply);
        rf_stop_serving(endpoint);
        return RF_ANSWERED;
    default: break;
    }
    return 0;
}

static void *serve_all(void *unused)
{
    (void)unused;
    rf_serve(endpoint, serve, NULL);
    return NULL;
}

/* 0, or what went wrong. */
static s64 call(u32 peer, u64 number)
{
    u8 data[4096];
    struct rf_message message = RF_MESSAGE;
    s64 entry = number % 7 ? 0 : rf_mint(sent, number), r;

    data_of(number, data, length_of(number));
    message.words[0] = number;
    message.data = data;
    message.data_length = length_of(number);
    message.caps[0] = (u32)entry;
    message.cap_count = entry > 0;
    r = entry < 0 ? entry : rf_invoke(peer, COUNT, &message);
    if (entry > 0)
        rf_drop((u32)entry);
    if (r == 0 && (message.words[0] != number || message.words[1] != number * number))
        r = 1;
    return r;
}

/* How many calls were answered otherwise than they must be. */
static u64 call_all(u32 peer)
{
    u64 wrong = 0;

    for (u64 number = 1; number <= count; number++) {
        s64 r = call(peer, number);

        if (r && !wrong++)
            printf("message %lu: %s\n", number, r < 0 ? rf_error_text(r) : "a wrong answer");
    }
    return wrong;
}

static s64 send(u32 slot, u32 op, u64 w0, u64 w1, u32 cap)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = w0;
    message.words[1] = w1;
    message.caps[0] = cap;
    message.cap_count = cap != 0;
    return rf_invoke(slot, op, &message);
}

/* Each serves until it hears that the other will not call again; the child is the last to say so.
 */
static int child(u32 peer)
{
    s64 entry = rf_mint(endpoint, 0);
    pthread_t server;
    u64 wrong;

    if (entry < 0 || send(peer, HELLO, 0, 0, (u32)entry) < 0)
        return 1;
    pthread_create(&server, NULL, serve_all, NULL);
    wrong = call_all(peer);
    pthread_join(server, NULL);
    return send(peer, DONE, seen.last, seen.wrong + wrong, 0) < 0;
}

static u32 describe(const char *program, u8 *record)
{
    static char text[RF_BOOT_SIZE];
    char number[24];
    char *const argv[] = {(char *)(uintptr_t) "/messages", number, NULL};
    char *const env[] = {(char *)(uintptr_t) "RINGFENCE_CAPS=peer=30", NULL};
    struct boot_mount file = {
        .kind = RF_MOUNT_TEXT, .path = "/messages", .text = text, .mode = 0755};
    const struct boot_spec spec = {.argv = argv,
                                   .argc = 2,
                                   .env = env,
                                   .envc = 1,
                                   .mounts = &file,
                                   .mount_count = 1,
                                   .cwd = "/",
                                   .hostname = "peer",
                                   .user_name = "peer"};
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

    snprintf(number, sizeof(number), "%lu", count);
    file.text_length = n > 0 ? (size_t)n : 0;
    return n > 0 ? boot_write(&spec, record) : 0;
}

static s64 create(void)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = RF_SLOT_BANK;
    message.caps[1] = RF_SLOT_METER;
    message.cap_count = 2;
    message.data = "peer";
    message.data_length = 4;
    return rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_CREATE, &message);
}

static s64 load(u32 cell, const u8 *record, u32 length)
{
    s64 r = length ? 0 : -1;

    for (u32 at = 0; r >= 0 && at < length; at += RF_MSG_DATA) {
        struct rf_message message = RF_MESSAGE;

        message.words[0] = at;
        message.data = record + at;
        message.data_length = MIN(length - at, RF_MSG_DATA);
        r = rf_invoke(cell, RF_OP_CELL_LOAD, &message);
    }
    return r;
}

/* The other cell, running this program with an entry to this one. */
static s64 start_peer(const char *program)
{
    static u8 record[RF_BOOT_SIZE] __attribute__((aligned(8)));
    s64 entry = rf_mint(endpoint, 0), cell = create(), r = MIN(entry, cell);

    if (r >= 0)
        r = load((u32)cell, record, describe(program, record));
    if (r >= 0)
        r = send((u32)cell, RF_OP_CELL_GIVE, SLOT_PEER, 0, (u32)entry);
    if (r >= 0)
        r = rf_call((u32)cell, RF_OP_CELL_START, 0, 0, 0, 0);
    return r < 0 ? r : cell;
}

static int parent(const char *program)
{
    s64 cell = start_peer(program), status;
    pthread_t server;
    u64 wrong;

    if (cell < 0) {
        printf("no peer: %s\n", rf_error_text(cell));
        return 1;
    }
    pthread_create(&server, NULL, serve_all, NULL);
    while (!__atomic_load_n(&seen.peer, __ATOMIC_ACQUIRE))
        usleep(1000);
    wrong = call_all(seen.peer);
    if (send(seen.peer, DONE, 0, 0, 0) < 0)
        return 1;
    pthread_join(server, NULL);
    status = rf_call((u32)cell, RF_OP_CELL_WAIT, 0, 0, 0, 0);
    printf("%lu of %lu came here, %lu there; %lu wrong; status %ld\n", seen.last, count,
           seen.told_last, seen.wrong + seen.told_wrong + wrong, status);
    return seen.last != count || seen.told_last != count || status || seen.wrong ||
           seen.told_wrong || wrong;
}

int main(int argc, char **argv)
{
    s64 made = rf_open(NULL) == 0 ? rf_endpoint() : -1, other = made < 0 ? made : rf_endpoint();

    count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    endpoint = (u32)made;
    sent = (u32)other;
    if (!count || other < 0)
        return 2;
    return rf_named("peer") > 0 ? child(SLOT_PEER) : parent(argv[0]);
}
