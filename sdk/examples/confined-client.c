/* SPDX-License-Identifier: Apache-2.0 */
/* A client that gives secrets to a service which it does not trust, once the kernel says that the
 * service can tell nobody.
 *
 *     confined-client SERVICE NUMBER...      has card numbers checked
 *     confined-client --smuggle SERVICE      the builder tries to put in one of everything; a line
 *                                            for each, and status 1 if one is misjudged
 *
 * SERVICE is the program, confined-service. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "sdk/examples/confined/builder.h"
#include "sdk/examples/confined/work.h"
#include "sdk/ringfence.h"

static s64 ask(u32 slot, u32 op, u32 cap)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = cap;
    message.cap_count = 1;
    return rf_invoke(slot, op, &message);
}

/* ---- is it safe? ---- */

/* The kernel's word, on a constructor of the kernel's: a program could only pretend to be one. */
static bool can_be_trusted(u32 constructor)
{
    return ask(RF_SLOT_DISCRIM, RF_OP_DISCRIM_CLASSIFY, constructor) == RF_KIND_CONSTRUCTOR &&
           rf_call(constructor, RF_OP_CONSTRUCTOR_DISCREET, 0, 0, 0, 0) == 1;
}

static void say_why_not(u32 constructor)
{
    struct rf_cap_info holes[8];
    struct rf_message message = RF_MESSAGE;
    s64 n;

    message.room = holes;
    message.room_size = sizeof(holes);
    n = rf_invoke(constructor, RF_OP_CONSTRUCTOR_HOLES, &message);
    for (s64 i = 0; i < n / (s64)sizeof(holes[0]); i++)
        printf("slot %u of the service holds a way out: a %s\n", holes[i].slot,
               rf_kind_name(holes[i].kind));
}

/* ---- giving it the numbers ---- */

struct work {
    char **numbers; /* that are left; NULL ends them */
    u32 endpoint, valid, answered;
    bool quiet;
};

static s64 serve(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    struct work *work = context;

    (void)resume;
    if (message->op == WORK_NEXT && *work->numbers) {
        reply->data_length = (u32)MIN(strlen(*work->numbers), 64);
        memcpy(reply->room, *work->numbers, reply->data_length);
        return reply->data_length;
    }
    if (message->op == WORK_ANSWER && *work->numbers) {
        if (!work->quiet)
            printf("%s: %s\n", *work->numbers, message->words[0] ? "valid" : "not valid");
        work->valid += message->words[0] == 1;
        work->answered++;
        work->numbers++;
    }
    return message->op == WORK_NEXT || message->op == WORK_ANSWER ? 0 : -EINVAL;
}

struct end {
    u32 cell, endpoint;
};

static void *wait_for_end(void *context)
{
    const struct end *end = context;

    while (rf_call(end->cell, RF_OP_CELL_WAIT, 0, 0, 0, 0) == -EINTR)
        ;
    rf_stop_serving(end->endpoint);
    return NULL;
}

/* What it uses is taken from a bank of its own: figures of ours tell nobody what it does. */
static s64 own_bank(void)
{
    struct rf_bank_limits limits = {0};
    struct rf_message message = RF_MESSAGE;

    for (u32 i = 0; i < RF_RESOURCES; i++)
        limits.most[i] = RF_NO_LIMIT;
    message.data = &limits;
    message.data_length = sizeof(limits);
    return rf_invoke(RF_SLOT_BANK, RF_OP_BANK_SPLIT, &message);
}

static s64 yield(u32 constructor, u32 bank)
{
    struct rf_message message = RF_MESSAGE;

    message.data = "service";
    message.data_length = 7;
    message.caps[0] = RF_SLOT_PLACE;
    message.caps[1] = bank;
    message.caps[2] = RF_SLOT_METER;
    message.cap_count = 3;
    return rf_invoke(constructor, RF_OP_CONSTRUCTOR_YIELD, &message);
}

static s64 give(u32 cell, u32 slot, u32 cap)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = slot;
    message.caps[0] = cap;
    message.cap_count = 1;
    return rf_invoke(cell, RF_OP_CELL_GIVE, &message);
}

/* Has an instance do the work: 0, or -errno. */
static s64 employ(u32 constructor, struct work *work)
{
    s64 bank = own_bank(), cell = bank < 0 ? bank : yield(constructor, (u32)bank), r;
    s64 endpoint = rf_endpoint(), entry = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0);
    struct end end = {(u32)cell, (u32)endpoint};
    pthread_t thread;

    if (cell < 0 || entry < 0)
        return cell < 0 ? cell : entry;
    if (ask(constructor, RF_OP_CONSTRUCTOR_VERIFY, (u32)cell) != 1)
        return -EPERM;
    r = give((u32)cell, SLOT_WORK, (u32)entry);
    if (r == 0)
        r = rf_call((u32)cell, RF_OP_CELL_START, 0, 0, 0, 0);
    if (r < 0)
        return r;
    pthread_create(&thread, NULL, wait_for_end, &end);
    rf_serve((u32)endpoint, serve, work);
    pthread_join(thread, NULL);
    rf_call((u32)bank, RF_OP_BANK_DESTROY, 0, 0, 0, 0);
    rf_drop((u32)bank);
    rf_drop((u32)cell);
    rf_drop((u32)entry);
    return 0;
}

/* ---- the attempts ---- */

static s64 pretend(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    (void)context;
    (void)resume;
    (void)reply;
    return message->op == RF_OP_KIND ? RF_KIND_CONSTRUCTOR : 1;
}

static void *serve_pretender(void *endpoint)
{
    rf_serve((u32)(uintptr_t)endpoint, pretend, NULL);
    return NULL;
}

/* What answers as a discreet constructor would, and is a program. */
static bool pretender_is_recognised(void)
{
    s64 endpoint = rf_endpoint(), entry = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0);
    pthread_t thread;
    bool trusted;

    if (entry < 0 ||
        pthread_create(&thread, NULL, serve_pretender, (void *)(uintptr_t)endpoint) != 0)
        return false;
    trusted = can_be_trusted((u32)entry);
    rf_stop_serving((u32)endpoint);
    pthread_join(thread, NULL);
    printf("entry: what only pretends to be a constructor: %s\n",
           trusted ? "MISJUDGED" : "recognised");
    return !trusted;
}

static bool works(u32 constructor)
{
    char good[] = "4539578763621486", bad[] = "4539578763621487";
    char *numbers[] = {good, bad, NULL};
    struct work work = {.numbers = numbers, .quiet = true};

    return employ(constructor, &work) == 0 && work.answered == 2 && work.valid == 1;
}

/* Installs it and asks: whether the answer is right, and what is accepted works. */
static bool try(const char *service, const char *what, s64 slot, bool discreet)
{
    s64 kind = slot < 0 ? slot : ask(RF_SLOT_DISCRIM, RF_OP_DISCRIM_CLASSIFY, (u32)slot);
    s64 constructor;
    const char *verdict;
    bool right;

    if (kind <= 0) {
        printf("-: %s: cannot be had here\n", what);
        return true;
    }
    constructor = builder_make(service, (u32)slot);
    if (constructor < 0) {
        printf("%s: %s: %s\n", rf_kind_name((u32)kind), what, rf_error_text(constructor));
        return false;
    }
    right = can_be_trusted((u32)constructor) == discreet;
    verdict = !right ? "MISJUDGED" : discreet ? "accepted" : "recognised";
    if (right && discreet && !works((u32)constructor)) {
        right = false;
        verdict = "accepted, and DOES NOT WORK";
    }
    printf("%s: %s: %s\n", rf_kind_name((u32)kind), what, verdict);
    rf_drop((u32)constructor);
    return right;
}

static int try_all(const char *service)
{
    bool right = pretender_is_recognised(), discreet = false;
    const char *what;
    s64 slot = 0;

    for (u32 n = 0; (what = smuggle(n, &slot, &discreet)); n++)
        right = try(service, what, slot, discreet) && right;
    return !right;
}

int main(int argc, char **argv)
{
    struct work work = {.numbers = argv + 2};
    s64 constructor, r;

    if (argc < 3 || rf_open(NULL) < 0) {
        fprintf(stderr, "usage: confined-client SERVICE NUMBER... | --smuggle SERVICE\n");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(argv[1], "--smuggle") == 0)
        return try_all(argv[2]);
    constructor = builder_make(argv[1], 0);
    if (constructor >= 0 && !can_be_trusted((u32)constructor)) {
        say_why_not((u32)constructor);
        return 2;
    }
    r = constructor < 0 ? constructor : employ((u32)constructor, &work);
    if (r < 0)
        fprintf(stderr, "confined-client: %s\n", rf_error_text(r));
    return r < 0 || *work.numbers;
}
