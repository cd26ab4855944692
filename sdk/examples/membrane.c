/* SPDX-License-Identifier: Apache-2.0 */
/* A membrane: takes any capability and offers the same, and so for every capability that passes
 * through it, in either direction. What comes back through it is what it was.
 *
 *     membrane [--log] [--refuse OPERATION]... [--revoke-after N]
 *
 * It is a wrapper (rf_offer in sdk/ringfence.h). SIGUSR1 revokes all that went through; so does
 * --revoke-after N calls. Operations that give no capability are passed on by the kernel, which
 * answers the caller straight; the others are called from here, and their results wrapped. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/ringfence.h"

#define REFUSED_MOST 32
#define BADGES       65536u

static struct {
    pthread_mutex_t lock;
    u32 endpoint;
    u32 inner[BADGES]; /* slots by badge; 0: free */
    u32 next, threads, idle;
    bool log;
    u32 refused[REFUSED_MOST], refused_count;
    long left; /* calls until all is revoked; -1: never */
} membrane = {.lock = PTHREAD_MUTEX_INITIALIZER, .next = 1, .left = -1};

/* How operations are dealt with: by what the declarations say they give. */
static const char *result_of(u32 op)
{
    switch (op) {
#define OP(interface, name, number, rights, in, out, ...)                                          \
    case number: return out;
        RF_OPERATIONS(OP)
#undef OP
    default: return NULL;
    }
}

static u32 operation_named(const char *name)
{
    for (u32 op = 1; op < RF_OP_LIMIT; op++) {
        if (strcmp(rf_op_name(op), name) == 0)
            return op;
    }
    fprintf(stderr, "membrane: no operation has the name %s\n", name);
    exit(1);
}

/* The entry that stands for `inner`, which belongs to the membrane from now on. */
static s64 wrap(u32 inner)
{
    u32 badge;
    s64 entry;

    pthread_mutex_lock(&membrane.lock);
    for (u32 tries = 0; tries < BADGES && membrane.inner[membrane.next % BADGES]; tries++)
        membrane.next++;
    badge = membrane.next++ % BADGES;
    if (badge == 0)
        badge = membrane.next++ % BADGES;
    membrane.inner[badge] = inner;
    pthread_mutex_unlock(&membrane.lock);
    entry = rf_mint_told(membrane.endpoint, badge);
    if (entry < 0) {
        membrane.inner[badge] = 0;
        rf_drop(inner);
    }
    return entry;
}

static u32 inner_of(u64 badge)
{
    return badge < BADGES ? __atomic_load_n(&membrane.inner[badge], __ATOMIC_ACQUIRE) : 0;
}

/* Turns capabilities that pass: our own are unwrapped, others wrapped. Those that came are used up;
 * `passed` says which of the new ones must be dropped when they were sent. */
static s64 pass(u32 *caps, u32 count, bool passed[RF_MSG_CAPS])
{
    for (u32 i = 0; i < count; i++) {
        u64 badge = 0;
        s64 entry;

        passed[i] = rf_identify(membrane.endpoint, caps[i], &badge) != 1;
        entry = passed[i] ? wrap(caps[i]) : (s64)inner_of(badge);
        if (!passed[i])
            rf_drop(caps[i]);
        if (entry < 0)
            return entry;
        caps[i] = (u32)entry;
    }
    return 0;
}

static void drop_passed(const u32 *caps, u32 count, const bool passed[RF_MSG_CAPS])
{
    for (u32 i = 0; i < count; i++) {
        if (passed[i])
            rf_drop(caps[i]);
    }
}

static void revoke_all(void)
{
    rf_call(membrane.endpoint, RF_OP_ENDPOINT_REVOKE, 0, 1, 0, 0);
}

static bool is_refused(u32 op)
{
    for (u32 i = 0; i < membrane.refused_count; i++) {
        if (membrane.refused[i] == op)
            return true;
    }
    return false;
}

static void note(const struct rf_message *m, const char *what)
{
    if (membrane.log)
        fprintf(stderr, "membrane: %s(%lu)%s\n", rf_op_name(m->op), m->badge, what);
}

/* The caller's capability may have fewer rights than the one that stands behind it. */
static u32 with_rights(u32 inner, u32 rights)
{
    const u32 all = RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC;
    s64 copy = (rights & all) == all ? (s64)inner : rf_copy(inner, rights);

    return copy < 0 ? 0 : (u32)copy;
}

/* Calls from here, and wraps what comes. */
static s64 call_through(u32 inner, struct rf_message *m, struct rf_message *reply)
{
    struct rf_message call = *m;
    bool passed[RF_MSG_CAPS];
    s64 result;

    if (m->op == RF_OP_DIR_OPEN)
        call.words[3] = 0; /* a slot of the caller's */
    call.room = reply->room;
    call.room_size = reply->room_size;
    result = rf_invoke(inner, m->op, &call);
    memcpy(reply->words, call.words, sizeof(reply->words));
    reply->data_length = call.received;
    if (result < 0)
        return result;
    if (!call.cap_count && result > 0 && strncmp(result_of(m->op) ?: "", "slot", 4) == 0) {
        call.caps[0] = (u32)result;
        call.cap_count = 1;
    }
    for (u32 i = 0; i < call.cap_count; i++) {
        s64 error = pass(&call.caps[i], 1, &passed[i]);

        if (error < 0)
            return error;
        if (!passed[i]) /* one of theirs goes home: the reply drops a copy of it */
            call.caps[i] = (u32)rf_copy(call.caps[i], ~0u);
    }
    memcpy(reply->caps, call.caps, sizeof(reply->caps));
    reply->cap_count = call.cap_count;
    reply->give = true;
    return result;
}

static void more_threads(void);

static s64 pass_on(u32 inner, struct rf_message *m, u32 resume, struct rf_message *reply)
{
    const char *gives = result_of(m->op);

    if (gives && strncmp(gives, "slot", 4) != 0 && m->cap_count < RF_MSG_CAPS)
        return rf_forward(resume, inner, m->op, m) < 0 ? -EIO : RF_ANSWERED;
    /* This may take long: somebody else has to receive meanwhile. */
    pthread_mutex_lock(&membrane.lock);
    membrane.idle--;
    pthread_mutex_unlock(&membrane.lock);
    more_threads();
    s64 result = call_through(inner, m, reply);
    pthread_mutex_lock(&membrane.lock);
    membrane.idle++;
    pthread_mutex_unlock(&membrane.lock);
    return result;
}

static s64 serve_one(void *context, struct rf_message *m, u32 resume, struct rf_message *reply)
{
    u32 inner = inner_of(m->badge), used;
    bool passed[RF_MSG_CAPS] = {false};
    s64 result;

    (void)context;
    if (resume == 0) { /* nobody has that entry any more */
        membrane.inner[m->badge] = 0;
        rf_drop(inner);
        return 0;
    }
    if (is_refused(m->op)) {
        note(m, ": refused");
        return -EACCES;
    }
    note(m, "");
    if (membrane.left >= 0 && __atomic_fetch_sub(&membrane.left, 1, __ATOMIC_RELAXED) <= 0) {
        revoke_all();
        return -ESTALE;
    }
    used = with_rights(inner, m->rights);
    if (!used)
        return -ESTALE;
    result = pass(m->caps, m->cap_count, passed);
    if (result == 0)
        result = pass_on(used, m, resume, reply);
    drop_passed(m->caps, m->cap_count, passed);
    if (used != inner)
        rf_drop(used);
    return result;
}

static void *serve(void *ignored)
{
    (void)ignored;
    exit(rf_serve(membrane.endpoint, serve_one, NULL) ? 1 : 0);
}

static void more_threads(void)
{
    pthread_t thread;

    pthread_mutex_lock(&membrane.lock);
    if (membrane.idle == 0 && pthread_create(&thread, NULL, serve, NULL) == 0)
        membrane.idle++;
    pthread_mutex_unlock(&membrane.lock);
}

static void *wait_for_revocation(void *signals)
{
    int signo;

    while (sigwait(signals, &signo) == 0)
        revoke_all();
    return NULL;
}

static void parse(char **argv)
{
    for (int i = 1; argv[i]; i++) {
        if (strcmp(argv[i], "--log") == 0)
            membrane.log = true;
        else if (strcmp(argv[i], "--refuse") == 0 && argv[i + 1] &&
                 membrane.refused_count < REFUSED_MOST)
            membrane.refused[membrane.refused_count++] = operation_named(argv[++i]);
        else if (strcmp(argv[i], "--revoke-after") == 0 && argv[i + 1])
            membrane.left = strtol(argv[++i], NULL, 10);
        else {
            fprintf(stderr, "usage: membrane [--log] [--refuse OPERATION] [--revoke-after N]\n");
            exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    static sigset_t signals;
    s64 target, endpoint, entry;
    pthread_t thread;

    (void)argc;
    parse(argv);
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (rf_open(NULL) || (target = rf_named("target")) < 0 || (endpoint = rf_endpoint()) < 0) {
        fprintf(stderr, "membrane: there is nothing to wrap\n");
        return 1;
    }
    membrane.endpoint = (u32)endpoint;
    entry = wrap((u32)target);
    if (entry < 0 || rf_offer((u32)entry) < 0)
        return 1;
    rf_drop((u32)entry);
    pthread_create(&thread, NULL, wait_for_revocation, &signals);
    membrane.idle = 1;
    serve(NULL);
}
